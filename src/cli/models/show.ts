/** `samsr models show NAME`: what a model is, what it costs, what it may be used for, and its card. */
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  enlarges,
  type HeldNetwork,
  type ModelDescription,
  networksIn,
  readShapes,
  type UpscalingModel,
} from "../../checkpoints/index.js";
import {
  findModel,
  type InstalledModel,
  locateWeights,
  modelsThatUse,
} from "../../checkpoints/store/index.js";
import { sizeOf } from "../../onnx/index.js";
import { COST_TILE, costOf, type ModelCost } from "../../upscale/cost.js";
import { kindOf } from "../../upscale/kinds/index.js";
import { type Measurement, measureModel } from "../../upscale/measure.js";
import { print, printJson } from "../streams.js";
import { gigaflop, grouped, megabytes } from "./format.js";

interface Part {
  readonly part: string;
  readonly file: string;
  /**
   * How many numbers the file holds; left out where that is not known, or where the file is missing or
   * damaged, which `problem` then says.
   */
  readonly parameters?: number;
  readonly bytes?: number;
  readonly problem?: string;
}

/**
 * Runs `samsr models show`.
 * @returns 0, or 1 when a file of the model is missing or damaged
 */
export async function showCommand(
  name: string,
  { json, measure }: { json?: boolean; measure?: boolean },
): Promise<number> {
  const model = await findModel(name);
  const measured = measure ? await measureModel(name, COST_TILE) : undefined;
  const { description, folder, place } = model;
  const parts = await Promise.all(networksIn(description).map((held) => partOf(model, held)));
  const cost = costOf(description);
  const memory = memoryOf(cost, parts);
  const [, goodFor] = goodForRow(description)[0] ?? [];
  const usedBy = place === "stored" ? await modelsThatUse(description.name) : [];
  const card = await readFile(join(folder, "CARD.md"), "utf8").catch(() => undefined);
  if (json) {
    const document = {
      ...description,
      place,
      folder,
      parts,
      goodFor,
      ...cost,
      memory,
      measured,
      usedBy,
      card,
    };
    printJson(document);
  } else {
    const rows = rowsOf(model, parts, cost, memory, measured, usedBy);
    const lines = rows.map(([key, value]) => `  ${(key && `${key}:`).padEnd(13)}${value}`);
    print(`${[description.name, ...lines].join("\n")}\n${card === undefined ? "" : `\n${card}`}`);
  }
  return parts.some(({ problem }) => problem !== undefined) ? 1 : 0;
}

function rowsOf(
  { description, folder, place }: InstalledModel,
  parts: readonly Part[],
  { per, costs }: ModelCost,
  memory: number | undefined,
  measured: Measurement | undefined,
  usedBy: readonly string[],
): [string, string][] {
  const { summary, licence, source } = description;
  const parameters = parts.map(
    (p) => `${p.part} ${p.parameters === undefined ? "?" : grouped(p.parameters)}`,
  );
  const total = costs.reduce((sum, { flops }) => sum + flops, 0);
  const work = costs.map(({ name, flops }) => `${name} ${gigaflop(flops)}`).join(", ");
  const costRows: [string, string][] = [
    ["parameters", parameters.join(", ")],
    ["work", `${gigaflop(total)} for ${per}${costs.length > 1 ? ` (${work})` : ""}, counted on the graph`],
    [
      "memory",
      memory === undefined
        ? "?"
        : `at least ${megabytes(memory)} for that, estimated: weights and the values alive at once`,
    ],
  ];
  return [
    ["what", summary],
    ["network", description.network],
    ...goodForRow(description),
    ...configurationOf(description),
    ...(costs.length === 0 ? [] : costRows),
    ...(measured ? [measuredRow(measured)] : []),
    ["licence", licence],
    ...(source === undefined ? [] : [["source", source] as [string, string]]),
    ["files", `${folder} (${place})`],
    ...parts.map(({ file, bytes, problem }): [string, string] => [
      "",
      `${file}, ${problem ?? megabytes(bytes!)}`,
    ]),
    ...(usedBy.length > 0 ? [["used by", usedBy.join(", ")] as [string, string]] : []),
  ];
}

function goodForRow(description: ModelDescription): [string, string][] {
  const [{ network, config }] = networksIn(description);
  const goodFor = network.goodFor?.(config);
  return goodFor === undefined ? [] : [["good for", goodFor]];
}

function measuredRow({ side, seconds, bytes, device }: Measurement): [string, string] {
  const what = `a picture of ${side} x ${side} without masks, on ${device}`;
  return [
    "measured",
    `${seconds.toFixed(2)} s and ${megabytes(bytes)} for ${what}; the whole process's memory`,
  ];
}

/** Returns the sizes of its networks, each once, and what its weights were trained for. */
function configurationOf(description: ModelDescription): [string, string][] {
  const [main, ...others] = networksIn(description);
  const companions = others.filter(({ network }) => network !== main.network);
  return [
    ["sizes", main.network.describe(main.config)],
    ...companions.map(({ part, network, config }): [string, string] => [part, network.describe(config)]),
    ...("schedule" in description ? [scheduleRow(description)] : []),
    ...(enlarges(description) ? detailRow(description) : []),
    ...("m" in description ? [methodRow(description)] : []),
  ];
}

function scheduleRow({ schedule, m }: Extract<ModelDescription, { m: number }>): [string, string] {
  const { steps, power, kappa, minNoiseLevel, etasEnd } = schedule;
  return [
    "schedule",
    `${steps} steps, p ${power}, kappa ${kappa}, noise from ${minNoiseLevel} to ${etasEnd}, m ${m}`,
  ];
}

function detailRow(description: UpscalingModel): [string, string][] {
  const { detail } = kindOf(description);
  return detail
    ? [
        [
          "detail",
          `0 to 1, where ${detail.sharp} is; ${detail.standard} unless told, where ${detail.student} is`,
        ],
      ]
    : [];
}

function methodRow(description: Extract<ModelDescription, { m: number }>): [string, string] {
  const { method, variant, coefficients, noise } = kindOf(description).diffusion!;
  const follows = coefficients === "both" ? "eta and kappa follow" : `${coefficients} follows`;
  const drawn = noise === "sam" ? "SAM-noise" : "plain Gaussian noise";
  const equations = `equations of the ${variant === "paper" ? "paper" : "released code"}`;
  return ["method", `${method}, ${equations}${method === "samsr" ? `, ${follows} W, ${drawn}` : ""}`];
}

async function partOf(
  { folder, place, bytes: whole }: InstalledModel,
  { part, file, network }: HeldNetwork,
): Promise<Part> {
  const path = join(folder, file);
  try {
    if (network.upscaling?.by === "a file") return { part, file, bytes: (await stat(path)).size };
    if (place === "file") {
      const shapes = [...(await readShapes(path))].filter(([name]) => !network.ignored?.test(name));
      return {
        part,
        file,
        parameters: shapes.reduce((sum, [, shape]) => sum + sizeOf(shape), 0),
        bytes: whole,
      };
    }
    const { tensors } = await locateWeights(path);
    let [parameters, bytes] = [0, 0];
    for (const [name, { shape, type }] of tensors) {
      if (!network.ignored?.test(name)) parameters += sizeOf(shape);
      bytes += sizeOf(shape) * (type === "float16" ? 2 : 4);
    }
    return { part, file, parameters, bytes };
  } catch (error) {
    return { part, file, problem: (error as Error).message };
  }
}

/**
 * Returns the memory of the part that needs most: its weights as float32, and what is alive while it runs.
 */
function memoryOf({ costs }: ModelCost, parts: readonly Part[]): number | undefined {
  if (costs.length === 0) return undefined;
  const needs = costs.map(({ part, bytes }) => {
    const { parameters } = parts.find((p) => p.part === part)!;
    return parameters === undefined ? Number.NaN : bytes + 4 * parameters;
  });
  const most = Math.max(...needs);
  return Number.isNaN(most) ? undefined : most;
}
