/**
 * Archives of arrays by numpy (NEP 1): a ZIP file of .npy files, each a header in Python's notation and the
 * numbers. The published parameters of NIQE come as one.
 */
import { SamsrError } from "../../base/errors.js";
import { sourceOfBytes } from "../../checkpoints/source.js";
import { readZip } from "../../checkpoints/zip.js";

interface NumpyArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/**
 * Arrays of little-endian float64 or float32; the numbers come row by row, however the file has them.
 * @throws {SamsrError} naming the file and what is wrong with it
 */
export async function readNpz(bytes: Uint8Array, name: string): Promise<ReadonlyMap<string, NumpyArray>> {
  const fail = (what: string): never => {
    throw new SamsrError(`${name}: not a readable .npz file: ${what}`);
  };
  const zip = await readZip(sourceOfBytes(bytes, name), fail);
  const arrays = new Map<string, NumpyArray>();
  for (const entry of zip.entries.values()) {
    if (!entry.name.endsWith(".npy")) continue;
    const array = parseNpy(await zip.read(entry), (what) => fail(`${entry.name}: ${what}`));
    arrays.set(entry.name.slice(0, -".npy".length), array);
  }
  return arrays;
}

const MAGIC = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

function parseNpy(bytes: Uint8Array, fail: (what: string) => never): NumpyArray {
  if (bytes.length < 12 || MAGIC.some((byte, i) => bytes[i] !== byte)) fail("not an array of numpy");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const wide = bytes[6] >= 2;
  const start = (wide ? 12 : 10) + (wide ? view.getUint32(8, true) : view.getUint16(8, true));
  if (start > bytes.length) fail("its header ends too early");
  const header = new TextDecoder("latin1").decode(bytes.subarray(wide ? 12 : 10, start));
  const type = /'descr':\s*'<f([48])'/.exec(header)?.[1];
  if (type === undefined) fail("expected little-endian floats");
  const shape = (/'shape':\s*\(([\d,\s]*)\)/.exec(header)?.[1] ?? fail("it has no shape"))
    .split(",")
    .filter((size) => size.trim() !== "")
    .map(Number);
  const count = shape.reduce((a, b) => a * b, 1);
  const width = Number(type);
  if (start + count * width !== bytes.length)
    fail(`[${shape}] does not fit its ${bytes.length - start} bytes`);
  const read = (i: number) =>
    width === 8 ? view.getFloat64(start + 8 * i, true) : view.getFloat32(start + 4 * i, true);
  const columnsFirst = /'fortran_order':\s*True/.test(header) && shape.length > 1;
  if (columnsFirst && shape.length > 2) fail("expected C order for more than two dimensions");
  const [rows, columns] = shape;
  const place = columnsFirst
    ? (i: number) => (i % columns) * rows + Math.floor(i / columns)
    : (i: number) => i;
  return { shape, data: Float64Array.from({ length: count }, (_, i) => read(place(i))) };
}
