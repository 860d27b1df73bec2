/**
 * Animated PNG (PNG specification, third edition, section 11.3.6): frames are parts of pictures, each shown
 * over or instead of what was there. The decoder knows still pictures only, so each frame becomes one for it,
 * and is laid on the canvas here.
 */
import { join, viewOf } from "./containers/bytes.js";
import { type Chunk, pngChunk, pngChunks, pngSignature } from "./containers/png.js";
import { openSharp } from "./pixels.js";
import { createRaster, type Raster } from "./raster.js";
import { readRaster } from "./sharp-raster.js";

interface Apng {
  readonly frames: readonly Raster[];
  /** Milliseconds that each frame is shown. */
  readonly delays: readonly number[];
  /** How often all frames are shown; 0 for ever. */
  readonly loops: number;
}

interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly delay: number;
  /** What becomes of the frame's place after it was shown: 0 it stays, 1 it is cleared, 2 it is as before. */
  readonly dispose: number;
  /** Whether the frame is laid over what is there (by its alpha) or put in its place. */
  readonly over: boolean;
  readonly data: Uint8Array[];
}

/**
 * Decodes all frames of an animated PNG, composed: RGBA of the picture's size and depth. @throws what the
 * decoder throws
 */
export async function decodeApng(bytes: Uint8Array, signal?: AbortSignal): Promise<Apng> {
  const { header, shared, frames, loops } = readFrames(bytes);
  const deep = header[8] === 16;
  const { width, height } = { width: viewOf(header).getUint32(0), height: viewOf(header).getUint32(4) };
  const canvas = createRaster(width, height, 4, deep ? 16 : 8);
  const composed: Raster[] = [];
  for (const frame of frames) {
    signal?.throwIfAborted();
    if (frame.x + frame.width > width || frame.y + frame.height > height) {
      throw new Error("a frame lies outside the picture");
    }
    const part = await decodeFrame(frame, header, shared, deep);
    const before = frame.dispose === 2 ? canvas.data.slice() : undefined;
    lay(canvas, part, frame);
    composed.push({ ...canvas, data: canvas.data.slice() });
    if (before) canvas.data.set(before);
    else if (frame.dispose === 1) clear(canvas, frame);
  }
  return { frames: composed, delays: frames.map(({ delay }) => delay), loops };
}

function readFrames(bytes: Uint8Array) {
  let header = new Uint8Array(13);
  let loops = 0;
  const shared: Chunk[] = [];
  const frames: Frame[] = [];
  for (const chunk of pngChunks(bytes)) {
    const { type, data } = chunk;
    const view = viewOf(data);
    if (type === "IHDR") header = data.slice();
    else if (type === "acTL") loops = view.getUint32(4);
    else if (type === "PLTE" || type === "tRNS") shared.push(chunk);
    else if (type === "fcTL") frames.push(frameOf(view));
    // The first picture is a frame only where frame control comes before it.
    else if (type === "IDAT") frames.at(-1)?.data.push(data);
    else if (type === "fdAT") frames.at(-1)?.data.push(data.subarray(4));
  }
  if (frames.length === 0) throw new Error("an animation without frames");
  return { header, shared, frames, loops };
}

function frameOf(view: DataView): Frame {
  const [numerator, denominator] = [view.getUint16(20), view.getUint16(22) || 100];
  const dispose = view.getUint8(24);
  return {
    width: view.getUint32(4),
    height: view.getUint32(8),
    x: view.getUint32(12),
    y: view.getUint32(16),
    delay: Math.round((1000 * numerator) / denominator),
    dispose,
    over: view.getUint8(25) === 1,
    data: [],
  };
}

async function decodeFrame(
  frame: Frame,
  header: Uint8Array,
  shared: readonly Chunk[],
  deep: boolean,
): Promise<Raster> {
  const own = header.slice();
  viewOf(own).setUint32(0, frame.width);
  viewOf(own).setUint32(4, frame.height);
  const still = join(
    pngSignature,
    pngChunk("IHDR", own),
    ...shared.map(({ type, data }) => pngChunk(type, data)),
    pngChunk("IDAT", join(...frame.data)),
    pngChunk("IEND", new Uint8Array(0)),
  );
  const image = openSharp(still, { ignoreIcc: true }).ensureAlpha();
  return readRaster(image, { grey: false, alpha: true, bits: deep ? 16 : 8 });
}

function lay(canvas: Raster, part: Raster, { x, y, over }: Frame): void {
  const most = canvas.data instanceof Uint16Array ? 65535 : 255;
  for (let row = 0; row < part.height; row++) {
    const from = row * part.width * 4;
    const to = ((y + row) * canvas.width + x) * 4;
    if (!over) {
      canvas.data.set(part.data.subarray(from, from + part.width * 4), to);
      continue;
    }
    for (let i = 0; i < part.width * 4; i += 4) {
      const [above, below] = [part.data[from + i + 3]! / most, canvas.data[to + i + 3]! / most];
      const alpha = above + below * (1 - above);
      for (let c = 0; c < 3; c++) {
        const mixed = above * part.data[from + i + c]! + below * (1 - above) * canvas.data[to + i + c]!;
        canvas.data[to + i + c] = alpha > 0 ? mixed / alpha + 0.5 : 0;
      }
      canvas.data[to + i + 3] = most * alpha + 0.5;
    }
  }
}

function clear({ data, width: across }: Raster, { x, y, width, height }: Frame): void {
  for (let row = y; row < y + height; row++)
    data.fill(0, (row * across + x) * 4, (row * across + x + width) * 4);
}
