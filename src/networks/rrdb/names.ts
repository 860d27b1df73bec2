/** The names of the same convolutions in the three spellings. */
import type { RrdbConfig } from "./config.js";

export interface Names {
  readonly first: string;
  /** The name of a convolution by its block, its dense block and its number there, each counted from 0. */
  readonly dense: (block: number, dense: number, convolution: number) => string;
  readonly body: string;
  readonly doublings: readonly string[];
  readonly hr: string;
  readonly last: string;
}

type Sizes = Pick<RrdbConfig, "blocks" | "doublings">;

export const NAMES: Readonly<Record<RrdbConfig["spelling"], (sizes: Sizes) => Names>> = {
  new: ({ doublings }) => ({
    first: "conv_first",
    dense: (block, dense, k) => `body.${block}.rdb${dense + 1}.conv${k + 1}`,
    body: "conv_body",
    doublings: counted(doublings, (i) => `conv_up${i + 1}`),
    hr: "conv_hr",
    last: "conv_last",
  }),
  trunk: ({ doublings }) => ({
    first: "conv_first",
    dense: (block, dense, k) => `RRDB_trunk.${block}.RDB${dense + 1}.conv${k + 1}`,
    body: "trunk_conv",
    doublings: counted(doublings, (i) => `upconv${i + 1}`),
    hr: "HRconv",
    last: "conv_last",
  }),
  // Numbers of layers, those without tensors (enlargements, activations) counted too.
  old: ({ blocks, doublings }) => ({
    first: "model.0",
    dense: (block, dense, k) => `model.1.sub.${block}.RDB${dense + 1}.conv${k + 1}.0`,
    body: `model.1.sub.${blocks}`,
    doublings: counted(doublings, (i) => `model.${3 + 3 * i}`),
    hr: `model.${2 + 3 * doublings}`,
    last: `model.${4 + 3 * doublings}`,
  }),
};

function counted(count: number, name: (i: number) => string): string[] {
  return Array.from({ length: count }, (_, i) => name(i));
}
