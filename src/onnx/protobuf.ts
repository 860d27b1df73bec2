/**
 * Just enough of the protocol-buffers wire format (protobuf.dev/programming-guides/encoding) to write an ONNX
 * model: varints, 32-bit floats, and length-delimited bytes. A message is a list of chunks; large tensors are
 * kept by reference until the one copy into the file.
 */
export type Chunk = Uint8Array | Message;

export interface Message {
  readonly chunks: Chunk[];
  size: number;
}

const text = new TextEncoder();

export function message(): Message {
  return { chunks: [], size: 0 };
}

export function writeInteger(m: Message, field: number, value: number | bigint): void {
  push(m, Uint8Array.from([...varint(field << 3), ...varint(value)]));
}

export function writeFloat(m: Message, field: number, value: number): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  push(m, Uint8Array.from([...varint((field << 3) | 5), ...bytes]));
}

export function writeBytes(m: Message, field: number, value: Chunk): void {
  const size = value instanceof Uint8Array ? value.byteLength : value.size;
  push(m, Uint8Array.from([...varint((field << 3) | 2), ...varint(size)]));
  push(m, value);
}

export function writeText(m: Message, field: number, value: string): void {
  writeBytes(m, field, text.encode(value));
}

/** A repeated integer field, packed. */
export function writeIntegers(m: Message, field: number, values: readonly number[]): void {
  writeBytes(m, field, Uint8Array.from(values.flatMap((v) => varint(v))));
}

export function toBytes(m: Message): Uint8Array {
  const out = new Uint8Array(m.size);
  let offset = 0;
  const copy = (chunk: Chunk) => {
    if (!(chunk instanceof Uint8Array)) return chunk.chunks.forEach(copy);
    out.set(chunk, offset);
    offset += chunk.byteLength;
  };
  copy(m);
  return out;
}

function push(m: Message, chunk: Chunk): void {
  m.chunks.push(chunk);
  m.size += chunk instanceof Uint8Array ? chunk.byteLength : chunk.size;
}

function varint(value: number | bigint): number[] {
  // Negative integers are written as their 64-bit two's complement.
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}
