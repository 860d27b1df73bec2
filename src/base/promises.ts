/**
 * Creates a queue: each work begins when the one before it has ended, however it ended. With `lanes` above 1
 * so many are under way at once, and work n waits for work n - lanes.
 */
export function createQueue(lanes = 1): <T>(work: () => Promise<T>) => Promise<T> {
  const last: Promise<unknown>[] = Array.from({ length: lanes }, () => Promise.resolve());
  let next = 0;
  return (work) => {
    const lane = next++ % lanes;
    const result = last[lane].then(work);
    last[lane] = result.catch(() => {});
    return result;
  };
}

/**
 * Returns what `known` has for this key, or what `make` makes, which it has from now on. A failure is
 * forgotten, so that it may be tried again.
 */
export function remember<K, V>(known: Map<K, Promise<V>>, key: K, make: () => Promise<V>): Promise<V> {
  const found = known.get(key);
  if (found) return found;
  const made = make();
  known.set(key, made);
  made.catch(() => {
    if (known.get(key) === made) known.delete(key);
  });
  return made;
}

interface Once<T> {
  (): Promise<T>;
  /** Returns what was made or is in the making, if anything. */
  begun(): Promise<T> | undefined;
}

/**
 * Returns `make`, called when its result is first asked for; a failure is forgotten, so that it may be tried
 * again.
 */
export function once<T>(make: () => Promise<T>): Once<T> {
  const known = new Map<undefined, Promise<T>>();
  const get = () => remember(known, undefined, make);
  return Object.assign(get, { begun: () => known.get(undefined) });
}

/** Values on their way from those who push to the one who iterates. */
interface Channel<T> {
  readonly values: AsyncIterable<T>;
  /** Hands in a value; resolves when it has been taken. @throws what the channel was failed with */
  push(value: T): Promise<void>;
  /** Says that no value comes any more. */
  end(): void;
  /** Ends it for both sides with an error; the first end counts. */
  fail(error: unknown): void;
}

/** Creates a channel, whose values are taken by one reader in the order in which they were pushed. */
export function createChannel<T>(): Channel<T> {
  const waiting: { readonly value: T; taken(): void; failed(error: unknown): void }[] = [];
  let ended: { readonly error?: unknown } | undefined;
  let wake = () => {};
  async function* read(): AsyncGenerator<T> {
    for (;;) {
      const next = waiting.shift();
      if (next) {
        next.taken();
        yield next.value;
      } else if (ended) {
        if ("error" in ended) throw ended.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  }
  return {
    values: read(),
    push(value) {
      if (ended && "error" in ended) return Promise.reject(ended.error);
      return new Promise((taken, failed) => {
        waiting.push({ value, taken, failed });
        wake();
      });
    },
    end() {
      ended ??= {};
      wake();
    },
    fail(error) {
      if (ended) return;
      ended = { error };
      for (const { failed } of waiting.splice(0)) failed(error);
      wake();
    },
  };
}

/**
 * Makes something of each item, in their order, where so many of the next are begun before one is waited for.
 * What fails is thrown when its turn comes.
 */
export async function* madeAhead<T, U>(
  items: readonly T[],
  make: (item: T) => Promise<U>,
  ahead: number,
): AsyncGenerator<U> {
  const begun: Promise<U>[] = [];
  for (let i = 0; i < items.length; i++) {
    for (let next = i + begun.length; next < Math.min(i + 1 + ahead, items.length); next++) {
      const made = make(items[next]!);
      made.catch(() => {});
      begun.push(made);
    }
    yield await begun.shift()!;
  }
}

/**
 * Goes through items one by one, preparing each while the one before it is being worked on.
 * @param prepare must not reject, since nobody listens while it runs ahead
 */
export async function* oneAhead<T, U>(
  items: readonly T[],
  prepare: (item: T) => Promise<U>,
): AsyncGenerator<[item: T, prepared: U]> {
  let next = items.length > 0 ? prepare(items[0]!) : undefined;
  for (const [i, item] of items.entries()) {
    const prepared = await next!;
    next = i + 1 < items.length ? prepare(items[i + 1]!) : undefined;
    yield [item, prepared];
  }
}
