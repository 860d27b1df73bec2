/**
 * npm run bench [-- [NAME...] [--json] [--rounds N] [--threads N] [--minutes N] [--beside FOLDER]
 * [--only WORD]]: README.md beside this says more.
 */
import { fork } from "node:child_process";
import { cpus, loadavg } from "node:os";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type BenchOptions, type Report, toMarkdown } from "./report.js";

const NAMES = ["matmul", "upscale", "latent", "train", "data", "pixels", "sam", "coverage"];
/** Run when named only. */
const OTHERS = [
  "operators",
  "torch",
  "serve",
  "page",
  "one-pass",
  "start",
  "batch",
  "large",
  "metrics",
  "full-size-torch",
];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    rounds: { type: "string" },
    threads: { type: "string", default: "2" },
    minutes: { type: "string" },
    beside: { type: "string" },
    only: { type: "string" },
  },
});

function whole(name: string, text: string): number {
  if (!/^[1-9]\d*$/.test(text)) leave(`--${name}: expected a whole number from 1 on, got "${text}"`);
  return Number(text);
}

function leave(message: string): never {
  console.error(`bench: ${message}`);
  process.exit(2);
}

for (const name of positionals) {
  const known = [...NAMES, ...OTHERS];
  if (!known.includes(name)) leave(`there is no "${name}"; there are ${known.join(", ")}`);
}

function runAlone(name: string, options: BenchOptions): Promise<Report> {
  const program = fileURLToPath(new URL("one.js", import.meta.url));
  return new Promise((resolve, reject) => {
    const child = fork(program, [name, JSON.stringify(options)]);
    child.once("message", (report) => resolve(report as Report));
    child.once("exit", (code) => reject(new Error(`bench ${name} ended with code ${code}`)));
  });
}

const options: BenchOptions = {
  threads: whole("threads", values.threads),
  rounds: values.rounds === undefined ? undefined : whole("rounds", values.rounds),
  minutes: values.minutes === undefined ? undefined : whole("minutes", values.minutes),
  beside: values.beside === undefined ? undefined : resolve(values.beside),
  only: values.only,
};
const load = loadavg()[0];
const machine = `${cpus()[0].model.trim()}, ${cpus().length} cores, Node ${process.version}`;
const reports: Record<string, Report> = {};
if (!values.json) console.log(`${machine}, load ${load.toFixed(2)} before the start.\n`);
if (load > 0.5)
  console.error("Something else keeps this machine busy: times are longer than they would be.\n");
for (const name of positionals.length > 0 ? positionals : NAMES) {
  reports[name] = await runAlone(name, options);
  if (!values.json) console.log(toMarkdown(name, reports[name]));
}
if (values.json) console.log(JSON.stringify({ machine, load, reports }, null, 2));
