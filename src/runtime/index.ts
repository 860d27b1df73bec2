/**
 * Running a graph: sessions and devices over ONNX Runtime, and worker threads to keep them in. Node and
 * browser behind one interface.
 */
export type { Device, DevicePart, DeviceState, DeviceTensor } from "./backend.js";
export { createDeviceTensor, devicePart } from "./device-tensor.js";
export { type BackendName, listDevices } from "./devices.js";
export { createAnySizeSession, createGraphSession } from "./graph-session.js";
export { openInThread } from "./open-thread.js";
export type { ThreadOptions } from "./port.js";
export {
  createSession,
  type RunOptions,
  type Session,
  type SessionOptions,
  type TensorFacts,
} from "./session.js";
export { type FloatTensor, floatTensor, type Tensor, type TensorData } from "./tensor.js";
export {
  type CallContext,
  type CallOptions,
  serveChannel,
  serveThread,
  startThread,
  type Thread,
  type ThreadFunctions,
  threadOverChannel,
} from "./thread.js";
