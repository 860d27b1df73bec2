/** What makes pictures larger and is compared: bicubic, and what installed models can do. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { totalmem } from "node:os";
import { join } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { enlarges, networkOf, type UpscalingModel } from "../../checkpoints/index.js";
import { type InstalledModel, locateWeights, surveyModels } from "../../checkpoints/store/index.js";
import type { Method } from "../../diffusion/index.js";
import { SCALE } from "../../networks/index.js";
import { sizeOf } from "../../onnx/index.js";
import type { Device } from "../../runtime/index.js";
import { costOf } from "../../upscale/cost.js";
import { createUpscaler, type UpscaleSettings } from "../../upscale/index.js";
import { kindOf } from "../../upscale/kinds/index.js";
import { findUpscalingModel } from "../../upscale/model.js";
import type { Preset } from "../../upscale/preset-names.js";
import { withPreset } from "../../upscale/presets.js";
import { BASELINE, createMethods } from "../methods.js";
import type { EnlargeMethod } from "../score.js";
import { digestOf } from "./data-sets.js";

/** Something that makes pictures larger, and can be measured. */
export interface Contestant {
  /** The contestant's name, fit for a folder. */
  readonly name: string;
  /** The contestant's name for people. */
  readonly label: string;
  /** The installed model that it runs, and the steps that it takes where it takes any. */
  readonly model?: string;
  readonly steps?: number;
  /** Digits that stand for all that decides its pictures; others mean other pictures. */
  readonly fingerprint: string;
  readonly parameters?: number;
  /** Operations on a picture of 64 x 64. */
  readonly flops?: number;
  /** Opens it, does something with it, and closes it. */
  use<T>(work: (enlarge: EnlargeMethod) => Promise<T>): Promise<T>;
}

interface RunsOn {
  readonly device?: Device | "auto";
  /** Threads on the CPU; default: one for each core. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** The enlargement that the networks start from. */
export const BICUBIC: Contestant = {
  ...{ name: BASELINE, label: BASELINE, fingerprint: BASELINE, parameters: 0 },
  use: (work) => work(createMethods([BASELINE]).get(BASELINE)!),
};

/**
 * Models by their names, files or folders.
 * @throws SamsrError for one that enlarges nothing, or not by four; for two of one name, which would share
 *   their results
 */
export async function modelsNamed(names: readonly string[]): Promise<InstalledModel<UpscalingModel>[]> {
  const models: InstalledModel<UpscalingModel>[] = [];
  for (const name of names) {
    const model = await findUpscalingModel(name);
    const { scale } = kindOf(model.description);
    if (scale !== SCALE) {
      throw new SamsrError(`the model ${name} enlarges ${scale} times; the tables are of ${SCALE} times`);
    }
    if (models.some(({ description }) => description.name === model.description.name)) {
      throw new SamsrError(`two models are called ${model.description.name}; install one by another name`);
    }
    models.push(model);
  }
  return models;
}

/** Returns every installed model that enlarges four times and whose files are there. */
export async function allModels(): Promise<InstalledModel<UpscalingModel>[]> {
  const { models } = await surveyModels();
  const found: InstalledModel<UpscalingModel>[] = [];
  for (const { description, ...rest } of models) {
    if (!enlarges(description) || rest.missing.length > 0) continue;
    if (kindOf(description).scale === SCALE) found.push({ description, ...rest });
  }
  return found;
}

/** How what a model can do is run. */
interface ContestantOptions {
  /** The seed of the noise. */
  readonly seed: number;
  readonly runsOn: RunsOn;
  /** The preset of models of latents; others run as they do without one. */
  readonly preset?: Preset;
  /** Told what there is to say of the preset, a line for people. */
  readonly tell?: (line: string) => void;
}

/**
 * Returns what a model can do: one pass; the method that its one denoiser was trained for; or, where it has a
 * student and a teacher, SAMSR's and SinSR's step of the one and ResShift's chain of the other.
 */
export async function contestantsOf(
  model: InstalledModel<UpscalingModel>,
  { seed, runsOn, preset, tell }: ContestantOptions,
): Promise<Contestant[]> {
  const { description, folder } = model;
  const { name } = description;
  const { diffusion } = kindOf(description);
  const content = await Promise.all(
    Object.values<string>(description.weights).map((file) => hashOf(join(folder, file))),
  );
  const parts = await parametersOf(model);
  const make = (label: string, settings: UpscaleSettings, steps?: number): Contestant => ({
    ...{ name: label.replaceAll(" ", "-"), label, model: name, steps },
    fingerprint: digestOf([JSON.stringify({ description, settings }), ...content]),
    parameters: parts && sum(partsUsed(description, settings).map((part) => parts[part])),
    flops: flopsOf(description, steps),
    async use(work) {
      const { device, threads, signal } = runsOn;
      const upscaler = await createUpscaler({ model, device, threads });
      try {
        return await work(async (lq) => (await upscaler.upscale(lq, settings, { signal })).raster);
      } finally {
        await upscaler.close();
      }
    },
  });
  if (!diffusion) return [make(name, {})];
  const chain = diffusion.schedule.steps;
  if (networkOf(description).upscaling?.by === "denoising latents") {
    const { method } = diffusion;
    const steps = method === "resshift" ? chain : 1;
    // What the preset is has to be in the fingerprint, so it stands as settings.
    const { preset: _, ...settings } = withPreset<UpscaleSettings & { readonly preset?: Preset }>(
      { method, steps, seed, preset },
      description,
      totalmem(),
      tell,
    );
    return [make(name, settings, steps)];
  }
  const methods: [Method, number][] = [
    ["samsr", 1],
    ["sinsr", 1],
    ["resshift", chain],
  ];
  return methods.map(([method, steps]) => make(`${name} ${method}-${steps}`, { method, steps, seed }, steps));
}

/** Returns the files of weights that a run of a model takes: of a student and a teacher one. */
function partsUsed({ weights }: UpscalingModel, { method }: UpscaleSettings): string[] {
  const parts = Object.keys(weights);
  if (!parts.includes("student")) return parts;
  return parts.filter((part) => part !== (method === "resshift" ? "student" : "teacher"));
}

/**
 * Counts the parameters in each file of a model; undefined where a file is of another kind than safetensors.
 */
async function parametersOf({
  description,
  folder,
}: InstalledModel): Promise<Record<string, number> | undefined> {
  const counts: Record<string, number> = {};
  for (const [part, file] of Object.entries<string>(description.weights)) {
    const located = await locateWeights(join(folder, file)).catch(() => undefined);
    if (!located) return undefined;
    counts[part] = sum([...located.tensors.values()].map(({ shape }) => sizeOf(shape)));
  }
  return counts;
}

/**
 * Counts the operations on a picture of 64 x 64, all steps; undefined where a model is a file whose graph is
 * not ours.
 */
function flopsOf(description: UpscalingModel, steps = 1): number | undefined {
  const { costs } = costOf(description);
  const { onePass } = kindOf(description);
  if (costs.length === 0) return undefined;
  return sum(
    costs.map(({ name, flops }) => {
      const repeated = onePass.find((graph) => graph.name === name)?.timed === "network";
      return repeated ? steps * flops : flops;
    }),
  );
}

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) hash.update(chunk);
  return hash.digest("hex");
}
