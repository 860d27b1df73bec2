/** Where the authors publish it. Sizes and hashes that are not publicly stated are left out. */
import type { Published } from "../definition.js";

export const published: Readonly<Record<string, Published>> = {
  "ldm-bsr": {
    file: "last.ckpt",
    url: "https://heibox.uni-heidelberg.de/f/578df07c8fc04ffbadf3/?dl=1",
    summary: "latent diffusion x4, for photos as they come (bsr_sr)",
    licence: "code MIT (CompVis/latent-diffusion); the weights have no licence of their own",
  },
};
