/** What goes wrong in long runs: the process is killed, a number is not finite, the disk is full. */
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it, vi } from "vitest";
import { SamsrError } from "../src/base/errors.js";
import { readSafetensors } from "../src/checkpoints/index.js";
import type { Batches } from "../src/train/data/batches.js";
import { trainTeacher } from "../src/train/teacher.js";
import { temporaryFolder } from "./fixtures/cli.js";
import { always, drawnBatch, RUN } from "./fixtures/training.js";

/** Files that cannot be written from now on, as on a full disk. */
const full = vi.hoisted(() => ({ pattern: undefined as RegExp | undefined }));
vi.mock("../src/image/write-file.js", async (original) => {
  const real = await original<typeof import("../src/image/write-file.js")>();
  return {
    ...real,
    writeFileAtomically: async (...args: Parameters<typeof real.writeFileAtomically>) => {
      if (full.pattern?.test(args[0])) throw new SamsrError(`${args[0]} cannot be written: no space is left`);
      return real.writeFileAtomically(...args);
    },
  };
});

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

const batch = drawnBatch();

function stateIn(out: string) {
  const { tensors, metadata } = readSafetensors(readFileSync(`${out}/state.safetensors`));
  const bits = (name: string) =>
    Buffer.from(Float32Array.from(tensors.get(name)!.data).buffer).toString("base64");
  return {
    step: metadata.step,
    weights: bits("weights"),
    average: bits("average"),
    moments: bits("adam.second"),
  };
}

describe("a run that is killed", () => {
  it("at any moment goes on to the same numbers", async () => {
    const child = fileURLToPath(new URL("./fixtures/training-child.mjs", import.meta.url));
    mkdirSync(path("killed"), { recursive: true });
    const specification = path("specification.json");
    const { report: _, ...run } = RUN;
    writeFileSync(specification, JSON.stringify({ run, hr: [...batch.hr], lq: [...batch.lq] }));
    const steps = 24;
    /** Runs until its end, or until it has said so many lines and some milliseconds more have passed. */
    const go = (out: string, lines?: number) =>
      new Promise<number>((resolve) => {
        const process_ = spawn(process.execPath, [child, out, String(steps), specification]);
        let seen = 0;
        process_.stdout.on("data", (data) => {
          seen += data.toString().split("\n").length - 1;
          if (lines !== undefined && seen >= lines) setTimeout(() => process_.kill("SIGKILL"), 5 * lines);
        });
        process_.on("close", (code) => resolve(code ?? 137));
      });
    expect(await go(path("whole"))).toBe(0);
    for (const lines of [2, 5, 3]) expect(await go(path("killed"), lines)).toBe(137);
    expect(Number(stateIn(path("killed")).step)).toBeLessThan(steps);
    expect(await go(path("killed"))).toBe(0);
    expect(stateIn(path("killed"))).toEqual(stateIn(path("whole")));
    const logged = readFileSync(path("killed", "log.jsonl"), "utf8").trim().split("\n");
    expect(logged.map((line) => JSON.parse(line).step)).toEqual(
      Array.from({ length: steps }, (_, i) => i + 1),
    );
  }, 120_000);
});

describe("a step that goes wrong", () => {
  it("is taken back, and the run goes on with half the rate", async () => {
    const broken = { ...batch, hr: batch.hr.map((v, i) => (i === 7 ? Number.NaN : v)) };
    let asked = 0;
    const batches: Batches = { at: async (step) => (step === 5 && asked++ === 0 ? broken : batch) };
    const lines: string[] = [];
    const out = path("wrong");
    const report = (line: string) => void lines.push(line);
    const { weights } = await trainTeacher({ ...RUN, out, batches, steps: 8, saveEvery: 2, report });
    expect(lines.find((line) => /step 6: /.test(line))).toBe(
      "step 6: the loss is not finite; back to step 4 with 0.5 of the learning rate",
    );
    expect(weights.flat.every(Number.isFinite)).toBe(true);
    const entries = readFileSync(`${out}/log.jsonl`, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(entries.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 5, 6, 7, 8]);
    expect(entries[5].learningRate / entries[4].learningRate).toBeCloseTo(0.5, 6);
    // The rate is part of what is resumed.
    await trainTeacher({ ...RUN, out, batches: always(batch), steps: 9, resume: true });
    const after = readFileSync(`${out}/log.jsonl`, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const whole = path("right");
    await trainTeacher({ ...RUN, out: whole, batches: always(batch), steps: 9 });
    const same = readFileSync(`${whole}/log.jsonl`, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(after.at(-1).learningRate / same.at(-1).learningRate).toBeCloseTo(0.5, 6);
  });

  it("is also one whose loss is far above what the run is used to", async () => {
    const far = { ...batch, hr: batch.hr.map((v) => 300 * v) };
    let asked = 0;
    const batches: Batches = { at: async (step) => (step === 55 && asked++ === 0 ? far : batch) };
    const lines: string[] = [];
    const report = (line: string) => void lines.push(line);
    await trainTeacher({ ...RUN, out: path("far"), batches, steps: 57, saveEvery: 50, report });
    expect(lines.find((line) => line.startsWith("step 56: "))).toMatch(
      /the loss is \d+ times what it was; back to step 50/,
    );
  });
});

describe("a full disk", () => {
  it("costs a save, not the run: the last state stays whole", async () => {
    const out = path("full");
    const lines: string[] = [];
    const batches: Batches = {
      at: async (step) => {
        full.pattern = step >= 5 && step < 7 ? /full/ : undefined;
        return batch;
      },
    };
    const report = (line: string) => void lines.push(line);
    const { weights } = await trainTeacher({ ...RUN, out, batches, steps: 8, saveEvery: 2, report });
    expect(lines.find((line) => line.startsWith("the state could not"))).toBe(
      `the state could not be saved (${out}/state.safetensors cannot be written: no space is left); ` +
        "the one before it stays, and the run goes on",
    );
    expect(stateIn(out).step).toBe("8");
    const plain = await trainTeacher({ ...RUN, out: path("plenty"), batches: always(batch), steps: 8 });
    expect(Buffer.from(weights.flat.buffer).equals(Buffer.from(plain.weights.flat.buffer))).toBe(true);
  });

  it("at the start is found out before any work, at the end it is an error with the earlier state intact", async () => {
    full.pattern = /none/;
    await expect(trainTeacher({ ...RUN, out: path("none"), batches: always(batch) })).rejects.toThrow(
      /state\.safetensors cannot be written: no space is left/,
    );
    full.pattern = undefined;
    const batches: Batches = {
      at: async (step) => {
        if (step === 3) full.pattern = /late/;
        return batch;
      },
    };
    await expect(
      trainTeacher({ ...RUN, out: path("late"), batches, steps: 4, saveEvery: 2 }),
    ).rejects.toThrow(/no space is left/);
    full.pattern = undefined;
    expect(stateIn(path("late")).step).toBe("2");
    expect(readdirSync(path("late")).filter((name) => name.endsWith(".tmp"))).toEqual([]);
    await trainTeacher({ ...RUN, out: path("late"), batches: always(batch), steps: 4, resume: true });
    expect(stateIn(path("late")).step).toBe("4");
  });
});
