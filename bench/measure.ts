/**
 * Runs works in turns and times them. Times on a shared machine drift by more than what one wants to see, so
 * works that are to be compared take turns: each round runs every one of them once, a slow minute falls on
 * all alike, and ratios are taken within a round.
 */
export async function takeTurns<Name extends string>(
  works: Readonly<Record<Name, () => unknown>>,
  { rounds, warmUp = 3 }: { readonly rounds: number; readonly warmUp?: number },
): Promise<Record<Name, number[]>> {
  const names = Object.keys(works) as Name[];
  const times = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = -warmUp; round < rounds; round++) {
    for (const name of names) {
      const start = performance.now();
      await works[name]();
      if (round >= 0) times[name].push(performance.now() - start);
    }
  }
  return times;
}

/** Combines the samples of two works round by round. */
export function zip(
  f: (...values: number[]) => number,
  ...samples: readonly (readonly number[])[]
): number[] {
  return samples[0].map((_, round) => f(...samples.map((s) => s[round])));
}

/** The rate in 10^9 operations a second, from operations and milliseconds. */
export function gigaflops(flops: number, milliseconds: number): number {
  return flops / milliseconds / 1e6;
}
