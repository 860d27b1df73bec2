/**
 * Just enough of the protocol-buffers wire format (protobuf.dev/programming-guides/encoding) to write an ONNX
 * model: varints, 32-bit floats, and length-delimited bytes. A message is a list of chunks; large tensors are
 * kept by reference until the one copy into the file, or made only then.
 */
type Chunk = Uint8Array | Message | Deferred;

/** Bytes whose number is known before they are made. */
export interface Deferred {
  readonly size: number;
  readonly make: () => Uint8Array;
}

/** A message under construction: its chunks, and how many bytes they have together. */
export interface Message {
  readonly chunks: Chunk[];
  size: number;
}

const text = new TextEncoder();

/** Starts an empty message. */
export function message(): Message {
  return { chunks: [], size: 0 };
}

/** Appends an integer field, as a varint. */
export function writeInteger(m: Message, field: number, value: number | bigint): void {
  push(m, Uint8Array.from([...varint(field << 3), ...varint(value)]));
}

/** Appends a field of a 32-bit float. */
export function writeFloat(m: Message, field: number, value: number): void {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  push(m, Uint8Array.from([...varint((field << 3) | 5), ...bytes]));
}

export function writeDouble(m: Message, field: number, value: number): void {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value, true);
  push(m, Uint8Array.from([...varint((field << 3) | 1), ...bytes]));
}

/** Appends a field of bytes, or of a message inside this one. */
export function writeBytes(m: Message, field: number, value: Chunk): void {
  const size = value instanceof Uint8Array ? value.byteLength : value.size;
  push(m, Uint8Array.from([...varint((field << 3) | 2), ...varint(size)]));
  push(m, value);
}

/** Appends a field of text, in UTF-8. */
export function writeText(m: Message, field: number, value: string): void {
  writeBytes(m, field, text.encode(value));
}

/** Appends a repeated integer field, packed. */
export function writeIntegers(m: Message, field: number, values: readonly number[]): void {
  writeBytes(m, field, Uint8Array.from(values.flatMap((v) => varint(v))));
}

/** Copies a message into one array. */
export function toBytes(m: Message): Uint8Array {
  const out = new Uint8Array(m.size);
  let offset = 0;
  for (const piece of pieces(m)) {
    out.set(piece, offset);
    offset += piece.byteLength;
  }
  return out;
}

/** Lists the bytes of a message in order; what is deferred is made as its turn comes, and not kept. */
export function* pieces(chunk: Chunk): Generator<Uint8Array> {
  if (chunk instanceof Uint8Array) yield chunk;
  else if ("make" in chunk) yield chunk.make();
  else for (const part of chunk.chunks) yield* pieces(part);
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
