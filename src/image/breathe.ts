/** Long enough that the pauses cost nothing, short enough that nobody notices the work between them. */
const millisecondsAtOnce = 15;

/**
 * Lets other work of this thread in now and then. The returned function is called inside a long loop, every
 * millisecond or so; it pauses when the last pause lies back far enough.
 */
export function createBreather(): () => Promise<void> {
  let resumed = performance.now();
  return async () => {
    if (performance.now() - resumed < millisecondsAtOnce) return;
    await new Promise((resolve) => setTimeout(resolve));
    resumed = performance.now();
  };
}
