import { dists as distance } from "../../networks/metrics/dists.js";
import { reduceMean, stopGradient } from "../../onnx/index.js";
import { unitRange } from "./pictures.js";
import { need, type Term } from "./term.js";

/** The distance of the metric of that name, by weights that the user has installed. */
export const dists: Term = {
  description:
    "The single step against the original, by DISTS; not in the paper. Weights: samsr metrics pull.",
  detail: true,
  loss({ x0Hat, x0, image, extras }) {
    const [own, original] = [image(x0Hat), stopGradient(image(x0))].map(unitRange);
    return reduceMean(distance(need(extras.dists, "dists"), own, original).distance);
  },
};
