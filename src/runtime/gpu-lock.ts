/**
 * ONNX Runtime's WebGPU provider keeps one context for the whole process and does not guard it: two threads
 * that run GPU sessions at the same moment crash the process (onnxruntime issues 27592 and 32561, 1.30
 * included). One after the other is fine, and a GPU gains nothing from two queues. So in Node all threads of
 * a process share this lock, one integer of shared memory: 0, or the number of the thread that is using the
 * GPU.
 */
const MAIN_THREAD = 1;

let lock: Int32Array<SharedArrayBuffer> | undefined;
let self = MAIN_THREAD;

/** Returns the lock of this process, in shared memory, to be handed to its workers. */
export function gpuLock(): Int32Array<SharedArrayBuffer> {
  lock ??= new Int32Array(new SharedArrayBuffer(4));
  return lock;
}

/** Makes this worker take turns with the thread that started it; called once in a worker. */
export function useGpuLock(shared: Int32Array<SharedArrayBuffer>, threadId: number): void {
  lock = shared;
  self = threadId + MAIN_THREAD;
}

/** Runs work while no other thread of this process uses the GPU, and waits for its turn without blocking. */
export async function aloneOnGpu<T>(work: () => Promise<T>): Promise<T> {
  const shared = gpuLock();
  while (Atomics.compareExchange(shared, 0, 0, self) !== 0) await new Promise((done) => setTimeout(done, 1));
  try {
    return await work();
  } finally {
    Atomics.store(shared, 0, 0);
  }
}

/** Gives back the turn of a thread that is gone, by its number. */
export function releaseGpuOf(threadId: number): void {
  Atomics.compareExchange(gpuLock(), 0, threadId + MAIN_THREAD, 0);
}
