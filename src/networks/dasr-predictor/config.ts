/** The configuration of DASR's degradation predictor, and how it is read off the shapes of its tensors. */
import { type Filled, section, whole } from "../../base/fields.js";
import { majority, type Shapes, sides } from "../shapes.js";

export const config = section("DASR's degradation predictor.", {
  features: whole("Channels of its convolutions.", 1, 4096),
  parameters: whole("Numbers that describe a degradation.", 1, 4096),
  hidden: whole("Numbers between the two linear layers.", 1, 4096),
  experts: whole("Numbers that it finds: one for each expert of the generator.", 1, 64),
});
export type DasrPredictorConfig = Filled<typeof config>;

/** Reads it off shapes; undefined where nothing of it is there. */
export function readDasrPredictor(shapes: Shapes): { config: DasrPredictorConfig } | undefined {
  if (![...shapes.keys()].some((name) => /^(ConvNet|MappingNet)\.\d+\./.test(name))) return undefined;
  const of = (name: RegExp, fallback: number, axis = 0) => majority(sides(shapes, name, axis)) ?? fallback;
  return {
    config: {
      features: of(/^ConvNet\.[02468]\.(weight|bias)$/, 64),
      parameters: of(/^ConvNet\.10\.(weight|bias)$/, 33),
      hidden: of(/^MappingNet\.0\.(weight|bias)$/, 15),
      experts: of(/^MappingNet\.1\.(weight|bias)$/, 5),
    },
  };
}
