import { byNetwork } from "./by-network.js";

/** Structure and texture similarity in VGG-16's activations. */
export const dists = byNetwork({
  ...{ label: "DISTS", decimals: 4, needsReference: true, better: "lower", least: 32 },
  about: "DISTS (Ding et al. 2020): structure and texture in the activations of vgg16",
  weights: ["vgg16", "dists-weights"],
  async prepare([backbone, weights]) {
    const { dists: graph } = await import("../../networks/metrics/dists.js");
    return (picture, original) => graph({ backbone, weights }, picture, original!).distance;
  },
});
