/**
 * Networks of one pass in turns: as we run them, as the exported file runs in ONNX Runtime, and the same
 * graph in PyTorch.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { takeTurns, zip } from "./measure.js";
import { NETWORKS, open, WAYS } from "./one-pass-networks.js";
import { type Bench, type Figure, figure } from "./report.js";

/** From here on results of two ways are not the same picture. */
const TOLERANCE = 1e-3;

export const bench: Bench = async ({ threads, rounds = 7, only = "" }) => {
  const figures: Figure[] = [];
  for (const network of Object.keys(NETWORKS).filter((name) => name.includes(only))) {
    const opened = await Promise.all(WAYS.map((way) => open(network, way, threads)));
    const [ours, plain, torch] = opened;
    const pictures = await Promise.all(opened.map(({ run }) => run()));
    for (const [i, { data }] of pictures.entries()) {
      const scale = data.reduce((most, v) => Math.max(most, Math.abs(v)), 0);
      const error = data.reduce((most, v, p) => Math.max(most, Math.abs(v - pictures[1].data[p])), 0) / scale;
      if (!(error < TOLERANCE)) throw new Error(`${network}, ${WAYS[i]}: ${error} from plain`);
    }
    const times = await takeTurns(
      { ours: ours.run, plain: plain.run, torch: torch.run },
      { rounds, warmUp: 1 },
    );
    for (const { release } of opened) await release();
    for (const way of WAYS) figures.push(figure(`${network}, ${way}`, "ms", times[way]));
    const ratio = (other: "plain" | "torch") => zip((a, b) => b / a, times.ours, times[other]);
    figures.push(figure(`${network}, ours to plain`, "ratio", ratio("plain")));
    figures.push(figure(`${network}, ours to PyTorch`, "ratio", ratio("torch")));
    for (const way of WAYS) {
      figures.push(figure(`${network}, ${way}: peak memory`, "MB", await peakAlone(network, way, threads)));
    }
  }
  return {
    about: `128 x 128, random weights, ${threads} threads. A ratio above 1 is ours being faster.`,
    figures,
  };
};

function peakAlone(network: string, way: string, threads: number): Promise<number> {
  const program = fileURLToPath(new URL("one-pass-alone.js", import.meta.url));
  return new Promise((resolve, reject) => {
    const child = fork(program, [network, way, String(threads)]);
    child.once("message", (peak) => resolve(Number(peak)));
    child.once("exit", (code) => reject(new Error(`${network}, ${way} ended with code ${code}`)));
  });
}
