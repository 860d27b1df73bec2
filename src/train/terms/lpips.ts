import { lpips as distance } from "../../networks/metrics/lpips.js";
import { reduceMean, stopGradient } from "../../onnx/index.js";
import { unitRange } from "./pictures.js";
import { need, type Term } from "./term.js";

/** The distance of the metric of that name, by a network that the user has installed. */
export const lpips: Term = {
  description:
    "The single step against the original, by LPIPS of student.lpipsNetwork; not in the paper. " +
    "Weights: samsr metrics pull.",
  detail: true,
  loss({ x0Hat, x0, image, extras }) {
    const { name, ...scopes } = need(extras.lpips, "lpips");
    const [own, original] = [image(x0Hat), stopGradient(image(x0))].map(unitRange);
    return reduceMean(distance(name, scopes, own, original));
  },
};
