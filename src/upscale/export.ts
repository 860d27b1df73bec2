/**
 * The single step as one graph of standard operators, for programs without samsr. What samsr does around the
 * network is inside: padding by reflection to what the network needs, the start x_T with the pixel-wise
 * process, and the crop. The masks are not: the caller gives W, or 0 for SinSR's process.
 */
import { SamsrError } from "../base/errors.js";
import { checkFileSize, exact } from "../checkpoints/convert.js";
import type { UpscalingModel } from "../checkpoints/index.js";
import type { InstalledModel } from "../checkpoints/store/index.js";
import { type Coefficients, inputScale, onGraphs, type Variant } from "../diffusion/index.js";
import { reflect } from "../image/raster.js";
import { frozenScope, type Scope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import { kindOf, type ModelKind } from "./kinds/index.js";
import type { DiffusionTraits, TileGraph, TileTensor } from "./kinds/kind.js";
import { loadWeights } from "./model.js";
import { resolveSettings, scheduleFor } from "./settings.js";
import type { TileSize } from "./tile-inputs.js";

interface ExportOptions {
  readonly variant: Variant;
  /** The strength of W in equation 9, m, from 0 to less than 1. */
  readonly etaScale: number;
  readonly coefficients: Coefficients;
  readonly kappa: number;
}

/** Where between the ends of a model that has two; default: the model's. */
interface WithDetail {
  readonly detail?: number;
}

/** What the inputs and the output of the graph are, for its metadata. */
const EXPORTED = {
  lq: "[1, 3, H, W], the small picture: RGB from 0 to 1",
  noise: "[1, C, H, W], normal, of mean 0 and variance 1",
  weight:
    "[1, 1, H, W], W of equation 8: coverage by masks over its maximum, from 0 to 1; 0 everywhere for none",
  hr: "[1, 3, 4 H, 4 W], the large picture: RGB from 0 to 1",
} as const;

/**
 * Builds the graph from `lq`, `noise` and `weight` to `hr`, as {@link EXPORTED} describes them, for pictures
 * of one size; from `lq` alone where a kind of model starts from no noise.
 * @param scopeOf the weights of one part of the model, by its name in the description
 */
export function exportGraph(
  { multiple, scale, diffusion, onePass }: ModelKind,
  scopeOf: (part: string) => Scope,
  { width, height }: TileSize,
  options?: ExportOptions,
): Record<"hr", o.Value> {
  const roundUp = (side: number) => Math.ceil(side / multiple) * multiple;
  const padded = { width: roundUp(width), height: roundUp(height) };
  const reads = (name: string, channels: number) =>
    padByReflection(o.input(name, [1, channels, height, width]), padded);

  const known: Partial<Record<TileTensor | TileGraph["output"], o.Value>> = {
    lq: o.sub(o.mul(reads("lq", 3), 2), 1),
    ...(diffusion && options && startOf(diffusion, reads, options)),
  };
  // A graph reads nothing that no graph before it made.
  for (const { output, weights, build } of onePass) {
    const scope = weights === undefined ? frozenScope(new Map()) : scopeOf(weights);
    known[output] = build(scope, known as Record<TileTensor, o.Value>);
  }
  const hr = o.slice(known.hr!, [2, 3], [0, 0], [scale * height, scale * width]);
  return { hr: o.mul(o.add(hr, 1), 0.5) };
}

/** Returns what the one step starts from beside y. */
function startOf(
  { channels, schedule: described }: DiffusionTraits,
  reads: (name: string, channels: number) => o.Value,
  { variant, etaScale: m, coefficients, kappa }: ExportOptions,
): Record<"noise" | "sigma" | "scale", o.Value> {
  const schedule = scheduleFor({ schedule: described }, { kappa });
  const rates = onGraphs.pixelwise(reads("weight", 1), { m, variant, coefficients });
  return {
    noise: reads("noise", channels),
    sigma: o.asValue(onGraphs.priorLevel(schedule, rates)),
    scale: o.constant(inputScale(schedule.eta[schedule.steps - 1], kappa)),
  };
}

/**
 * Exports an installed model as a self-contained ONNX file of one graph (see `exportGraph`), with what a
 * stranger to it needs to know as metadata.
 * @throws SamsrError for options that make no sense, a model that is damaged, or a file that would be too
 * large
 */
export async function exportModel(
  model: InstalledModel<UpscalingModel>,
  size: TileSize,
  options: Partial<ExportOptions> & WithDetail & { readonly precision?: "float32" | "float16" } = {},
): Promise<o.ModelStream> {
  const { description } = model;
  const { precision = "float32", ...asked } = options;
  const kind = kindOf(description);
  if (kind.onePass.length === 0) {
    throw new SamsrError(`the model ${description.name} is an ONNX file already, in ${model.folder}`);
  }
  if (kind.ddim) {
    throw new SamsrError(
      `the model ${description.name} takes many steps, and one graph holds one; convert its parts ` +
        `with "samsr convert"`,
    );
  }
  const method = kind.diffusion && "samsr";
  const { diffusion, detail } = resolveSettings({ ...asked, method }, size, kind);
  const scopes = new Map<string, Scope>();
  for (const { weights } of kind.onePass) {
    if (weights && !scopes.has(weights))
      scopes.set(weights, frozenScope(await loadWeights(model, weights, detail)));
  }
  const graph = exportGraph(kind, (part) => scopes.get(part)!, size, diffusion);
  const { name, licence, summary } = description;
  const { lq, hr, noise, weight } = EXPORTED;
  const metadata = {
    model: name,
    summary,
    licence,
    ...(diffusion && {
      variant: diffusion.variant,
      etaScale: String(diffusion.etaScale),
      coefficients: diffusion.coefficients,
      noiseKind: diffusion.noise,
      kappa: String(diffusion.kappa),
    }),
    ...(detail !== undefined && { detail: String(detail) }),
    precision,
    size: `${size.height}x${size.width}`,
    lq,
    ...(diffusion && { noise, weight }),
    hr,
  };
  const file = o.streamModel(graph, { name: `samsr ${name}`, precision, exact, metadata });
  checkFileSize(file, name, precision);
  return file;
}

/**
 * Pads by reflection as often as it takes, also where a side is shorter than what it is padded by, which
 * `Pad` refuses.
 */
function padByReflection(x: o.Value, to: TileSize): o.Value {
  const along = (value: o.Value, axis: number, length: number) => {
    const side = value.shape[axis];
    if (side === length) return value;
    const from = Array.from({ length }, (_, i) => reflect(i, side));
    return o.gather(value, o.integers(from), axis);
  };
  return along(along(x, 2, to.height), 3, to.width);
}
