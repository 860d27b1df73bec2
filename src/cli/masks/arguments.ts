import type { Device } from "../../runtime/index.js";
import type { SamSaid } from "../../semantics/sam/words.js";

/** What `samsr masks` takes, its options by their long names. */
export interface MasksArguments extends SamSaid {
  readonly out: string;
  /**
   * The masks: one of `SOURCE_NAMES`, or a path; left out, what belongs to the network that is named, else
   * regions.
   */
  readonly masks?: string;
  /** The Segment Anything: an installed model's name or a checkpoint's path. */
  readonly model?: string;
  /** The coverage network: an installed model's name or a model's folder. */
  readonly coverage?: string;
  readonly enlarged?: boolean;
  readonly cache: boolean;
  readonly seed: number;
  readonly variant: "paper" | "release";
  readonly device: Device | "auto";
  readonly threads?: number;
  readonly overwrite?: boolean;
  readonly recursive?: boolean;
  readonly pixelLimit?: number;
  readonly json?: boolean;
  readonly quiet?: boolean;
}
