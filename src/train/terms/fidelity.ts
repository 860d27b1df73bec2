import { meanSquaredError } from "../../onnx/index.js";
import type { Term } from "./term.js";

/** Squared error, which asks for the mean of all originals that would explain a picture. */
export const fidelity: Term = {
  description: "The single step against the original, by squared error; not in the paper.",
  loss: ({ x0Hat, x0 }) => meanSquaredError(x0Hat, x0),
};
