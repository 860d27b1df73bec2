/** What lies between two students: blends of their weights, measured beside bicubic. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SamsrError } from "../src/base/errors.js";
import { blendWeights, writeSafetensors } from "../src/checkpoints/index.js";
import { readNamedWeights } from "../src/train/blend.js";
import { compared, type Row } from "./comparison.js";
import { BICUBIC, studentModel } from "./models.js";
import { configIn } from "./run-folder.js";
import { demand, type TableOptions } from "./shared.js";

/**
 * Makes a table of the blends (1 - share) FIRST + share SECOND of two students' weights, beside bicubic.
 * @param paths of both weights; the folder of the first is its run's, whose configuration says how a student
 *   is used
 * @throws SamsrError when a file or the configuration is missing, or the two are not of one network
 */
export async function blendTable(
  paths: readonly [string, string],
  shares: readonly number[],
  options: TableOptions,
): Promise<string> {
  const { val, teacher, runsOn } = options;
  demand(val !== undefined, "blends need --val");
  const config = await configIn(dirname(paths[0]));
  if (!config)
    throw new SamsrError(`${paths[0]}: its folder has no config.yaml; expected a run of samsr train`);
  const [first, second] = await Promise.all(paths.map(readNamedWeights));
  const folder = await mkdtemp(join(tmpdir(), "samsr-blends-"));
  try {
    const rows: Row[] = [{ label: "bicubic", model: BICUBIC }];
    for (const share of shares) {
      const name = `blend-${share}`;
      const student = join(folder, `${name}.safetensors`);
      await writeFile(
        student,
        writeSafetensors(blendWeights(first, second, share), { precision: "float32" }),
      );
      // Of no step: it is no run's.
      const model = await studentModel(name, { student, teacher }, config, undefined, runsOn);
      rows.push({ label: `share ${share}`, model });
    }
    const metrics = ["psnr", "ssim", "niqe"] as const;
    return await compared(rows, { on: [val!], metrics, baseline: BICUBIC, over: "bicubic" }, options, []);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
