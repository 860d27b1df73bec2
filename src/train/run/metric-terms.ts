/** The networks of terms that are metrics, from the weights that the user has installed. */
import { existsSync } from "node:fs";
import { SamsrError } from "../../base/errors.js";
import { readCheckpoint } from "../../checkpoints/index.js";
import { metricFilePath } from "../../checkpoints/store/metric-files.js";
import { LPIPS_BACKBONES, type LpipsName, type MetricFileName } from "../../networks/metrics/index.js";
import { frozenScope, type Scope } from "../../nn/index.js";
import type { StudentExtras } from "../terms/index.js";

/**
 * Returns what the terms `lpips` and `dists` need, where they have a weight.
 * @throws SamsrError with the command that installs weights, when they are missing
 */
export async function metricTerms(
  terms: { readonly lpips: number; readonly dists: number },
  name: LpipsName,
): Promise<Pick<StudentExtras, "lpips" | "dists">> {
  return {
    ...(terms.lpips > 0 && {
      lpips: {
        name,
        backbone: await scopeOf(LPIPS_BACKBONES[name], "lpips"),
        heads: await scopeOf(`lpips-${name}`, "lpips"),
      },
    }),
    ...(terms.dists > 0 && {
      dists: {
        backbone: await scopeOf("vgg16", "dists"),
        weights: await scopeOf("dists-weights", "dists"),
      },
    }),
  };
}

async function scopeOf(file: MetricFileName, term: string): Promise<Scope> {
  const path = metricFilePath(file);
  if (!existsSync(path)) {
    throw new SamsrError(
      `the term ${term} needs the weights ${file}, which are not installed; run "samsr metrics pull ${file}"`,
    );
  }
  return frozenScope(await readCheckpoint(path), `${term}:${file}:`);
}
