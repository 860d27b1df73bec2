/** Whether this process may have the memory that pictures and networks need, where the system says it. */
import { readFileSync } from "node:fs";
import { SamsrError } from "../base/errors.js";

/**
 * Bytes of address space below which Node, the codecs and ONNX Runtime end the process in words of their own
 * before there is an error to be told: with 2.5e9 the thread in which large pictures walk does not start any
 * more, with 2.0e9 ONNX Runtime does not load, with 1.5e9 Node does not.
 */
const LEAST_ADDRESSES = 2.8e9;

/**
 * Refuses to begin what would end in a crash.
 * @param limits what Linux says of a process's limits
 * @throws SamsrError when they leave too little memory
 */
export function demandMemory(limits = ownLimits()): void {
  const allowed = Number(/^Max address space +(\d+) /m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  if (allowed >= LEAST_ADDRESSES) return;
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  throw new SamsrError(
    `there is not enough memory: this process may have ${megabytes(allowed)} of address space, and needs ` +
      `${megabytes(LEAST_ADDRESSES)} at least; allow more (ulimit -v)`,
  );
}

function ownLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch {
    return "";
  }
}
