/**
 * A Node worker must not be stopped while it is inside ONNX Runtime: the binding then throws into an
 * environment that is shutting down, and the whole process aborts. So a thread's native work passes a gate
 * that its owner can shut. Two cells of shared memory, in the manner of Dekker's algorithm: the worker first
 * says that it is going in and then looks whether the gate is shut, the owner first shuts it and then looks
 * whether somebody is in. One of the two always sees the other. A worker that finds the gate shut sleeps
 * there, and a sleeping worker may be stopped.
 */
const INSIDE = 0;
const SHUT = 1;

let gate: Int32Array<SharedArrayBuffer> | undefined;

/** Makes an open gate in shared memory, to be handed to one worker. */
export function createGate(): Int32Array<SharedArrayBuffer> {
  return new Int32Array(new SharedArrayBuffer(8));
}

/** Makes this worker's native work pass a gate; called once in a worker. */
export function useGate(shared: Int32Array<SharedArrayBuffer>): void {
  gate = shared;
}

/**
 * Runs work that must not be cut off, past this thread's gate. Outside a worker there is none, and nothing is
 * added.
 */
export async function native<T>(work: () => Promise<T>): Promise<T> {
  if (!gate) return work();
  Atomics.add(gate, INSIDE, 1);
  if (Atomics.load(gate, SHUT)) {
    leave(gate);
    Atomics.wait(gate, SHUT, 1);
  }
  try {
    return await work();
  } finally {
    leave(gate);
  }
}

function leave(shared: Int32Array<SharedArrayBuffer>): void {
  Atomics.sub(shared, INSIDE, 1);
  Atomics.notify(shared, INSIDE);
}

/** Shuts a gate and waits, without blocking, until nobody is inside. */
export async function shutGate(
  shared: Int32Array<SharedArrayBuffer>,
  stillAlive: () => boolean,
): Promise<void> {
  Atomics.store(shared, SHUT, 1);
  while (stillAlive() && Atomics.load(shared, INSIDE) > 0) await new Promise((done) => setTimeout(done, 2));
}

/**
 * Shuts a gate for a process that is exiting and has no event loop left: blocks until nobody is inside, for
 * at most `limit` milliseconds.
 */
export function shutGateNow(shared: Int32Array<SharedArrayBuffer>, limit: number): void {
  Atomics.store(shared, SHUT, 1);
  const end = Date.now() + limit;
  for (let inside = Atomics.load(shared, INSIDE); inside > 0; inside = Atomics.load(shared, INSIDE)) {
    if (Atomics.wait(shared, INSIDE, inside, Math.max(0, end - Date.now())) === "timed-out") return;
  }
}
