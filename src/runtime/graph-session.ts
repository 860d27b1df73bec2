import {
  type AccelerateOptions,
  accelerate,
  anySize,
  asImageNormals,
  blockedLayoutPays,
  inputShapes,
  inStrips,
  type ModelOptions,
  shapeless,
  tailInStrips,
  toModel,
  unfolded,
  unfoldedBytes,
  type Value,
} from "../onnx/index.js";
import type { Backend } from "./backend.js";
import { chooseDevice, loadBackend } from "./devices.js";
import { createSession, type Session, type SessionOptions } from "./session.js";

export interface GraphSessionOptions extends SessionOptions {
  /** Sizes from which on a graph is rewritten for the CPU; where left out, as {@link accelerate} has it. */
  readonly rewriting?: AccelerateOptions;
}

/** Tells whether graphs are rewritten where a session with these options runs. */
async function isRewritten(options: SessionOptions): Promise<boolean> {
  if (options.executionProviders) return false;
  const backend = await loadBackend(options.backend, options.device);
  return backend.name !== "torch" && (await chooseDevice(options.device ?? "auto", backend)) === "cpu";
}

/**
 * Makes one session for pictures of any size, in the form that runs fastest on the CPU. Its results are those
 * of the sessions of {@link createGraphSession} for each size to the bit, where the graph is rewritten alike
 * at all sizes. It is not cut into strips, so it is for images that need none.
 *
 * @param build the graph for a picture of a size; called several times
 * @param options.input the name of the input [1, C, H, W] that the size is read from
 * @param options.multiple what height and width divide by
 * @returns undefined for another device than the CPU, for a graph that exists for one size only, and for one
 * of convolutions alone, which the runtime computes in a layout of its own
 * @throws {SamsrError} as `createSession` does
 */
export async function createAnySizeSession(
  build: (size: { readonly width: number; readonly height: number }) => Readonly<Record<string, Value>>,
  {
    input,
    multiple,
    rewriting,
    ...options
  }: GraphSessionOptions & { readonly input: string; readonly multiple: number },
): Promise<Session | undefined> {
  if (!(await isRewritten(options))) return undefined;
  const backend = await loadBackend(options.backend, options.device);
  const fast = ([, height, width]: readonly number[]) =>
    rewritten(build({ width, height }), { ...rewriting, most: Number.POSITIVE_INFINITY }, backend);
  // There the runtime fuses by sizes that it must know, and rounds otherwise.
  if (levelFor(fast([1, multiple, multiple]), backend) === "all") return undefined;
  const graph = anySize(fast, { input, multiple, mirrors: false, batch: 1 });
  if (!graph) return undefined;
  const outputs = shapeless(unfolded(graph.outputs, input));
  return createSession(toModel(outputs, { undeclared: true }).bytes, {
    optimization: "extended",
    ...options,
  });
}

/** Returns a graph in the form that runs fastest on a CPU. */
function rewritten(
  outputs: Readonly<Record<string, Value>>,
  rewriting: AccelerateOptions | undefined,
  { name }: Backend,
): Readonly<Record<string, Value>> {
  const fast = accelerate(outputs, rewriting);
  return name === "web" ? asImageNormals(fast) : fast;
}

/** Tells how far the runtime rewrites a graph itself. */
function levelFor(outputs: Readonly<Record<string, Value>>, { name }: Backend): "all" | "extended" {
  // WASM has no kernels for the blocked layout.
  return name === "node" && blockedLayoutPays(outputs) ? "all" : "extended";
}

/**
 * Makes a session straight from a graph, in the form that runs fastest on its device (see `accelerate`)
 * and, where images are large, with the least memory (see `inStrips` and `tailInStrips`).
 *
 * @example
 * const { tensors, folder } = await locateWeights("denoiser.safetensors");
 * const outputs = { y: network(frozenScope(tensors), x) };
 * const session = await createGraphSession(outputs, { device: "cpu", weightsFolder: folder });
 *
 * @throws {SamsrError} as `createSession` does
 */
export async function createGraphSession(
  outputs: Readonly<Record<string, Value>>,
  { rewriting, ...options }: GraphSessionOptions = {},
): Promise<Session> {
  if (!(await isRewritten(options))) return createSession(toModel(outputs).bytes, options);
  const backend = await loadBackend(options.backend, options.device);
  const tail = tailInStrips(outputs);
  const strips = inStrips(tail);
  // Images that are large enough to be cut are large enough to be given back.
  const arena = Object.keys(outputs).every((name) => strips[name] === tail[name]);
  const fast = rewritten(strips, rewriting, backend);
  const optimization = levelFor(fast, backend);
  const { outputs: lean, dimensions } = optimization === "extended" ? leanly(fast) : { outputs: fast };
  return createSession(toModel(lean, { dimensions }).bytes, { optimization, arena, ...options });
}

/** Bytes of kernels up to which a session of one size holds them. */
const MOST_KERNELS = 2 ** 26;

/**
 * Has kernels that would take much memory made in each run. For that a picture's channels are left open: the
 * first convolution tells them, so the runtime knows all other sizes.
 */
function leanly(outputs: Readonly<Record<string, Value>>): {
  readonly outputs: Readonly<Record<string, Value>>;
  readonly dimensions?: ModelOptions["dimensions"];
} {
  const pictures = Object.entries(inputShapes(Object.values(outputs)));
  const [name, shape] = pictures.find(([, { length }]) => length === 4) ?? [];
  if (!name || !shape || unfoldedBytes(outputs) <= MOST_KERNELS) return { outputs };
  const [batch, , height, width] = shape;
  return { outputs: unfolded(outputs, name, 1), dimensions: { [name]: [batch, "channels", height, width] } };
}
