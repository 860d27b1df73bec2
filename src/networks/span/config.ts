/** The configuration of SPAN, and how it is read off the shapes of its tensors. */
import { type Filled, oneOf, section, whole } from "../../base/fields.js";
import type { ReadConfig } from "../definition.js";
import { majority, type Shapes, scaleOf, sides } from "../shapes.js";

export const config = section("SPAN.", {
  channels: whole("Features.", 1, 4096),
  scale: whole("How many times larger its pictures are.", 1, 8),
  input: oneOf("Whether pictures are normalised first, or taken from 0 to 1.", "normalised", "plain"),
});
export type SpanConfig = Filled<typeof config>;

/**
 * What a file holds: the convolutions of training, of which those that are run are made, or these alone.
 * Files of training hold both, and what is there of the latter may be stale.
 */
export type SpanFound = ReadConfig<SpanConfig, { readonly convolutions?: "training" | "folded" }>;

/** The tensor that marks a network whose pictures are not normalised. */
export const PLAIN_MARK = "no_norm";

/** Reads SPAN off the shapes of its tensors; undefined where nothing of it is there. */
export function readSpan(shapes: Shapes): SpanFound | undefined {
  const names = [...shapes.keys()];
  if (!names.some((name) => /^block_[1-6]\.c[123]_r\./.test(name))) return undefined;
  return {
    config: {
      channels:
        majority([
          ...sides(shapes, /^block_\d\.c\d_r\.(sk|eval_conv)\.(weight|bias)$/, 0),
          ...sides(shapes, /^(conv_1|conv_2)\.(sk|eval_conv)\.bias$/, 0),
        ]) ?? 48,
      scale: scaleOf(sides(shapes, /^upsampler\.0\.(weight|bias)$/, 0, 3)),
      input: shapes.has(PLAIN_MARK) ? "plain" : "normalised",
    },
    convolutions: names.some((name) => /\.(sk|conv\.\d)\.(weight|bias)$/.test(name)) ? "training" : "folded",
  };
}
