import { niqe as measureNiqe } from "../niqe/niqe.js";
import type { Metric } from "./metric.js";

/** How far a picture's statistics lie from those of good photos; less is better. */
export const niqe: Metric = {
  label: "NIQE",
  decimals: 3,
  needsReference: false,
  measure: (picture, _, { border, pristine }) => measureNiqe(picture, pristine, { border }),
};
