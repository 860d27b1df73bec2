/**
 * The inner loop of ONNX Runtime's matrix products in WASM, again, for processors that multiply and add in
 * one instruction. Its packages are built without relaxed SIMD, so half of what they could compute is lost,
 * and convolutions and products are two thirds of a network's time. This puts a kernel of our own before
 * theirs, in the module's bytes before they are compiled: it takes two rows of A and all whole blocks of 16
 * columns, and theirs is called for the rest.
 */
import { advance, get, int, set, unsigned, vector } from "../base/wasm.js";
import { replaceFunctions } from "./wasm-module.js";

/**
 * The two kernels of onnxruntime-web 1.30.0, known by the length of their bodies and a hash: the one that
 * writes C, and the one that adds to it. Of another version they are not found, and stay.
 */
const KERNELS = [
  { length: 2040, hash: 0x3eacadd4, adds: false },
  { length: 1922, hash: 0xca587132, adds: true },
] as const;

/** A module of one function, whose one instruction of note is the multiplication with addition. */
const RELAXED = [
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0, 0x0a, 19, 1, 17, 0],
  ...[0x41, 0, 0xfd, 0x0f, 0x41, 0, 0xfd, 0x0f, 0x41, 0, 0xfd, 0x0f, 0xfd, 0x85, 2, 0x0b],
];

/** Tells whether this engine has relaxed SIMD. */
export function hasRelaxedSimd(): boolean {
  return WebAssembly.validate(Uint8Array.from(RELAXED));
}

/**
 * Puts our kernel before ONNX Runtime's.
 * @param bytes `ort-wasm-simd-threaded.wasm`
 * @returns the module; undefined where its kernels are not those that are known
 */
export function withMatrixKernel(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const result = replaceFunctions(bytes, (body) => {
    const found = KERNELS.find(({ length, hash }) => body.length === length && hashOf(body) === hash);
    return found && ((theirs) => kernel(theirs, found.adds));
  });
  return result.replaced === KERNELS.length ? result.bytes : undefined;
}

/** Hashes bytes by FNV-1a of 32 bits. */
function hashOf(bytes: Uint8Array): number {
  return bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
}

const ROWS = 2;

/** Columns of a block, as B is packed: [columns / 16, K, 16]. */
const COLUMNS = 16;

/** Vectors in a row of a block. */
const VECTORS = COLUMNS / 4;

/** How often the inner loop is unrolled. */
const STEPS = 4;

/** The parameters of the kernel; leading dimensions are in numbers, not bytes. */
const [A, B, C, K, M, N, LDA, LDC, ALPHA] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

/**
 * The locals: where the kernel reads, what is left of K, the factor in all lanes, A's two numbers, B's
 * vector, sums.
 */
const [UPPER, LOWER, BLOCK, LEFT, FACTOR, ABOVE, BELOW, VECTOR, SUMS] = [9, 10, 11, 12, 13, 14, 15, 16, 17];
const LOCALS = [2, 4, 0x7f, 4 + ROWS * VECTORS, 0x7b];

const tee = (local: number) => [0x22, local];
const load = (offset: number) => vector(0, 4, ...unsigned(offset));
const loadToAll = (offset: number) => vector(9, 2, ...unsigned(offset));
const store = (offset: number) => vector(11, 4, ...unsigned(offset));
const call = (index: number) => [0x10, ...unsigned(index)];
const [loop, block, condition, end] = [[0x03, 0x40], [0x02, 0x40], [0x04, 0x40], [0x0b]] as const;
const exitTo = (depth: number) => [0x0d, depth];
const again = [0x0c, 0];
const [isZero, less, notLess, add, subtract, or, shift, shiftBack] = [
  [0x45],
  [0x49],
  [0x4f],
  [0x6a],
  [0x6b],
  [0x72],
  [0x74],
  [0x76],
] as const;
const toAll = vector(0x13);
const multiply = vector(0xe6);
const multiplyAdd = vector(0x105);

const sum = (row: number, column: number) => SUMS + row * VECTORS + column;
const columns = Array.from({ length: VECTORS }, (_, i) => i);

/**
 * Returns a body with the parameters of ONNX Runtime's kernel, which it calls for what is not in whole
 * blocks.
 */
function kernel(theirs: number, adds: boolean): number[] {
  return [
    ...LOCALS,
    ...[...get(M), ...int(ROWS), ...less, ...get(N), ...int(COLUMNS), ...less, ...or],
    ...[...get(K), ...isZero, ...or, ...condition],
    ...[A, B, C, K, M, N, LDA, LDC, ALPHA].flatMap(get),
    ...[...call(theirs), 0x0f, ...end],
    // From here on leading dimensions are in bytes.
    ...[LDA, LDC].flatMap((of) => [...get(of), ...int(2), ...shift, ...set(of)]),
    ...[...get(ALPHA), ...toAll, ...set(FACTOR)],
    ...loop,
    ...columns.flatMap((j) => [0, 1].flatMap((row) => [...zeros, ...set(sum(row, j))])),
    ...[...get(A), ...tee(UPPER), ...get(LDA), ...add, ...set(LOWER)],
    ...[...get(B), ...set(BLOCK), ...get(K), ...set(LEFT)],
    ...products(),
    ...[...get(B), ...get(K), ...int(6), ...shift, ...add, ...set(B)],
    ...[0, 1].flatMap((row) => columns.flatMap((j) => write(row, j, adds))),
    ...advance(C, 4 * COLUMNS),
    ...advance(N, -COLUMNS),
    ...[...get(N), ...int(COLUMNS), ...notLess, ...exitTo(0), ...end],
    ...[...get(N), ...condition],
    ...[A, B, C, K].flatMap(get),
    ...[...int(ROWS), ...get(N)],
    ...[LDA, LDC].flatMap((of) => [...get(of), ...int(2), ...shiftBack]),
    ...[...get(ALPHA), ...call(theirs), 0x1a, ...end],
    ...[...int(ROWS), ...end],
  ];
}

const zeros = vector(12, ...new Array<number>(16).fill(0));

/**
 * Returns the sums over K. Between two steps the loop may end, and this is what makes it fast: an engine that
 * sees them as one loads all of B's vectors first, and then has too few registers.
 */
function products(): number[] {
  const step = (n: number) => [
    ...[...get(UPPER), ...loadToAll(4 * n), ...set(ABOVE)],
    ...[...get(LOWER), ...loadToAll(4 * n), ...set(BELOW)],
    ...columns.flatMap((j) => [
      ...[...get(BLOCK), ...load(4 * COLUMNS * n + 16 * j), ...set(VECTOR)],
      ...[ABOVE, BELOW].flatMap((number, row) => [
        ...[...get(number), ...get(VECTOR), ...get(sum(row, j)), ...multiplyAdd, ...set(sum(row, j))],
      ]),
    ]),
    ...[...get(LEFT), ...int(1), ...subtract, ...tee(LEFT), ...isZero, ...exitTo(1)],
  ];
  return [
    ...block,
    ...loop,
    ...Array.from({ length: STEPS }, (_, n) => step(n)).flat(),
    ...[...advance(UPPER, 4 * STEPS), ...advance(LOWER, 4 * STEPS), ...advance(BLOCK, 4 * COLUMNS * STEPS)],
    ...[...again, ...end, ...end],
  ];
}

/** Writes one vector of C: what was summed, times the factor. */
function write(row: number, column: number, adds: boolean): number[] {
  const place = row === 0 ? get(C) : [...get(C), ...get(LDC), ...add];
  const value = adds
    ? [...get(FACTOR), ...place, ...load(16 * column), ...multiplyAdd]
    : [...get(FACTOR), ...multiply];
  return [...place, ...get(sum(row, column)), ...value, ...store(16 * column)];
}
