import type { MetricFileName } from "../../networks/metrics/index.js";
import type { Metric } from "./metric.js";

const metric = (weights: MetricFileName, label: string, about: string): Metric => {
  const facts = {
    label,
    about,
    decimals: 3,
    needsReference: false,
    better: "higher",
    takesBorder: false,
  } as const;
  return {
    ...{ ...facts, weights: [weights] },
    open: async (setup) => (await import("./musiq-session.js")).openMusiq(weights, label, setup),
  };
};

/** MUSIQ as super-resolution papers report it. */
export const musiq = metric("musiq-koniq", "MUSIQ", "MUSIQ (Ke et al. 2021) by marks of KonIQ-10k, 0 to 100");
export const musiqSpaq = metric("musiq-spaq", "MUSIQ-SPAQ", "MUSIQ by marks of SPAQ, 0 to 100");
export const musiqAva = metric("musiq-ava", "MUSIQ-AVA", "MUSIQ by marks of AVA, 1 to 10");
