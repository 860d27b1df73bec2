import { charbonnier } from "../charbonnier.js";
import { need, type Term } from "./term.js";

/**
 * The single step against what the second teacher makes of the same small picture. An original could have
 * been any of many pictures, so an error against it asks for the middle of them; this one is a function of
 * the small picture, and can be met.
 */
export const taught: Term = {
  description:
    "The single step against the second teacher's picture, by smooth absolute error; nothing without one.",
  standard: 1,
  loss: ({ x0Hat, extras }) => charbonnier(x0Hat, need(extras.taught, "taught")),
};
