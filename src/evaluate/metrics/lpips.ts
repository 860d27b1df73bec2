import type { BackboneName, LpipsName } from "../../networks/metrics/index.js";
import { byNetwork } from "./by-network.js";

const metric = (name: LpipsName, backbone: BackboneName, label: string) =>
  byNetwork({
    ...{ label, decimals: 4, needsReference: true, better: "lower", least: 35 },
    about: `LPIPS v0.1 (Zhang et al. 2018): distance in the activations of ${backbone}`,
    weights: [backbone, `lpips-${name}`],
    async prepare([activations, heads]) {
      const { lpips: graph } = await import("../../networks/metrics/lpips.js");
      return (picture, original) => graph(name, { backbone: activations, heads }, picture, original!);
    },
  });

/** LPIPS by AlexNet, as papers report it. */
export const lpips = metric("alex", "alexnet", "LPIPS");
export const lpipsVgg = metric("vgg", "vgg16", "LPIPS-VGG");
export const lpipsSqueeze = metric("squeeze", "squeezenet1_1", "LPIPS-Squeeze");
