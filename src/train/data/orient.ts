/**
 * Lays a square on itself in one of eight ways: bit 0 flips left and right, bit 1 up and down, bit 2
 * transposes first.
 *
 * @param planar [channels, size, size]
 * @param orientation 0..7; 0 gives `planar` itself
 */
export function orient(planar: Float32Array, size: number, orientation: number): Float32Array {
  if (orientation === 0) return planar;
  const out = new Float32Array(planar.length);
  const [flipX, flipY, transpose] = [orientation & 1, orientation & 2, orientation & 4];
  for (let plane = 0, to = 0; to < out.length; plane += size * size) {
    for (let y = 0; y < size; y++) {
      const v = flipY ? size - 1 - y : y;
      for (let x = 0; x < size; x++, to++) {
        const u = flipX ? size - 1 - x : x;
        out[to] = planar[plane + (transpose ? u * size + v : v * size + u)];
      }
    }
  }
  return out;
}
