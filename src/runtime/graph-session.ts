import { accelerate, asImageNormals, blockedLayoutPays, toModel, type Value } from "../onnx/index.js";
import { chooseDevice, loadBackend } from "./devices.js";
import { createSession, type Session, type SessionOptions } from "./session.js";

/**
 * Makes a session straight from a graph, in the form that runs fastest on its device (see `accelerate`).
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
  const fast = wasm ? asImageNormals(accelerate(outputs)) : accelerate(outputs);
  // WASM has no kernels for the blocked layout.
  const optimization = !wasm && blockedLayoutPays(fast) ? "all" : "extended";
  return createSession(toModel(fast).bytes, { optimization, ...options });
}
