/** The configuration of DASR's generator, and how it is read off the shapes of its tensors. */
import { type Filled, section, whole } from "../../base/fields.js";
import { countOf, majority, type Shapes, scaleOf, sides } from "../shapes.js";

export const config = section("DASR's generator.", {
  features: whole("Channels.", 1, 4096),
  blocks: whole("Residual blocks.", 1, 1000),
  experts: whole("Kernels that each convolution mixes.", 1, 64),
  scale: whole("How many times larger its pictures are: 2, 3 or 4.", 2, 4),
});
export type DasrConfig = Filled<typeof config>;

/** Reads it off shapes; undefined where nothing of it is there: kernels with an axis for the experts. */
export function readDasr(shapes: Shapes): { config: DasrConfig } | undefined {
  const kernels = [...shapes].filter(([name, { length }]) => {
    return length === 5 && /^(conv_(first|hr|last)|body\.\d+\.conv[12]|upconv[12])\.weight$/.test(name);
  });
  if (kernels.length === 0) return undefined;
  const features =
    majority([
      ...sides(shapes, /^conv_(first|hr)\.(weight|bias)$/, 1),
      ...sides(shapes, /^body\.\d+\.conv[12]\.(weight|bias)$/, 1),
    ]) ?? 64;
  const second = [...shapes.keys()].some((name) => name.startsWith("upconv2."));
  return {
    config: {
      features,
      blocks: Math.max(1, countOf(shapes, /^body\.(\d+)\./, 1000)),
      experts: majority(kernels.map(([, [experts]]) => experts)) ?? 5,
      scale: second ? 4 : squareOf(shapes, features),
    },
  };
}

function squareOf(shapes: Shapes, features: number): number {
  return scaleOf(sides(shapes, /^upconv1\.(weight|bias)$/, 1, features));
}
