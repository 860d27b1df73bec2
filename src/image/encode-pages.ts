/** Files of several pages or frames: TIFF's pages, and the frames of GIF, WebP and PNG. */
import { checkArgument, checkOptions } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { carry } from "./carry.js";
import { join } from "./containers/bytes.js";
import { numbers, pngChunk, pngChunks, pngHead } from "./containers/png.js";
import { memoryStore } from "./containers/store.js";
import { appendTiff } from "./containers/tiff.js";
import type { Animation } from "./decode.js";
import { encode, encoder } from "./encode.js";
import { checkFormat, ENCODE_OPTIONS, type EncodeOptions } from "./encoding.js";
import type { OutputFormat } from "./formats.js";
import type { Raster } from "./raster.js";
import { bitDepth, createRaster } from "./raster.js";
import { plainBytes } from "./sharp-raster.js";

/**
 * Tells whether a file of this format can hold several pages, or several frames of an animation.
 * @throws SamsrError for what is no format to write
 */
export function holdsPages(format: OutputFormat, animated: boolean): boolean {
  checkFormat(format);
  return animated ? format === "gif" || format === "webp" || format === "png" : format === "tiff";
}

/** More than this cannot be handed to an encoder that wants all frames at once. */
const mostFrameBytes = 4e9;

/**
 * Encodes several pages, or the frames of an animation, as the bytes of one file.
 *
 * @param pages in order; those of an animation all of one size, number of channels and depth
 * @param options.animation how the frames follow each other; pages without one are those of a document
 * @throws SamsrError for a format that holds no pages (see {@link holdsPages}), or more than it holds; what
 *   `pages` throws
 */
export async function encodePages(
  pages: AsyncIterable<Raster>,
  options: EncodeOptions & { readonly animation?: Animation },
): Promise<Uint8Array> {
  const expected = "pages that are iterated asynchronously, such as those of a generator";
  const iterable = typeof pages?.[Symbol.asyncIterator] === "function";
  checkArgument("encodePages: pages", pages, iterable, expected);
  checkOptions("encodePages", options, { ...ENCODE_OPTIONS, animation: "object" });
  const { format, animation } = options;
  if (!holdsPages(format, animation !== undefined)) {
    throw new SamsrError(`${format.toUpperCase()} holds no ${animation ? "animations" : "pages"}.`);
  }
  if (animation === undefined) return tiffPages(pages, options);
  return format === "png" ? pngFrames(pages, options, animation) : strip(pages, options, animation);
}

async function tiffPages(pages: AsyncIterable<Raster>, options: EncodeOptions): Promise<Uint8Array> {
  let store: ReturnType<typeof memoryStore> | undefined;
  const { icc, cicp, gamma, chromaticities, density, densityDown } = options.metadata ?? {};
  const ofAll = { icc, cicp, gamma, chromaticities, density, densityDown };
  for await (const page of pages) {
    if (store === undefined) store = memoryStore(await encode(page, options));
    else await appendTiff(store, await encode(page, { ...options, metadata: ofAll }));
  }
  return store?.bytes() ?? new Uint8Array();
}

/** Puts all frames one below the other into one raster, as the encoders of GIF and WebP take them. */
async function strip(
  pages: AsyncIterable<Raster>,
  options: EncodeOptions,
  animation: Animation,
): Promise<Uint8Array> {
  let all: Raster | undefined;
  let frame = 0;
  let frameHeight = 0;
  for await (const page of pages) {
    const { width, height, channels } = page;
    const count = animation.delays.length;
    if (all === undefined) {
      if (page.data.byteLength * count > mostFrameBytes) {
        throw new SamsrError(
          `${count} frames of ${width} x ${height} pixels are too many for ` +
            `${options.format.toUpperCase()}; ` +
            "choose PNG, or a smaller scale.",
        );
      }
      all = createRaster(width, height * count, channels, bitDepth(page));
      frameHeight = height;
    }
    all.data.set(page.data, frame++ * page.data.length);
  }
  const { image, finish } = await encoder(all!, options, { ...animation, frameHeight });
  const store = memoryStore(plainBytes(await image.toBuffer()));
  await finish(store);
  return store.bytes();
}

/** Encodes each frame as a PNG, whose pixel data then becomes a frame of the first (see `apng.ts`). */
async function pngFrames(
  pages: AsyncIterable<Raster>,
  options: EncodeOptions,
  { delays, loops }: Animation,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let sequence = 0;
  let frame = 0;
  for await (const page of pages) {
    const file = await encode(page, { format: "png" });
    if (frame === 0) {
      const { metadata = {}, density } = options;
      const carried = carry(metadata, { ...page, greyscale: page.channels < 3 }, "png", density);
      parts.push(pngHead(file, { ...carried, motion: { frames: delays.length, loops } }).head);
    }
    const size = numbers([sequence++, page.width, page.height, 0, 0]);
    const delay = Math.min(65535, delays[frame] ?? 100);
    const end = Uint8Array.of(delay >> 8, delay & 255, 1000 >> 8, 1000 & 255, 0, 0);
    parts.push(pngChunk("fcTL", join(size, end)));
    for (const { type, data } of pngChunks(file)) {
      if (type !== "IDAT") continue;
      parts.push(frame === 0 ? pngChunk("IDAT", data) : pngChunk("fdAT", join(numbers([sequence++]), data)));
    }
    frame++;
  }
  return join(...parts, pngChunk("IEND", new Uint8Array(0)));
}
