import { SamsrError } from "../base/errors.js";
import { remember } from "../base/promises.js";
import type { Backend, Device, DeviceState } from "./backend.js";
import { inNode } from "./environment.js";

/** The name of a binding. */
export type BackendName = Backend["name"];

const loaded = new Map<BackendName, Promise<Backend>>();

/**
 * The loaders of the bindings. Each is called once, and only when asked for: a browser never fetches Node's.
 */
const LOADERS: Readonly<Record<BackendName, (device?: Device | "auto") => Promise<Backend>>> = {
  node: () => import("./backend-node.js").then((module) => module.load()),
  web: (device) => import("./backend-web.js").then((module) => module.load(device)),
  torch: () => import("./backend-torch.js").then((module) => module.load()),
};

/**
 * Loads what runs graphs: the binding that is named, PyTorch for its device, else the binding of this
 * environment.
 * @throws {SamsrError} when there is none of that name, or PyTorch is asked for where there is no Node
 */
export function loadBackend(named?: BackendName, device?: Device | "auto"): Promise<Backend> {
  const name = named ?? (device === "torch" ? "torch" : inNode ? "node" : "web");
  if (!Object.hasOwn(LOADERS, name)) {
    throw new SamsrError(`unknown backend "${name}", expected ${Object.keys(LOADERS).join(", ")}`);
  }
  if (name === "torch" && !inNode) throw new SamsrError('device "torch" is for Node alone');
  return remember(loaded, name, () => LOADERS[name](device));
}

/**
 * Lists the devices, and whether they can be used; `torch` where no other backend is named. Looking at a GPU
 * compiles shaders: about a second where there is one, nothing where there is not. Looking for PyTorch loads
 * it, which takes seconds.
 */
export async function listDevices(options: { backend?: BackendName } = {}): Promise<DeviceState[]> {
  const backend = await loadBackend(options.backend);
  const cpu: DeviceState = { device: "cpu", available: true, preferred: true, detail: backend.cpu };
  const compared = await backend.probe(true);
  const webgpu = compared.available ? compared : await backend.probe(false);
  if (!inNode || options.backend !== undefined) return [cpu, webgpu];
  return [cpu, webgpu, await (await loadBackend("torch")).probe(false)];
}

/**
 * Settles on a device. `auto` takes the GPU only where it computes right and clearly beats the CPU, so never
 * a software adapter such as SwiftShader or llvmpipe; `webgpu` takes whatever adapter works.
 * @throws {SamsrError} in one line when the device asked for is not there.
 */
export async function chooseDevice(wanted: Device | "auto", backend: Backend): Promise<Device> {
  if (backend.name === "torch") return "torch";
  if (wanted === "cpu") return "cpu";
  if (wanted === "auto") return (await backend.probe(true)).preferred ? "webgpu" : "cpu";
  if (wanted !== "webgpu") {
    throw new SamsrError(`unknown device "${wanted}", expected auto, cpu, webgpu or torch`);
  }
  const state = await backend.probe(false);
  if (!state.available) {
    throw new SamsrError(`device "webgpu" is not available: ${state.detail}; use "cpu" or "auto"`);
  }
  return "webgpu";
}
