/**
 * The eight ways to lay a square on itself: bit 0 flips left and right, bit 1 up and down, bit 2 transposes first.
 *
 * @param data interleaved [size, size, 3]
 * @param orientation 0..7; 0 gives `data` itself
 */
export function orient<T extends Uint8Array | Float32Array>(data: T, size: number, orientation: number): T {
  if (orientation === 0) return data;
  const out = new (data.constructor as new (length: number) => T)(data.length);
  const [flipX, flipY, transpose] = [orientation & 1, orientation & 2, orientation & 4];
  for (let y = 0, to = 0; y < size; y++) {
    for (let x = 0; x < size; x++, to += 3) {
      const u = flipX ? size - 1 - x : x;
      const v = flipY ? size - 1 - y : y;
      const from = 3 * (transpose ? u * size + v : v * size + u);
      out[to] = data[from];
      out[to + 1] = data[from + 1];
      out[to + 2] = data[from + 2];
    }
  }
  return out;
}
