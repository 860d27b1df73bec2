/**
 * The single step as one graph of standard operators, for programs without samsr. What samsr does around the network is
 * inside: padding by reflection to what the network needs, the start x_T with the pixel-wise process, and the crop. The
 * masks are not: the caller gives W, or 0 for SinSR's process.
 */
import { checkFileSize, exact } from "../checkpoints/convert/index.js";
import type { UpscalingModel } from "../checkpoints/index.js";
import { type InstalledModel, loadModelWeights } from "../checkpoints/store/index.js";
import { inputScale, type Variant } from "../diffusion/index.js";
import { reflect } from "../image/raster.js";
import { SCALE } from "../networks/index.js";
import { frozenScope, type Scope } from "../nn/index.js";
import * as o from "../onnx/index.js";
import { type Kind, kindOf } from "./kind.js";
import { resolveSettings, scheduleFor } from "./settings.js";
import type { Known, TileSize } from "./stage.js";

export interface ExportOptions {
  readonly variant: Variant;
  /** m of equation 9. */
  readonly etaScale: number;
  readonly kappa: number;
}

/** What the inputs and the output of the graph are, for its metadata. */
export const EXPORTED: Readonly<Record<string, string>> = {
  lq: "[1, 3, H, W], the small picture: RGB from 0 to 1",
  noise: "[1, C, H, W], normal, of mean 0 and variance 1",
  weight:
    "[1, 1, H, W], W of equation 8: coverage by masks over its maximum, from 0 to 1; 0 everywhere for none",
  hr: "[1, 3, 4 H, 4 W], the large picture: RGB from 0 to 1",
};

/**
 * From `lq`, `noise` and `weight` to `hr`, as {@link EXPORTED} describes them, for pictures of one size.
 * @param scopeOf the weights of one part of the model, by its name in the description
 */
export function exportGraph(
  kind: Kind,
  model: Pick<UpscalingModel, "schedule">,
  scopeOf: (part: string) => Scope,
  { width, height }: TileSize,
  { variant, etaScale: m, kappa }: ExportOptions,
): Record<"hr", o.Value> {
  const roundUp = (side: number) => Math.ceil(side / kind.multiple) * kind.multiple;
  const padded = { width: roundUp(width), height: roundUp(height) };
  const reads = (name: string, channels: number) =>
    padByReflection(o.input(name, [1, channels, height, width]), padded);

  const schedule = scheduleFor(model, { kappa });
  const eta = schedule.eta[schedule.steps - 1];
  // kappa (1 - m W) times the root of equation 9's eta.
  const weight = o.mul(reads("weight", 1), m);
  const growth = variant === "paper" ? o.sqrt(o.add(weight, 1)) : o.add(weight, 1);
  const sigma = o.mul(o.mul(o.sub(1, weight), growth), kappa * Math.sqrt(eta));

  const known: Partial<Record<keyof Known | "hr", o.Value>> = {
    lq: o.sub(o.mul(reads("lq", 3), 2), 1),
    noise: reads("noise", kind.channels),
    sigma,
    scale: o.constant(inputScale(eta, kappa)),
  };
  // A stage reads nothing that no stage before it made.
  for (const stage of kind.singleStep)
    known[stage.output] = stage.graph(scopeOf(stage.weights!), known as Known);
  const hr = o.slice(known.hr!, [2, 3], [0, 0], [SCALE * height, SCALE * width]);
  return { hr: o.mul(o.add(hr, 1), 0.5) };
}

/**
 * That graph of an installed model as a self-contained ONNX file, with what a stranger to it needs to know as metadata.
 * @throws SamsrError for options that make no sense, a model that is damaged, or a file that would be too large
 */
export async function exportModel(
  model: InstalledModel<UpscalingModel>,
  size: TileSize,
  options: Partial<ExportOptions> & { readonly precision?: "float32" | "float16" } = {},
): Promise<o.ModelStream> {
  const { description } = model;
  const { precision = "float32", ...asked } = options;
  const settings = resolveSettings({ ...asked, method: "samsr" }, size, description);
  const kind = kindOf(description);
  const scopes = new Map<string, Scope>();
  for (const { weights } of kind.singleStep) {
    if (weights && !scopes.has(weights))
      scopes.set(weights, frozenScope(await loadModelWeights(model, weights)));
  }
  const graph = exportGraph(kind, description, (part) => scopes.get(part)!, size, settings);
  const { name, licence, summary } = description;
  const { variant, etaScale, kappa } = settings;
  const metadata = {
    model: name,
    summary,
    licence,
    variant,
    etaScale: String(etaScale),
    kappa: String(kappa),
    precision,
    size: `${size.height}x${size.width}`,
    ...EXPORTED,
  };
  const file = o.streamModel(graph, { name: `samsr ${name}`, precision, exact, metadata });
  checkFileSize(file, name, precision);
  return file;
}

/** Reflection as often as it takes, also where a side is shorter than what it is padded by, which `Pad` refuses. */
function padByReflection(x: o.Value, to: TileSize): o.Value {
  const along = (value: o.Value, axis: number, length: number) => {
    const side = value.shape[axis];
    if (side === length) return value;
    const from = Array.from({ length }, (_, i) => reflect(i, side));
    return o.gather(value, o.integers(from), axis);
  };
  return along(along(x, 2, to.height), 3, to.width);
}
