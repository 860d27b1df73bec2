/** Makes one thing ahead of time: the next batch's inputs, while a GPU is busy with this one's. */
export interface LookAhead<T> {
  /** What `index` is, made now unless it was begun. */
  at(index: number): Promise<T>;
  /** Begins what will be asked for next; from `end` on there is nothing to begin. */
  begin(index: number): void;
  /** Waits for what was begun and never asked for. */
  settle(): Promise<void>;
}

/** @param make of an index alone, so that asking out of order gives the same @param end the first index that there is not */
export function lookAhead<T>(make: (index: number) => Promise<T>, end: number): LookAhead<T> {
  let begun: { readonly index: number; readonly made: Promise<T> } | undefined;
  return {
    at(index) {
      const made = begun?.index === index ? begun.made : make(index);
      if (begun?.index === index) begun = undefined;
      return made;
    },
    begin(index) {
      if (index >= end || begun?.index === index) return;
      const made = make(index);
      // The one who asks for it gets the error.
      made.catch(() => {});
      begun = { index, made };
    },
    async settle() {
      await begun?.made.catch(() => {});
      begun = undefined;
    },
  };
}
