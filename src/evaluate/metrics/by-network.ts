/**
 * Metrics that are a network. Only what is said of them is here; the network itself is loaded when one is
 * opened, so that help and lists stay quick.
 */
import type { Metric } from "./metric.js";
import type { NetworkFacts } from "./network-session.js";

/** Returns a metric from the graph of its network: pictures of one size go through it together. */
export function byNetwork(facts: NetworkFacts): Metric {
  const { prepare, least, ...said } = facts;
  return {
    ...said,
    takesBorder: false,
    open: async (setup) => (await import("./network-session.js")).openNetwork(facts, setup),
  };
}
