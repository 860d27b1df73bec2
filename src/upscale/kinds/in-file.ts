/**
 * A model in an ONNX file of somebody's: pictures go through it tile by tile, in the form that its
 * configuration states.
 */
import { channelsOf, fromFile, toFile } from "../../checkpoints/onnx-file/index.js";
import { reflections } from "../../image/raster.js";
import type { OnnxFileConfig } from "../../networks/index.js";
import type { TileSize } from "../tile-inputs.js";
import type { ModelKind } from "./kind.js";

/** What a network takes for a tile is not known, so it is no large one. */
const TILE = 128;

/** @param part the name of its file in the description */
export function inFileKind(part: string, config: OnnxFileConfig): ModelKind {
  const { input, output, scale, overlap, height, width } = config;
  // Of a file that takes one size only, tiles are squares, and what is more than a square is filled.
  const taken = height !== undefined && width !== undefined ? { height, width } : undefined;
  const multiple = taken ? Math.min(taken.height, taken.width) : config.multiple;
  const tile = taken ? multiple : Math.ceil(TILE / multiple) * multiple;
  const channels = channelsOf(input);
  return {
    scale,
    multiple,
    tile,
    overlap: Math.min(overlap, tile >> 1),
    cache: { sizes: 1, pixels: 0 },
    onePass: [],
    async enlarge({ paint, runFile }) {
      const largeOf = async (planes: Float32Array, size: TileSize) => {
        const whole = taken ?? size;
        const filled = resized(planes, size, whole, channels);
        const made = await runFile(part, { [input.name]: toFile(filled, whole, input) });
        const large = { height: scale * whole.height, width: scale * whole.width };
        const due = { height: scale * size.height, width: scale * size.width };
        return resized(fromFile(made[output.name], large, output), large, due, channels);
      };
      await paint(async ({ tile: size, lq }) => {
        const planes = lq().map((value) => (value + 1) / 2);
        const plane = planes.length / 3;
        const large = new Float32Array(planes.length * scale * scale);
        // A network of grey pictures takes the colours one by one.
        for (let c = 0; c < 3; c += channels) {
          const made = await largeOf(planes.subarray(c * plane, (c + channels) * plane), size);
          large.set(made, c * plane * scale * scale);
        }
        return large.map((value) => 2 * Math.min(1, Math.max(0, value)) - 1);
      });
    },
  };
}

/** The top left part of planes, or planes filled up by reflection. */
function resized(planes: Float32Array, from: TileSize, to: TileSize, channels: number): Float32Array {
  if (from.width === to.width && from.height === to.height) return planes;
  const columns = reflections(0, to.width, from.width);
  const rows = reflections(0, to.height, from.height);
  const out = new Float32Array(channels * to.width * to.height);
  let at = 0;
  for (let c = 0; c < channels; c++) {
    for (const row of rows) {
      for (const column of columns) out[at++] = planes[(c * from.height + row) * from.width + column];
    }
  }
  return out;
}
