/**
 * Where the time of a teacher's step goes inside ONNX Runtime, by families of operators, as its own profile
 * has it.
 */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { toModel } from "../src/onnx/index.js";
import { type Bench, figure } from "./report.js";
import { createTeacherStep, drawnBatches } from "./teacher-step.js";

const WARM_UP = 3;

const FAMILIES: Readonly<Record<string, readonly string[]>> = {
  "Conv, ConvTranspose": ["Conv", "ConvTranspose", "FusedConv", "NhwcFusedConv"],
  "Gemm, MatMul": ["Gemm", "MatMul", "FusedGemm", "FusedMatMul"],
  "Pad, Transpose, Concat, Slice, Split": ["Pad", "Transpose", "Concat", "Slice", "Split"],
  "sums and means": ["ReduceSum", "ReduceMean"],
  "LayerNormalization, Softmax": ["LayerNormalization", "Softmax", "BiasSoftmax"],
  activations: ["Sigmoid", "Gelu", "Erf", "Exp", "QuickGelu", "BiasGelu"],
  "sums, products and the like by elements": ["Add", "Sub", "Mul", "Div", "Neg", "Sqrt", "Sum"],
};

interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly args?: { readonly op_name?: string };
}

export const bench: Bench = async ({ threads, rounds = 25 }) => {
  const events = await profile(threads, WARM_UP + rounds);
  const runs = events.filter((e) => e.name === "model_run").sort((a, b) => a.ts - b.ts);
  const steps = runs.slice(WARM_UP).map(({ ts, dur }) => timesWithin(events, ts, ts + dur));
  const operators = [...new Set(steps.flatMap((step) => [...step.keys()]))];
  const family = (op: string) => Object.keys(FAMILIES).find((f) => FAMILIES[f].includes(op)) ?? "others";
  const families = [...Object.keys(FAMILIES), "others"];
  const share = (belongs: (op: string) => boolean) =>
    steps.map((step) => {
      const all = [...step.values()].reduce((a, b) => a + b, 0);
      const some = operators.filter(belongs).reduce((sum, op) => sum + (step.get(op) ?? 0), 0);
      return (100 * some) / all;
    });
  const single = operators
    .map((op) =>
      figure(
        op,
        "%",
        share((other) => other === op),
      ),
    )
    .filter(({ median }) => median >= 1)
    .sort((a, b) => b.median - a.median);
  return {
    about: "Forward and backward of the teacher's step: first by families, then each operator from 1 % on.",
    figures: [
      ...families.map((f) =>
        figure(
          f,
          "%",
          share((op) => family(op) === f),
        ),
      ),
      ...single,
    ],
  };
};

/** What ONNX Runtime writes down of some steps. */
async function profile(threads: number, steps: number): Promise<ProfileEvent[]> {
  const teacher = await createTeacherStep(threads);
  teacher.feed(await (await drawnBatches()).at(0));
  const folder = await mkdtemp(join(tmpdir(), "samsr-bench-"));
  const session = await InferenceSession.create(toModel(teacher.outputs).bytes, {
    // As createSession has it.
    executionProviders: ["cpu"],
    graphOptimizationLevel: "all",
    enableMemPattern: false,
    intraOpNumThreads: threads,
    extra: { session: { intra_op: { allow_spinning: "0" } } },
    enableProfiling: true,
    profileFilePrefix: join(folder, "profile"),
  });
  const given = Object.entries({ ...Object.fromEntries(teacher.state.weights.tensors), ...teacher.feeds() });
  const feeds = Object.fromEntries(
    given.map(([name, { data, shape }]) => [name, new OrtTensor("float32", data as Float32Array, shape)]),
  );
  for (let i = 0; i < steps; i++) await session.run(feeds);
  session.endProfiling();
  const [name] = await readdir(folder);
  const events = JSON.parse(await readFile(join(folder, name), "utf8"));
  await rm(folder, { recursive: true });
  return events;
}

/** Microseconds of each operator in a stretch of time. */
function timesWithin(events: readonly ProfileEvent[], from: number, to: number): Map<string, number> {
  const times = new Map<string, number>();
  for (const { cat, ts, dur, args } of events) {
    if (cat !== "Node" || !args?.op_name || ts < from || ts > to) continue;
    times.set(args.op_name, (times.get(args.op_name) ?? 0) + dur);
  }
  return times;
}
