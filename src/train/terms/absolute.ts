import { charbonnier } from "../charbonnier.js";
import type { Term } from "./term.js";

/** Smooth absolute error: a median of the possible originals is less of a blur than their mean. */
export const absolute: Term = {
  description: "The single step against the original, by smooth absolute error; not in the paper.",
  loss: ({ x0Hat, x0 }) => charbonnier(x0Hat, x0),
};
