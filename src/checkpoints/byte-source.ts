/** A run of bytes that readers ask for parts of, so that a file of gigabytes is never read whole. */
export interface ByteSource {
  /** What errors call the source. */
  readonly name: string;
  readonly size: number;
  /**
   * Reads `length` bytes at `offset`, possibly a view on what the caller holds; only asked for what lies
   * inside.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /**
   * Opens the file beside this one whose name ends otherwise (".bin" in place of its own ending), hands it
   * over and closes it; undefined where there is none. Left out where there is no folder.
   */
  beside?<T>(ending: string, use: (source: ByteSource) => Promise<T>): Promise<T | undefined>;
}
