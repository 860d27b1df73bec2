import { closedForm } from "./closed-form.js";

/** How far a picture's statistics lie from those of good photos. */
export const niqe = closedForm({
  ...{ label: "NIQE", decimals: 3, needsReference: false, better: "lower" },
  about: "how far statistics lie from those of good photos (Mittal et al. 2013; --niqe-model)",
  async formula({ border, pristine }) {
    const { niqe: measure } = await import("../niqe/niqe.js");
    return (picture) => measure(picture, pristine, { border });
  },
});
