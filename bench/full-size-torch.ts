/**
 * The published networks at full size with random weights, each in turns with the same graph in PyTorch, in
 * processes of their own: time, processor time and peak memory. `--only WORD` measures those with the word in
 * their names.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { locateWeights } from "../src/checkpoints/store/index.js";
import { toModel } from "../src/onnx/index.js";
import { FULL_SIZE, NETWORKS, writeFullSizeModel } from "./full-size.js";
import { graphOf, PARTS, SAM_FILE, writeSam } from "./full-size-parts.js";
import { takeTurns, zip } from "./measure.js";
import { type Bench, type Figure, figure } from "./report.js";
import { missingTorch, startAnswering, startTorchGraph } from "./torch-process.js";

/** From here on results are not the same: the mean difference, relative to the mean number. */
const TOLERANCE = 1e-3;

export const bench: Bench = async ({ threads, rounds = 3, only = "" }) => {
  const missing = missingTorch();
  if (missing !== undefined) return { about: missing, figures: [] };
  const chosen = Object.entries(PARTS).filter(([part]) => part.toLowerCase().includes(only.toLowerCase()));
  if (chosen.length === 0) {
    return { about: `--only ${only}: there are ${Object.keys(PARTS).join("; ")}`, figures: [] };
  }
  const files = chosen.map(([, { file }]) => file);
  const networks = Object.keys(NETWORKS) as (keyof typeof NETWORKS)[];
  const { folder, remove } = await writeFullSizeModel(
    networks.filter((name) => files.includes(FULL_SIZE.weights[name]!)),
  );
  if (files.includes(SAM_FILE)) await writeSam(folder);
  const figures: Figure[] = [];
  for (const [part, { file }] of chosen) {
    const { tensors } = await locateWeights(join(folder, file));
    const model = join(folder, "graph.onnx");
    writeFileSync(model, toModel(graphOf(part, tensors)).bytes);
    const program = fileURLToPath(new URL("full-size-alone.js", import.meta.url));
    const ours = await startAnswering(process.execPath, [program, part, folder, String(threads)]);
    const torch = await startTorchGraph(model, folder, threads);
    const sides = { ours, PyTorch: torch };
    const results = { ours: join(folder, "ours"), PyTorch: join(folder, "torch") };
    // These runs warm up, too.
    for (const side of ["ours", "PyTorch"] as const) await sides[side].ask(results[side]);
    demandSame(part, results.ours, results.PyTorch);
    const processor: Record<string, number[]> = { ours: [], PyTorch: [] };
    const peaks: Record<string, number> = {};
    const run = (side: "ours" | "PyTorch") => async () => {
      const told = await sides[side].ask("run");
      processor[side]!.push(Number(told.processor));
      peaks[side] = Number(told.peak);
    };
    const times = await takeTurns({ ours: run("ours"), PyTorch: run("PyTorch") }, { rounds, warmUp: 0 });
    for (const side of ["ours", "PyTorch"] as const) {
      await sides[side].stop();
      figures.push(figure(`${part}, ${side}`, "ms", times[side]));
      figures.push(figure(`${part}, ${side}: processor time`, "ms", processor[side]!));
      figures.push(figure(`${part}, ${side}: peak memory`, "MiB", peaks[side]!));
    }
    const shares = zip((a, b) => a / b, times.ours, times.PyTorch);
    figures.push(figure(`${part}, ours to PyTorch: time`, "ratio", shares));
    figures.push(figure(`${part}, ours to PyTorch: memory`, "ratio", peaks.ours! / peaks.PyTorch!));
    const least = (values: readonly number[]) => Math.round(Math.min(...values));
    const told = (side: "ours" | "PyTorch") =>
      `${side} ${least(times[side])} ms, ${least(processor[side]!)} of processor, ${Math.round(peaks[side]!)} MiB`;
    console.error(`${part}, least of ${rounds}: ${told("ours")}; ${told("PyTorch")}`);
  }
  remove();
  return {
    about:
      `One run of each network, random weights, ${threads} threads. A ratio below 1 is ours being faster, or ` +
      "needing less memory. PyTorch computes the graph node by node, and holds no value longer than needed.",
    figures,
  };
};

function demandSame(part: string, ours: string, torch: string): void {
  const [a, b] = [ours, torch].map((file) => new Float32Array(new Uint8Array(readFileSync(file)).buffer));
  let [apart, size] = [0, 0];
  for (let i = 0; i < b!.length; i++) {
    apart += Math.abs(a![i]! - b![i]!);
    size += Math.abs(b![i]!);
  }
  if (!(apart < TOLERANCE * size)) throw new Error(`${part}: ours is ${apart / size} from PyTorch's`);
}
