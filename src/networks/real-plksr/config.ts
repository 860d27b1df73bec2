/** The configuration of RealPLKSR, and how it is read off the shapes of its tensors. */
import { checked, type Filled, oneOf, section, whole } from "../../base/fields.js";
import { anyOf, readShared, shared, sharedComplaint } from "../plksr/config.js";
import { majority, type Shapes, sides } from "../shapes.js";

/** Groups of the normalisation, which leave no trace in a shape. */
export const NORM_GROUPS = 4;

export const config = checked(
  section("RealPLKSR.", {
    ...shared,
    norm: oneOf(
      "Groups of channels at a block's end, or each pixel's channels at its start.",
      "group",
      "layer",
    ),
    sampling: whole("Groups of DySample; 0 where pixels are shuffled.", 0, 64),
  }),
  (found, at) => {
    const { channels, norm, sampling, scale } = found;
    if (norm === "group" && channels % NORM_GROUPS !== 0) {
      return `${at("channels")} ${channels} must divide by ${NORM_GROUPS}`;
    }
    if (sampling > 0 && (3 * scale ** 2) % sampling !== 0) {
      return `${at("sampling")} ${sampling} must divide ${3 * scale ** 2} channels`;
    }
    return sharedComplaint(found, at);
  },
);
export type RealPlksrConfig = Filled<typeof config>;

/** Reads RealPLKSR off the shapes of its tensors; undefined where nothing of it is there. */
export function readRealPlksr(shapes: Shapes): { config: RealPlksrConfig } | undefined {
  if (!anyOf(shapes, /^feats\.\d+\.channel_mixer\./)) return undefined;
  const found = readShared(shapes, 2);
  const offsets = sides(shapes, /^to_img\.(offset\.(weight|bias)|scope\.weight)$/, 0, 2 * found.scale ** 2);
  const norm = anyOf(shapes, /^feats\.\d+\.layer_norm\./) ? ("layer" as const) : ("group" as const);
  return { config: { ...found, norm, sampling: majority(offsets) ?? 0 } };
}
