/** Asks the worker that makes small pictures, one after the other. */
import { createQueue, once } from "../src/base/promises.js";

const inTurn = createQueue();
const worker = once(
  async () => new Worker(new URL("./thumbnail-worker.ts", import.meta.url), { type: "module" }),
);

/** Returns a small picture of a file; undefined for what the browser cannot decode, or should not. */
export function thumbnail(file: File): Promise<Blob | undefined> {
  return inTurn(async () => {
    const { port1, port2 } = new MessageChannel();
    const answer = new Promise<Blob | undefined>((resolve) => {
      port1.onmessage = ({ data }) => resolve(data);
    });
    (await worker()).postMessage(file, [port2]);
    return answer.finally(() => port1.close());
  });
}
