import { adversarialTerm } from "../adversarial.js";
import { need, type Term } from "./term.js";

/** The single step against a discriminator, which is trained in turn with the student. */
export const adversarial: Term = {
  description: "The single step against a discriminator; not in the paper.",
  detail: true,
  loss: ({ x0, x0Hat, y, extras }) =>
    adversarialTerm(need(extras.discriminator, "adversarial"), { x0, y, x0Hat }),
};
