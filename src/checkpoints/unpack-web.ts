/** Checksums and unpacking as every browser can do them. */

/** Four tables, to take four bytes at a time: the second is the first moved on by one byte, and so on. */
const TABLES = Array.from({ length: 4 }, () => new Uint32Array(256));
for (let i = 0; i < 256; i++) {
  let bits = i;
  for (let k = 0; k < 8; k++) bits = bits & 1 ? (bits >>> 1) ^ 0xedb88320 : bits >>> 1;
  TABLES[0][i] = bits;
}
for (let i = 0; i < 256; i++) {
  for (let t = 1; t < 4; t++) {
    TABLES[t][i] = (TABLES[t - 1][i] >>> 8) ^ TABLES[0][TABLES[t - 1][i] & 255];
  }
}

/** Returns the checksum of ZIP archives (ISO 3309, reflected polynomial 0xedb88320). */
export function crc32(bytes: Uint8Array): number {
  const [first, second, third, fourth] = TABLES;
  let crc = 0xffffffff;
  let i = 0;
  for (; i + 4 <= bytes.length; i += 4) {
    crc ^= bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    crc = fourth[crc & 255] ^ third[(crc >>> 8) & 255] ^ second[(crc >>> 16) & 255] ^ first[crc >>> 24];
  }
  for (; i < bytes.length; i++) crc = first[(crc ^ bytes[i]) & 255] ^ (crc >>> 8);
  return ~crc >>> 0;
}

/** Unpacks deflated data to at most `most` bytes; throws where there are more, or none that can be read. */
export async function inflate(packed: Uint8Array, most: number): Promise<Uint8Array> {
  const stream = new Blob([packed as BlobPart]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  const reader = stream.getReader();
  const out = new Uint8Array(most);
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return out.subarray(0, length);
    if (length + value.length > most) {
      await reader.cancel();
      throw new RangeError(`it unpacks to more than ${most} bytes`);
    }
    out.set(value, length);
    length += value.length;
  }
}
