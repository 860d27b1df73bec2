import {
  accelerate,
  asImageNormals,
  blockedLayoutPays,
  inStrips,
  toModel,
  type Value,
} from "../onnx/index.js";
import { chooseDevice, loadBackend } from "./devices.js";
import { createSession, type Session, type SessionOptions } from "./session.js";

/**
 * Makes a session straight from a graph, in the form that runs fastest on its device (see `accelerate`)
 * and, where images are large, with the least memory (see `inStrips`).
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
  options: SessionOptions = {},
): Promise<Session> {
  if (options.executionProviders) return createSession(toModel(outputs).bytes, options);
  const backend = await loadBackend(options.backend, options.device);
  const device = await chooseDevice(options.device ?? "auto", backend);
  if (device !== "cpu" || backend.name === "torch") return createSession(toModel(outputs).bytes, options);
  const wasm = backend.name === "web";
  const strips = inStrips(outputs);
  // Images that are large enough to be cut are large enough to be given back.
  const arena = Object.keys(outputs).every((name) => strips[name] === outputs[name]);
  const fast = wasm ? asImageNormals(accelerate(strips)) : accelerate(strips);
  // WASM has no kernels for the blocked layout.
  const optimization = !wasm && blockedLayoutPays(fast) ? "all" : "extended";
  return createSession(toModel(fast).bytes, { optimization, arena, ...options });
}
