/** Long enough that the pauses cost nothing, short enough that nobody notices the work between them. */
const MILLISECONDS_AT_ONCE = 15;

/**
 * Makes a function that yields to the event loop, so that a long loop lets other work of its thread in. The
 * loop awaits it every millisecond or so; it gives way when the loop has had the thread for 15 ms, and else
 * returns at once.
 */
export function createYield(): () => Promise<void> {
  let resumed = performance.now();
  return async () => {
    if (performance.now() - resumed < MILLISECONDS_AT_ONCE) return;
    await pause();
    resumed = performance.now();
  };
}

/** A hidden page's timers may wait for a minute, its messages do not. */
const pause: () => Promise<unknown> =
  "document" in globalThis
    ? () =>
        new Promise((resolve) => {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = resolve;
          port2.postMessage(undefined);
        })
    : () => new Promise((resolve) => setTimeout(resolve));
