/** A student learns eight drawn pictures by algorithm 1, with a loss against the originals. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { trainStudent } from "../src/train/student.js";
import { trainTeacher } from "../src/train/teacher.js";
import { always, drawnBatch, RUN } from "./fixtures/training.js";

const directory = mkdtempSync(join(tmpdir(), "samsr-overfit-"));
afterAll(() => rmSync(directory, { recursive: true }));

const PICTURES = 8;

it("brings the single step's squared error on eight pictures from 0.05 to under 0.01", async () => {
  const run = { ...RUN, batch: PICTURES, batches: always(drawnBatch(PICTURES)) };
  const teacher = await trainTeacher({ ...run, out: join(directory, "teacher"), steps: 20 });
  const out = join(directory, "student");
  await trainStudent({
    ...{ ...run, out, steps: 100, rollOut: 3, distilled: 1, m: 0.2 },
    teacher: new Map(
      [...teacher.weights.tensors].map(([name, { shape, data }]) => [name, { shape, data: data.slice() }]),
    ),
    terms: { distill: 0.1, inverse: 0.02, gt: 0.25, fidelity: 1 },
  });
  const lines = readFileSync(join(out, "log.jsonl"), "utf8").trim().split("\n");
  const errors = lines.map((line) => JSON.parse(line).fidelity as number);
  expect(errors[0]).toBeGreaterThan(0.04);
  expect(errors.at(-1)).toBeLessThan(0.01);
});
