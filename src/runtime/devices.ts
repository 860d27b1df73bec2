import { SamsrError } from "../base/errors.js";
import type { Backend, Device, DeviceState } from "./backend.js";
import { inNode } from "./environment.js";

export type BackendName = Backend["name"];

const loaded = new Map<BackendName, Promise<Backend>>();

/** Each binding is loaded once, and only when asked for: a browser never fetches Node's. */
export function loadBackend(name: BackendName = inNode ? "node" : "web"): Promise<Backend> {
  if (name !== "node" && name !== "web")
    throw new SamsrError(`unknown backend "${name}", expected node or web`);
  const backend =
    loaded.get(name) ??
    (name === "node"
      ? import("./backend-node.js").then((module) => module.load())
      : import("./backend-web.js").then((module) => module.load()));
  loaded.set(name, backend);
  return backend;
}

/**
 * The devices and whether they can be used. Looking at a GPU compiles shaders: about a second where there is
 * one, nothing where there is not.
 */
export async function listDevices(options: { backend?: BackendName } = {}): Promise<DeviceState[]> {
  const backend = await loadBackend(options.backend);
  const cpu: DeviceState = { device: "cpu", available: true, preferred: true, detail: backend.cpu };
  const compared = await backend.probe(true);
  return [cpu, compared.available ? compared : await backend.probe(false)];
}

/**
 * Settles on a device. `auto` takes the GPU only where it computes right and clearly beats the CPU, so never a
 * software adapter such as SwiftShader or llvmpipe; `webgpu` takes whatever adapter works.
 * @throws {SamsrError} in one line when the device asked for is not there.
 */
export async function chooseDevice(wanted: Device | "auto", backend: Backend): Promise<Device> {
  if (wanted === "cpu") return "cpu";
  if (wanted === "auto") return (await backend.probe(true)).preferred ? "webgpu" : "cpu";
  if (wanted !== "webgpu") {
    throw new SamsrError(`unknown device "${wanted}", expected auto, cpu or webgpu`);
  }
  const state = await backend.probe(false);
  if (!state.available) {
    throw new SamsrError(`device "webgpu" is not available: ${state.detail}; use "cpu" or "auto"`);
  }
  return "webgpu";
}
