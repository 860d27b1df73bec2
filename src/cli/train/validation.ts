/**
 * What a student's run is worth on the way: the weights that it keeps, measured on photos that it never sees.
 */
import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { unlessAborted } from "../../base/abort.js";
import { gainText, metricText } from "../../evaluate/columns.js";
import { createMeasurer } from "../../evaluate/measurer.js";
import { BASELINE, createMethods } from "../../evaluate/methods.js";
import { METRICS } from "../../evaluate/metrics/index.js";
import { type EnlargeMethod, scoreMethods } from "../../evaluate/score.js";
import { studentSettings, withStudent } from "../../evaluate/students.js";
import type { StudentConfig } from "../../train/config/index.js";
import { validationPairs } from "../../train/data/validation.js";
import { chooseMetrics } from "../metric-options.js";
import { say } from "../streams.js";

export interface ValidationWords {
  readonly validate?: readonly string[];
  readonly metrics?: string;
}

export interface Validation {
  /**
   * Measures weights of a step, says what came of it, and adds a line to validation.jsonl in the run's
   * folder.
   */
  readonly onKept: (weights: string, step: number) => Promise<void>;
  close(): Promise<void>;
}

/** Photos are cut to squares of this side, from their centre, and there are at most so many. */
const CROP = 256;
const LIMIT = 24;

/**
 * Makes the pairs and opens the metrics.
 * @throws SamsrError for a student that cannot be run as it is, folders without photos, and weights of
 * metrics that are missing
 */
export async function openValidation(
  config: StudentConfig,
  out: string,
  { validate, metrics: names = "psnr,ssim" }: ValidationWords,
  { threads, signal }: { readonly threads?: number; readonly signal: AbortSignal },
): Promise<Validation> {
  const metrics = await chooseMetrics(names, true);
  const settings = studentSettings(out, config);
  const { space, teacher, autoencoder } = config;
  const other = space === "pixels" ? { teacher } : { autoencoder };
  const pairs = await unlessAborted(validationPairs(validate!, { crop: CROP, limit: LIMIT }), signal);
  const measurer = await unlessAborted(createMeasurer({ metrics, threads, device: "cpu" }), signal);
  return {
    async onKept(student, step) {
      const measure = async (enlarge: EnlargeMethod) => {
        const methods = new Map([...createMethods([BASELINE]), ["student", enlarge]]);
        return scoreMethods(pairs, methods, { measurer, baseline: BASELINE, signal });
      };
      const parts = { student, ...other };
      const scores = await withStudent("student", parts, settings, { threads, signal }, measure);
      const { mean, gain } = scores.find(({ method }) => method === "student")!;
      const words = metrics.map((name) => {
        return `${METRICS[name].label} ${metricText(name, mean[name])} (${gainText(name, gain[name])})`;
      });
      say(`step ${step} on ${pairs.length} photos, and over ${BASELINE}: ${words.join("  ")}`);
      await appendFile(join(out, "validation.jsonl"), `${JSON.stringify({ step, mean, gain })}\n`);
    },
    close: () => measurer.close(),
  };
}
