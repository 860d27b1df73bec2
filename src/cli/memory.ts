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
 * Bytes of address space that a large picture needs where V8 sets 10 GB of it aside for each memory of
 * WebAssembly, in place of comparing addresses with the memory's end: 50e9 were enough, 40e9 were not.
 */
const GUARDED_ADDRESSES = 60e9;

/** Node's option by which V8 compares addresses, so that no more is set aside than is used. */
const COMPARING = "--disable-wasm-trap-handler";

/**
 * Refuses to begin what would end in a crash.
 * @param limits what Linux says of a process's limits
 * @param options what Node was started with
 * @throws SamsrError when they leave too little memory
 */
export function demandMemory(limits = ownLimits(), options = ownOptions()): void {
  const allowed = Number(/^Max address space +(\d+) /m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  const comparing = options.includes(COMPARING);
  if (allowed >= (comparing ? LEAST_ADDRESSES : GUARDED_ADDRESSES)) return;
  const megabytes = (bytes: number) => `${Math.round(bytes / 1e6)} MB`;
  if (allowed >= LEAST_ADDRESSES) {
    throw new SamsrError(
      `this process may have ${megabytes(allowed)} of address space, and Node sets ` +
        `${megabytes(GUARDED_ADDRESSES)} of it aside; set NODE_OPTIONS=${COMPARING}, or allow more (ulimit -v)`,
    );
  }
  throw new SamsrError(
    `there is not enough memory: this process may have ${megabytes(allowed)} of address space, and needs ` +
      `${megabytes(LEAST_ADDRESSES)} at least; allow more (ulimit -v)`,
  );
}

function ownOptions(): string {
  return [...process.execArgv, process.env.NODE_OPTIONS].join(" ");
}

function ownLimits(): string {
  try {
    return readFileSync("/proc/self/limits", "latin1");
  } catch {
    return "";
  }
}
