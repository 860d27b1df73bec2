/**
 * TensorBoard's event files: records of TensorFlow's TFRecord framing, each a protocol-buffers message
 * `Event` (tensorflow/core/util/event.proto). A record is its length, a checksum of the length, the message,
 * and a checksum of the message; checksums are CRC-32C, turned and offset so that they may be stored beside
 * what they check.
 */
import {
  type Message,
  message,
  toBytes,
  writeBytes,
  writeDouble,
  writeFloat,
  writeInteger,
  writeText,
} from "../../onnx/protobuf.js";

/** Returns the first record of every file. @param time seconds since 1970 */
export function versionRecord(time: number): Uint8Array {
  const event = eventAt(time);
  writeText(event, 3, "brain.Event:2");
  return record(toBytes(event));
}

/** Tells TensorBoard to forget what earlier files say of later steps: the run was resumed here. */
export function startRecord(time: number, step: number): Uint8Array {
  const event = eventAt(time, step);
  const log = message();
  writeInteger(log, 1, 1); // SessionLog.START
  writeBytes(event, 7, log);
  return record(toBytes(event));
}

/** Returns the record of one value for each name. */
export function scalarsRecord(
  time: number,
  step: number,
  values: Readonly<Record<string, number>>,
): Uint8Array {
  const summary = message();
  for (const [tag, value] of Object.entries(values)) {
    const scalar = message();
    writeText(scalar, 1, tag);
    writeFloat(scalar, 2, value);
    writeBytes(summary, 1, scalar);
  }
  const event = eventAt(time, step);
  writeBytes(event, 5, summary);
  return record(toBytes(event));
}

/** Returns a picture, as the bytes of a PNG file. */
export function imageRecord(
  time: number,
  step: number,
  tag: string,
  picture: { width: number; height: number; png: Uint8Array },
): Uint8Array {
  const image = message();
  writeInteger(image, 1, picture.height);
  writeInteger(image, 2, picture.width);
  writeInteger(image, 3, 3);
  writeBytes(image, 4, picture.png);
  const value = message();
  writeText(value, 1, tag);
  writeBytes(value, 4, image);
  const summary = message();
  writeBytes(summary, 1, value);
  const event = eventAt(time, step);
  writeBytes(event, 5, summary);
  return record(toBytes(event));
}

function eventAt(time: number, step = 0): Message {
  const event = message();
  writeDouble(event, 1, time);
  if (step !== 0) writeInteger(event, 2, step);
  return event;
}

function record(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(8 + 4 + data.length + 4);
  const view = new DataView(out.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(out.subarray(0, 8))), true);
  out.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return out;
}

function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Castagnoli's polynomial, bits reversed. */
const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = TABLE[(crc ^ byte) & 0xff] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
