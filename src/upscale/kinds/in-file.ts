/**
 * A model in an ONNX file of somebody's: pictures go through it tile by tile, in the form that its
 * configuration states.
 */
import { channelsOf, fromFile, toFile } from "../../checkpoints/onnx-file/index.js";
import type { OnnxFileConfig } from "../../networks/index.js";
import type { TileSize } from "../tile-inputs.js";
import type { ModelKind } from "./kind.js";

/** What a network takes for a tile is not known, so it is no large one. */
const TILE = 128;

/**
 * Makes a kind of a model that is an ONNX file.
 * @param part the name of its file in the description
 */
export function inFileKind(part: string, config: OnnxFileConfig): ModelKind {
  const { input, output, scale, multiple, overlap, height, width } = config;
  const size = height !== undefined && width !== undefined ? { height, width } : undefined;
  const tile = size ? Math.min(size.height, size.width) : Math.ceil(TILE / multiple) * multiple;
  const channels = channelsOf(input);
  return {
    scale,
    multiple,
    size,
    tile,
    overlap: Math.min(overlap, tile >> 1),
    keptBytes: 0,
    onePass: [],
    graphs: [],
    async enlarge({ paint, runFile }) {
      const largeOf = async (planes: Float32Array, small: TileSize) => {
        const made = await runFile(part, { [input.name]: toFile(planes, small, input) });
        const large = { height: scale * small.height, width: scale * small.width };
        return fromFile(made[output.name], large, output);
      };
      await paint(async ({ tile: small, lq }) => {
        const planes = lq().map((value) => (value + 1) / 2);
        const plane = planes.length / 3;
        const large = new Float32Array(planes.length * scale * scale);
        // A network of grey pictures takes the colours one by one.
        for (let c = 0; c < 3; c += channels) {
          const made = await largeOf(planes.subarray(c * plane, (c + channels) * plane), small);
          large.set(made, c * plane * scale * scale);
        }
        return large.map((value) => 2 * Math.min(1, Math.max(0, value)) - 1);
      });
    },
  };
}
