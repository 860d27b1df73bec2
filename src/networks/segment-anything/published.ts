/**
 * The files that the authors publish, as facts. Sizes and hashes that are not publicly stated are left out.
 * (The digits in the names of files are the beginning of the MD5.)
 */
import type { Published } from "../definition.js";

const SAM = "https://dl.fbaipublicfiles.com/segment_anything";
const SAM_LICENCE = "Apache 2.0 (github.com/facebookresearch/segment-anything)";

function sam(size: "B" | "L" | "H", digits: string, bytes: number, sha256: string): Published {
  const file = `sam_vit_${size.toLowerCase()}_${digits}.pth`;
  const summary = `Segment Anything, ViT-${size}: masks for samsr`;
  return {
    file,
    url: `${SAM}/${file}`,
    size: bytes,
    sha256,
    summary,
    licence: SAM_LICENCE,
  };
}

export const published: Readonly<Record<string, Published>> = {
  "sam-vit-b": sam(
    "B",
    "01ec64",
    375_042_383,
    "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912",
  ),
  "sam-vit-l": sam(
    "L",
    "0b3195",
    1_249_524_607,
    "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622",
  ),
  "sam-vit-h": sam(
    "H",
    "4b8939",
    2_564_550_879,
    "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e",
  ),
};
