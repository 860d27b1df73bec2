import type { ByteSource } from "../byte-source.js";

/**
 * Tells whether a file is a protobuf message that begins with the version of its format, as ONNX's do.
 * Safetensors begin with a length that may look alike, and then a brace.
 */
export async function isOnnx(source: ByteSource): Promise<boolean> {
  const start = await source.read(0, Math.min(source.size, 9));
  return start[0] === 0x08 && start[1] >= 1 && start[1] <= 0x7f && start[8] !== 0x7b;
}
