/** Numbers for people. */

/** Bytes as 375.0 MB, of a million each, as downloads are counted. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

/** 5,680,000 */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** 12.3 GFLOP; three digits that count. */
export function gigaflop(flops: number): string {
  return `${Number((flops / 1e9).toPrecision(3)).toLocaleString("en-US", { maximumFractionDigits: 12 })} GFLOP`;
}
