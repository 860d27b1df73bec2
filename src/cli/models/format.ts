/** Numbers for people. */

/** Bytes as 375.0 MB, of a million each, as downloads are counted. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** Writes a whole number in groups of three digits, as 5,680,000. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** Writes operations as GFLOP with three digits that count, as 12.3 GFLOP. */
export function gigaflop(flops: number): string {
  return (
    `${Number((flops / 1e9).toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 12 })} ` +
    "GFLOP"
  );
}
