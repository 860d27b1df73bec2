/**
 * One part of the published networks as samsr runs it, in a process that answers each line with a line of
 * JSON, as torch/graph.py does with PyTorch: full-size-alone.js PART FOLDER THREADS.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { locateWeights } from "../src/checkpoints/store/index.js";
import { inputShapes } from "../src/onnx/index.js";
import { createGraphSession, type FloatTensor, floatTensor } from "../src/runtime/index.js";
import { graphOf, PARTS } from "./full-size-parts.js";

const [part, folder, threads] = process.argv.slice(2) as [string, string, string];
const answer = (value: object) => console.log(JSON.stringify(value));
const processor = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const { tensors, folder: weightsFolder } = await locateWeights(join(folder, PARTS[part]!.file));
const graph = graphOf(part, tensors);
const feeds = Object.fromEntries(
  Object.entries(inputShapes(Object.values(graph))).map(([name, shape]) => {
    const tensor = floatTensor(shape);
    for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = Math.sin(i / 7);
    return [name, tensor];
  }),
);
const session = await createGraphSession(graph, {
  ...{ device: "cpu", threads: Number(threads), spinning: false, weightsFolder },
});
answer({ version: "samsr", processor: processor(), peak: process.resourceUsage().maxRSS / 1024 });
for await (const line of createInterface(process.stdin)) {
  const [start, before] = [performance.now(), processor()];
  const { y } = (await session.run(feeds)) as { y: FloatTensor };
  const [ms, cpu] = [performance.now() - start, processor() - before];
  if (line !== "run") writeFileSync(line, y.data);
  answer({ ms, processor: cpu, peak: process.resourceUsage().maxRSS / 1024 });
}
