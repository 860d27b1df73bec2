import type { Shape } from "../../onnx/index.js";
import { countOf, majority, type Shapes, sides } from "../shapes.js";
import { CONVOLUTIONS, DENSE_BLOCKS, type RrdbConfig } from "./config.js";

/** More blocks than any network has. */
const MOST_BLOCKS = 200;

/** Names of a spelling that sizes are read off. */
interface Spelled {
  readonly spelling: RrdbConfig["spelling"];
  readonly first: string;
  /** The first of a dense block's convolutions, and the number of its block. */
  readonly dense: RegExp;
  readonly doublings: (shapes: Shapes) => number;
}

const SPELLED: readonly Spelled[] = [
  {
    spelling: "new",
    first: "conv_first",
    dense: /^body\.(\d+)\.rdb[123]\.conv1\.weight$/,
    // Real-ESRGAN's code makes both, for every scale.
    doublings: () => 2,
  },
  {
    spelling: "trunk",
    first: "conv_first",
    dense: /^RRDB_trunk\.(\d+)\.RDB[123]\.conv1\.weight$/,
    doublings: (shapes) => [1, 2].filter((i) => shapes.has(`upconv${i}.weight`)).at(-1) ?? 0,
  },
  {
    spelling: "old",
    first: "model.0",
    dense: /^model\.1\.sub\.(\d+)\.RDB[123]\.conv1\.0\.weight$/,
    doublings: (shapes) => Math.max(0, Math.ceil((countOf(shapes, /^model\.(\d+)\./, 100) - 5) / 3)),
  },
];

/** The ways to read it off names and shapes, one for each spelling. */
export const readers = SPELLED.map(
  ({ spelling, first, dense, doublings }) =>
    (shapes: Shapes): { readonly config: RrdbConfig } | undefined => {
      const blocks = countOf(shapes, dense, MOST_BLOCKS);
      const growth = majority(sides(shapes, dense, 0));
      const features = majority(sides(shapes, dense, 1));
      if (blocks === 0 || growth === undefined || features === undefined) return undefined;
      const unshuffle = unshuffleOf(shapes.get(`${first}.weight`)?.[1]);
      return { config: { spelling, features, growth, blocks, unshuffle, doublings: doublings(shapes) } };
    },
);

/** Reads by how much the picture is unshuffled, from the channels that the first convolution sees. */
function unshuffleOf(channels: number | undefined): number {
  const side = Math.sqrt((channels ?? 3) / 3);
  return Number.isInteger(side) && side >= 1 && side <= 8 ? side : 1;
}

/**
 * Reads it off the shapes of its parameters in the order of computation, for files that keep no names.
 * @returns undefined where their number or shapes are no RRDB network's
 */
export function readInOrder(shapes: readonly Shape[]): RrdbConfig | undefined {
  const kernels = shapes.filter((shape) => shape.length === 4);
  // First, body, hr and last.
  const rest = kernels.length - 4;
  const [blocks, doublings] = [
    Math.floor(rest / (DENSE_BLOCKS * CONVOLUTIONS)),
    rest % (DENSE_BLOCKS * CONVOLUTIONS),
  ];
  if (!(blocks >= 1 && blocks <= MOST_BLOCKS && doublings <= 4)) return undefined;
  const [[features, channels], [growth]] = kernels;
  // Real-ESRGAN's names have two enlargements, the oldest any number.
  const spelling = doublings === 2 ? "new" : "old";
  return { spelling, features, growth, blocks, unshuffle: unshuffleOf(channels), doublings };
}
