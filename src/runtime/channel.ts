/** Channels between two threads, as `thread.ts` needs them. */
import { SamsrError } from "../base/errors.js";
import type { Port, PortEvents, Receive } from "./port.js";

/** Node's ports are told by these what a browser's are not. */
type NodePort = MessagePort & { ref?(): void; unref?(): void };

/** Opens one end of a channel, whose other end answers. */
export function openPort(end: NodePort, events: PortEvents): Port {
  end.onmessage = ({ data }) => events.message(data);
  end.addEventListener("close", () => events.died(new SamsrError("the other thread has ended")));
  end.unref?.();
  return {
    post: (message, transfer) => end.postMessage(message, [...transfer]),
    keepAlive: (yes) => (yes ? end.ref?.() : end.unref?.()),
    stop: async () => end.close(),
  };
}

/** Listens at one end of a channel; resolves when the other is closed, or its thread has ended. */
export function serve(end: MessagePort, receive: Receive): Promise<void> {
  return new Promise((resolve) => {
    end.addEventListener("close", () => resolve());
    end.onmessage = ({ data }) =>
      receive(data, (message, transfer) => end.postMessage(message, [...transfer]));
  });
}
