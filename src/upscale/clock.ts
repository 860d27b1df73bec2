/** Adds up the milliseconds of each part of a job. */
export interface Clock {
  time<T>(part: Part, work: () => Promise<T> | T): Promise<T>;
  /** Adds milliseconds that something else has measured. */
  add(part: Part, milliseconds: number): void;
  /** Returns whole milliseconds of each part, and since the clock was made. */
  read(): Record<Part | "total", number>;
}

type Part = "masks" | "noise" | "load" | "encode" | "network" | "decode" | "blend";

export function createClock(): Clock {
  const begun = performance.now();
  const spent: Record<Part, number> = {
    masks: 0,
    noise: 0,
    load: 0,
    encode: 0,
    network: 0,
    decode: 0,
    blend: 0,
  };
  return {
    async time(part, work) {
      const start = performance.now();
      try {
        return await work();
      } finally {
        spent[part] += performance.now() - start;
      }
    },
    add(part, milliseconds) {
      spent[part] += milliseconds;
    },
    read() {
      const all = { ...spent, total: performance.now() - begun };
      return Object.fromEntries(
        Object.entries(all).map(([part, ms]) => [part, Math.round(ms)]),
      ) as typeof all;
    },
  };
}
