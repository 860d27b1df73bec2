/**
 * What a block of 8 x 8 pixels is after JPEG's transform, quantisation and the way back, in whole numbers.
 *
 * The transform is the one of Loeffler, Ligtenberg and Moschytz ("Practical fast 1-D DCT algorithms with 11
 * multiplications", ICASSP 1989) with its constants at 13 bits and two more bits kept between the passes.
 * Those choices are libjpeg's "islow", so that every pixel is what a file written and read by it holds. Its
 * outputs are 8 times the DCT's.
 */

const BITS = 13;
/** Kept between the passes. */
const PASS_BITS = 2;

const fixed = (value: number) => Math.round(value * 2 ** BITS);
const C0_298 = fixed(0.298631336);
const C0_390 = fixed(0.39018064);
const C0_541 = fixed(0.5411961);
const C0_765 = fixed(0.765366865);
const C0_899 = fixed(0.899976223);
const C1_175 = fixed(1.175875602);
const C1_501 = fixed(1.50132111);
const C1_847 = fixed(1.847759065);
const C1_961 = fixed(1.96157056);
const C2_053 = fixed(2.053119869);
const C2_562 = fixed(2.562915447);
const C3_072 = fixed(3.072711026);

/**
 * Passes a plane of 8-bit values through transform and quantisation, in place.
 *
 * @param plane [height, width], both sides divisible by 8
 * @param steps the 64 steps of the quantiser, row after row
 */
export function quantisePlane(plane: Uint8Array, width: number, height: number, steps: Int32Array): void {
  for (let y = 0; y < height; y += 8) {
    for (let x = 0; x < width; x += 8) quantiseBlock(plane, y * width + x, width, steps);
  }
}

const block = new Int32Array(64);

function quantiseBlock(plane: Uint8Array, origin: number, stride: number, steps: Int32Array): void {
  for (let y = 0, from = origin; y < 8; y++, from += stride) {
    for (let x = 0; x < 8; x++) block[8 * y + x] = plane[from + x] - 128;
  }
  for (let row = 0; row < 64; row += 8) forward(row, 1, -PASS_BITS);
  for (let column = 0; column < 8; column++) forward(column, 8, PASS_BITS);
  for (let i = 0; i < 64; i++) {
    const step = steps[i];
    const value = block[i];
    // To the nearest multiple, halves away from 0; 8 times the step, because the transform is 8 times the
    // DCT.
    const level =
      value < 0 ? -(((4 * step - value) / (8 * step)) | 0) : ((4 * step + value) / (8 * step)) | 0;
    block[i] = level * step;
  }
  for (let column = 0; column < 8; column++) inverse(column, 8, BITS - PASS_BITS);
  for (let row = 0; row < 64; row += 8) inverse(row, 1, BITS + PASS_BITS + 3);
  for (let y = 0, to = origin; y < 8; y++, to += stride) {
    for (let x = 0; x < 8; x++) {
      const value = block[8 * y + x] + 128;
      plane[to + x] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}

/** Transforms eight values of the block, `step` apart; the result has `drop` fewer bits (negative: more). */
function forward(at: number, step: number, drop: number): void {
  const i1 = at + step;
  const i2 = at + 2 * step;
  const i3 = at + 3 * step;
  const i4 = at + 4 * step;
  const i5 = at + 5 * step;
  const i6 = at + 6 * step;
  const i7 = at + 7 * step;
  const s0 = block[at] + block[i7];
  const d0 = block[at] - block[i7];
  const s1 = block[i1] + block[i6];
  const d1 = block[i1] - block[i6];
  const s2 = block[i2] + block[i5];
  const d2 = block[i2] - block[i5];
  const s3 = block[i3] + block[i4];
  const d3 = block[i3] - block[i4];

  const sum0 = s0 + s3;
  const sum1 = s1 + s2;
  const difference0 = s0 - s3;
  const difference1 = s1 - s2;
  if (drop < 0) {
    block[at] = (sum0 + sum1) << -drop;
    block[i4] = (sum0 - sum1) << -drop;
  } else {
    const half = 1 << (drop - 1);
    block[at] = (sum0 + sum1 + half) >> drop;
    block[i4] = (sum0 - sum1 + half) >> drop;
  }

  const shift = BITS + drop;
  const half = 1 << (shift - 1);
  const turned = (difference0 + difference1) * C0_541 + half;
  block[i2] = (turned + difference0 * C0_765) >> shift;
  block[i6] = (turned - difference1 * C1_847) >> shift;

  const both = (d3 + d1 + d2 + d0) * C1_175 + half;
  const z1 = -(d3 + d0) * C0_899;
  const z2 = -(d2 + d1) * C2_562;
  const z3 = both - (d3 + d1) * C1_961;
  const z4 = both - (d2 + d0) * C0_390;
  block[i7] = (d3 * C0_298 + z1 + z3) >> shift;
  block[i5] = (d2 * C2_053 + z2 + z4) >> shift;
  block[i3] = (d1 * C3_072 + z2 + z3) >> shift;
  block[i1] = (d0 * C1_501 + z1 + z4) >> shift;
}

/** Transforms back, 2^(BITS - shift) times as large. */
function inverse(at: number, step: number, shift: number): void {
  const i1 = at + step;
  const i2 = at + 2 * step;
  const i3 = at + 3 * step;
  const i4 = at + 4 * step;
  const i5 = at + 5 * step;
  const i6 = at + 6 * step;
  const i7 = at + 7 * step;
  const half = 1 << (shift - 1);

  const turned = (block[i2] + block[i6]) * C0_541;
  const even2 = turned - block[i6] * C1_847;
  const even3 = turned + block[i2] * C0_765;
  const even0 = ((block[at] + block[i4]) << BITS) + half;
  const even1 = ((block[at] - block[i4]) << BITS) + half;
  const e0 = even0 + even3;
  const e1 = even1 + even2;
  const e2 = even1 - even2;
  const e3 = even0 - even3;

  const d0 = block[i7];
  const d1 = block[i5];
  const d2 = block[i3];
  const d3 = block[i1];
  const both = (d0 + d2 + d1 + d3) * C1_175;
  const z1 = -(d0 + d3) * C0_899;
  const z2 = -(d1 + d2) * C2_562;
  const z3 = both - (d0 + d2) * C1_961;
  const z4 = both - (d1 + d3) * C0_390;
  const o0 = d0 * C0_298 + z1 + z3;
  const o1 = d1 * C2_053 + z2 + z4;
  const o2 = d2 * C3_072 + z2 + z3;
  const o3 = d3 * C1_501 + z1 + z4;

  block[at] = (e0 + o3) >> shift;
  block[i7] = (e0 - o3) >> shift;
  block[i1] = (e1 + o2) >> shift;
  block[i6] = (e1 - o2) >> shift;
  block[i2] = (e2 + o1) >> shift;
  block[i5] = (e2 - o1) >> shift;
  block[i3] = (e3 + o0) >> shift;
  block[i4] = (e3 - o0) >> shift;
}
