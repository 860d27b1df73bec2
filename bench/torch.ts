/**
 * The teacher's training step in turns with the same step in PyTorch: the same network, weights and batch.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRandom } from "../src/base/random.js";
import { writeSafetensors } from "../src/checkpoints/safetensors.js";
import { countFlops } from "../src/onnx/flops.js";
import type { Tensor } from "../src/runtime/index.js";
import { TEACHER_RECIPE } from "../src/train/recipe.js";
import { createFlatWeights } from "../src/train/weights.js";
import { gigaflops, takeTurns, zip } from "./measure.js";
import { type Bench, figure } from "./report.js";
import { createTeacherStep, drawnBatches, type TeacherStep, teacherGraph } from "./teacher-step.js";
import { missingTorch, startTorch } from "./torch-process.js";

/** The largest relative difference of a gradient that passes as the same computation in other order. */
const SAME = 1e-4;

export const bench: Bench = async ({ threads, rounds = 25 }) => {
  const missing = missingTorch();
  if (missing) return { about: `Skipped: ${missing}.`, figures: [] };
  const { batch, crop } = TEACHER_RECIPE;
  const ours = await createTeacherStep(threads);
  ours.feed(await (await drawnBatches()).at(0));
  shake(ours.state.weights.flat);
  const folder = await mkdtemp(join(tmpdir(), "samsr-bench-"));
  const file = join(folder, "step.safetensors");
  await writeFile(file, stepFile(ours, (await ours.network()).loss));
  const torch = await startTorch(file, threads, process.env.TORCH_LAYOUT);
  await rm(folder, { recursive: true });

  const same = await torch.ask("compare");
  console.error(`Same loss to ${same.loss}, ${same.tensors} gradients to ${same.gradient} (${same.worst}).`);
  if (!(Number(same.loss) < SAME && Number(same.gradient) < SAME)) {
    throw new Error("the two steps do not compute the same");
  }
  let loss = 0;
  let apart = 0;
  const processor = { ours: [] as number[], torch: [] as number[] };
  const times = await takeTurns(
    {
      network: async () => {
        const before = process.cpuUsage();
        loss = (await ours.network()).loss;
        const { user, system } = process.cpuUsage(before);
        processor.ours.push((user + system) / 1000);
      },
      optimizer: ours.optimizer,
      torchNetwork: async () => {
        const answer = await torch.ask("network");
        apart = Math.max(apart, Math.abs(loss / Number(answer.loss) - 1));
        processor.torch.push(Number(answer.cpu));
      },
      torchOptimizer: () => torch.ask("optimizer"),
    },
    { rounds },
  );
  const peak = process.resourceUsage().maxRSS / 1024;
  const torchPeak = Number((await torch.ask("memory")).peak);
  await torch.stop();
  await ours.release();

  const sum = (a: number, b: number) => a + b;
  const quotient = (a: number, b: number) => a / b;
  const byTaps = countFlops(teacherGraph().all);
  const rate = (ms: number) => gigaflops(byTaps.products, ms);
  const [cpu, torchCpu] = [processor.ours, processor.torch].map((all) => all.slice(-rounds));
  const step = zip(sum, times.network, times.optimizer);
  const torchStep = zip(sum, times.torchNetwork, times.torchOptimizer);
  return {
    about:
      `The teacher's step, batch ${batch}, crops of ${crop} x ${crop}, ${threads} threads, and the same in PyTorch ` +
      `${torch.version}, without data. The ratios are of steps a second: above 1, ours is the faster.`,
    figures: [
      figure("loss, relative difference", "", Number(same.loss)),
      figure(`gradients (${same.tensors}), largest relative difference`, "", Number(same.gradient)),
      figure(`loss after each of ${rounds + 3} steps, the same`, "", apart),
      figure("forward and backward, ours", "ms", times.network),
      figure("forward and backward, PyTorch", "ms", times.torchNetwork),
      figure("forward and backward by taps, ours", "GFLOP/s", zip(rate, times.network)),
      figure("forward and backward by taps, PyTorch", "GFLOP/s", zip(rate, times.torchNetwork)),
      figure("forward and backward", "ratio", zip(quotient, times.torchNetwork, times.network)),
      figure("forward and backward, processor time, ours", "ms", cpu),
      figure("forward and backward, processor time, PyTorch", "ms", torchCpu),
      figure("forward and backward, processor time", "ratio", zip(quotient, torchCpu, cpu)),
      figure("AdamW, clipping, moving average, ours", "ms", times.optimizer),
      figure("AdamW, clipping, moving average, PyTorch", "ms", times.torchOptimizer),
      figure("step, ours", "ms", step),
      figure("step, PyTorch", "ms", torchStep),
      figure("step", "ratio", zip(quotient, torchStep, step)),
      figure("peak memory, ours", "MB", peak),
      figure("peak memory, PyTorch", "MB", torchPeak),
    ],
  };
};

/**
 * Moves weights off zero. New ones have layers of zeros, and behind those most gradients are zero too: here
 * each has to show.
 */
function shake(weights: Float32Array): void {
  const random = createRandom(5);
  for (let i = 0; i < weights.length; i++) weights[i] += 0.02 * random.normal();
}

/** Makes the file of what PyTorch needs for the same step, and what ours came to. */
function stepFile({ state, feeds, gradient }: TeacherStep, loss: number): Uint8Array {
  const { config, clip, emaDecay, learningRate } = TEACHER_RECIPE;
  const { specs, tensors } = state.weights;
  const named = (prefix: string, some: Iterable<[string, Tensor]>) =>
    [...some].map(
      ([name, { shape, data }]) => [prefix + name, { shape, data: data as Float32Array }] as const,
    );
  const all = new Map([
    ...named("weight:", tensors),
    ...named("gradient:", createFlatWeights(specs, gradient).tensors),
    ...named("batch:", Object.entries(feeds())),
    ["loss", { shape: [], data: Float32Array.of(loss) }] as const,
  ]);
  const recipe = { clip, emaDecay, learningRate: learningRate / 100 };
  return writeSafetensors(all, {
    metadata: { config: JSON.stringify(config), recipe: JSON.stringify(recipe) },
  });
}
