import { createHash } from "node:crypto";
import type { StateDict } from "../../nn/index.js";

/** Returns a hash of all numbers, shapes and names, whatever file they came from. */
export function hashOfWeights(weights: StateDict): string {
  const hash = createHash("sha256");
  for (const [name, { shape, data }] of [...weights].sort(([a], [b]) => (a < b ? -1 : 1))) {
    hash.update(JSON.stringify([name, shape]));
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
