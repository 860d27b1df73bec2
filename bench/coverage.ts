/** Coverage predicted by the bundled network, in turns with the regions it was trained by. */
import { crop } from "../src/image/index.js";
import { findCoverageNetwork } from "../src/semantics/coverage-model.js";
import { createCoveragePredictor } from "../src/semantics/coverage-network.js";
import { segmentRegions } from "../src/semantics/index.js";
import { takeTurns } from "./measure.js";
import { grainyPicture, ROOT } from "./picture.js";
import { type Bench, figure } from "./report.js";

/** Bundled models are looked for beside the compiled package, and this is compiled to another place. */
const MODEL = `${ROOT}/models/coverage-tiny`;

const SIDES = [128, 512];

export const bench: Bench = async ({ threads, rounds = 25 }) => {
  const { weights, config } = await findCoverageNetwork(MODEL);
  const predictor = createCoveragePredictor(weights, config, { device: "cpu", threads });
  const large = await grainyPicture(Math.max(...SIDES), Math.max(...SIDES));
  const works = Object.fromEntries(
    SIDES.flatMap((side) => {
      const raster = crop(large, { x: 0, y: 0, width: side, height: side });
      const image = { ...raster, data: raster.data as Uint8Array };
      return [
        [`network, ${side} x ${side}`, () => predictor.coverage(raster)],
        [`regions, ${side} x ${side}`, () => segmentRegions(image)],
      ] as [string, () => unknown][];
    }),
  );
  const times = await takeTurns(works, { rounds });
  await predictor.release();
  return {
    about: "From pixels to whole counts, with shrinking, padding and enlarging where a size needs them.",
    figures: Object.entries(times).map(([name, samples]) => figure(name, "ms", samples)),
  };
};
