/** IEEE 754 binary16, by way of the bits of binary32. */
const float = new Float32Array(1);
const bits = new Uint32Array(float.buffer);

/**
 * Rounds numbers to IEEE 754 binary16, as their bits: to the nearest, ties to even, and to infinity beyond
 * 65504.
 */
export function toFloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    float[0] = values[i];
    const b = bits[0];
    const sign = (b >>> 16) & 0x8000;
    const magnitude = b & 0x7fffffff;
    if (magnitude >= 0x7f800000) {
      out[i] = sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
    } else if (magnitude >= 0x477ff000) {
      out[i] = sign | 0x7c00;
    } else if (magnitude >= 0x38800000) {
      const rebased = magnitude - 0x38000000;
      out[i] = sign | ((rebased + 0x0fff + ((rebased >>> 13) & 1)) >>> 13);
    } else {
      // Subnormal: a multiple of 2^-24, rounded by the float unit itself (2^23 + n keeps integers only).
      float[0] = Math.abs(values[i]) * 16777216 + 8388608;
      out[i] = sign | (bits[0] - 0x4b000000);
    }
  }
  return out;
}

/** Reads the bits of IEEE 754 binary16 numbers; every one of them is exact in 32 bits. */
export function fromFloat16(values: Uint16Array): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const h = values[i];
    const sign = h & 0x8000 ? -1 : 1;
    const exponent = (h >>> 10) & 31;
    const fraction = h & 1023;
    if (exponent === 31) out[i] = fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
    else if (exponent === 0) out[i] = sign * fraction * 2 ** -24;
    else out[i] = sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }
  return out;
}
