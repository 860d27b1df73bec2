/** The methods that `samsr score` knows, by name. */
import { totalmem } from "node:os";
import { checkArgument, checkOptions, checkText, isObject } from "../base/arguments.js";
import { SamsrError } from "../base/errors.js";
import { networkOf, type UpscalingModel } from "../checkpoints/index.js";
import { DDIM, METHODS, type Method } from "../diffusion/index.js";
import {
  bicubicX4,
  fromTensor,
  type Kernel,
  kernels,
  type Raster,
  resizePlanar,
  toTensor,
} from "../image/index.js";
import { SCALE } from "../networks/index.js";
import type { Upscaler, UpscaleSettings } from "../upscale/index.js";
import { kindOf } from "../upscale/kinds/index.js";
import type { Preset } from "../upscale/preset-names.js";
import { withPreset } from "../upscale/presets.js";
import { resolveSettings } from "../upscale/settings.js";
import type { EnlargeMethod } from "./score.js";

/** What every comparison starts from: the enlargement that the network itself is given. */
export const BASELINE = "bicubic";

const INTERPOLATIONS: Readonly<Record<string, EnlargeMethod>> = {
  [BASELINE]: async (lq) => interpolated(lq, bicubicX4(toTensor(lq), 3, lq.width, lq.height)),
  "bicubic-catmull-rom": async (lq) => interpolated(lq, enlargeBy(kernels.catmullRom, lq)),
};

/** Tells whether a method runs the network, so that an upscaler is needed. */
export function needsModel(name: string): boolean {
  return !Object.hasOwn(INTERPOLATIONS, name);
}

/**
 * Returns the method that a model of one denoiser was taught for: what else could be computed with its
 * weights is no other method. Undefined for a model with a student and a teacher, which has methods of both,
 * and for one without a diffusion.
 */
function onlyMethod(model: UpscalingModel): Method | undefined {
  const denoisesLatents = networkOf(model).upscaling?.by === "denoising latents";
  return denoisesLatents ? kindOf(model).diffusion!.method : undefined;
}

/** Returns, of the methods that are compared when nobody names any, those that a model is one of. */
export function methodsFor(model: UpscalingModel, names: readonly string[]): string[] {
  const only = onlyMethod(model);
  if (only === undefined) return [...names];
  return [...names.filter((name) => !needsModel(name)), only];
}

interface MethodOptions {
  /** The seed of the noise; default 0. */
  readonly seed?: number;
  /** The preset of methods that run a model; left out, the settings are the model's. */
  readonly preset?: Preset;
  readonly signal?: AbortSignal;
}

/**
 * Methods by their names: `bicubic` (a = -0.75), `bicubic-catmull-rom` (a = -0.5), and `samsr`, `sinsr`,
 * `resshift` with their own number of steps or another, as in `resshift-1`: one step of samsr and sinsr is
 * the student's, the rest the teacher's.
 *
 * @param upscaler may be left out when no name needs a model
 * @throws SamsrError for a name that is none, or more steps than the model has; for the name of a method that
 *   the model's only denoiser was not taught for
 */
export function createMethods(
  names: readonly string[],
  upscaler?: Upscaler,
  options: MethodOptions = {},
): Map<string, EnlargeMethod> {
  checkArgument("createMethods: the names", names, Array.isArray(names), "a list of names");
  for (const name of names) checkText("createMethods: a name", name);
  const upscales = upscaler === undefined || (isObject(upscaler) && typeof upscaler.upscale === "function");
  checkArgument("createMethods: the upscaler", upscaler, upscales, "what createUpscaler returned");
  checkOptions("createMethods", options, { seed: "number", preset: "string", signal: "signal" });
  return new Map(names.map((name) => [name, createMethod(name, upscaler, options)]));
}

function createMethod(
  name: string,
  upscaler: Upscaler | undefined,
  { seed, preset, signal }: MethodOptions,
): EnlargeMethod {
  if (!needsModel(name)) return INTERPOLATIONS[name];
  const asked = { ...parseName(name), seed };
  if (!upscaler) throw new SamsrError(`the method ${name} needs a model`);
  const only = onlyMethod(upscaler.model);
  if (only !== undefined && asked.method !== only) {
    throw new SamsrError(
      `${name} would be computed with the weights of ${upscaler.model.name}, which were taught for ` +
        `${only}; ` +
        `expected ${only}, or another model (--model)`,
    );
  }
  const whole = withPreset({ ...asked, preset }, upscaler.model, totalmem());
  const settings = resolveSettings(
    { ...whole, preset: undefined } as UpscaleSettings,
    { width: 1, height: 1 },
    kindOf(upscaler.model),
  );
  return async (lq) => (await upscaler.upscale(lq, settings, { signal })).raster;
}

/**
 * Refuses a name of no method.
 * @throws SamsrError for a name that is none
 */
export function checkMethodName(name: string): void {
  if (needsModel(name)) parseName(name);
}

function parseName(name: string): UpscaleSettings {
  const [, method, steps] = /^(.+?)(?:-([1-9]\d*))?$/.exec(name) ?? [];
  const methods: readonly string[] = [...METHODS, DDIM];
  if (!methods.includes(method)) {
    const known = [...Object.keys(INTERPOLATIONS), ...methods].join(", ");
    throw new SamsrError(
      `there is no method "${name}"; there are ${known}, and the last ${methods.length} with a ` +
        "number of steps, as resshift-1",
    );
  }
  return {
    method: method as UpscaleSettings["method"],
    steps: steps === undefined ? undefined : Number(steps),
  };
}

function enlargeBy(kernel: Kernel, lq: Raster): Float32Array {
  const from = { channels: 3, width: lq.width, height: lq.height };
  const to = { width: SCALE * lq.width, height: SCALE * lq.height };
  return resizePlanar(toTensor(lq), from, to, { kernel, antialias: false });
}

function interpolated({ width, height }: Raster, planar: Float32Array): Raster {
  return fromTensor(planar, { width: SCALE * width, height: SCALE * height, channels: 3 });
}
