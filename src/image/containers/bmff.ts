/**
 * The boxes of AVIF and HEIC (ISO/IEC 14496-12 and 23008-12): a length, a type, data. What the decoder does
 * not pass on is read here: what the colours mean, and whether the file is a sequence. And what belongs
 * beside the pixels is put in: colours are properties of the picture's item, EXIF and XMP are items of their
 * own that describe it.
 */
import { ascii, join, latin1, spells, viewOf } from "./bytes.js";

interface Box {
  readonly type: string;
  /** Where its data begins, and where it ends. */
  readonly start: number;
  readonly end: number;
}

function* boxes(bytes: Uint8Array, from: number, to: number): Generator<Box> {
  const view = viewOf(bytes);
  for (let at = from; at + 8 <= to; ) {
    let length = view.getUint32(at);
    let start = at + 8;
    if (length === 1) {
      if (at + 16 > to) return;
      length = Number(view.getBigUint64(at + 8));
      start = at + 16;
    } else if (length === 0) length = to - at;
    const end = at + length;
    if (length < start - at || end > to) return;
    yield { type: latin1(bytes.subarray(at + 4, at + 8)), start, end };
    at = end;
  }
}

/**
 * Finds the first box at the end of a path of types. `meta`'s children begin four bytes later than those of
 * others.
 */
function find(bytes: Uint8Array, path: readonly string[], from = 0, to = bytes.length): Box | undefined {
  const [type, ...rest] = path;
  for (const box of boxes(bytes, from, to)) {
    if (box.type !== type) continue;
    if (rest.length === 0) return box;
    const found = find(bytes, rest, box.start + (type === "meta" ? 4 : 0), box.end);
    if (found) return found;
  }
  return undefined;
}

interface Cicp {
  /** Code points of ITU-T H.273. */
  readonly primaries: number;
  readonly transfer: number;
}

/**
 * Tells where the first `nclx` colour information has its primaries; transfer and matrix follow, two bytes
 * each.
 */
function nclxAt(bytes: Uint8Array): number | undefined {
  const properties = find(bytes, ["meta", "iprp", "ipco"]);
  if (properties === undefined) return undefined;
  for (const { type, start, end } of boxes(bytes, properties.start, properties.end)) {
    if (type === "colr" && spells(bytes, "nclx", start) && end - start >= 11) return start + 4;
  }
  return undefined;
}

/**
 * Reads what the colours mean, as `nclx` tells it, and whether they are stored as RGB (without loss, most
 * likely).
 */
export function readNclx(bytes: Uint8Array): (Cicp & { matrix: number }) | undefined {
  const at = nclxAt(bytes);
  if (at === undefined) return undefined;
  const view = viewOf(bytes);
  return { primaries: view.getUint16(at), transfer: view.getUint16(at + 2), matrix: view.getUint16(at + 4) };
}

/** Returns the longest width and height that any picture of the file claims; 0 where none is told. */
export function bmffSize(bytes: Uint8Array): { width: number; height: number } {
  const [size, view] = [{ width: 0, height: 0 }, viewOf(bytes)];
  const properties = find(bytes, ["meta", "iprp", "ipco"]);
  if (properties === undefined) return size;
  for (const { type, start, end } of boxes(bytes, properties.start, properties.end)) {
    if (type !== "ispe" || end - start < 12) continue;
    size.width = Math.max(size.width, view.getUint32(start + 4));
    size.height = Math.max(size.height, view.getUint32(start + 8));
  }
  return size;
}

/** Frames of an image sequence (the samples of its first track); 0 for a still picture. */
export function sequenceFrames(bytes: Uint8Array): number {
  const sizes = find(bytes, ["moov", "trak", "mdia", "minf", "stbl", "stsz"]);
  if (sizes === undefined || sizes.end - sizes.start < 12) return 0;
  return viewOf(bytes).getUint32(sizes.start + 8);
}

/**
 * Returns an animated AVIF as the still picture that lies beside its film, which is all that decoders without
 * films take; they go by the first brand alone.
 * @returns undefined for a file that says of itself that it is a still picture, or has none
 */
export function asStill(bytes: Uint8Array): Uint8Array | undefined {
  if (!spells(bytes, "avis", 8) || find(bytes, ["meta", "pitm"]) === undefined) return undefined;
  const still = bytes.slice();
  still.set(ascii("avif"), 8);
  return still;
}

interface AvifAdditions {
  readonly cicp?: Cicp;
  readonly icc?: Uint8Array;
  readonly exif?: Uint8Array;
  readonly xmp?: Uint8Array;
}

/**
 * Returns an AVIF with these properties and items. The file has to be laid out as the encoder does it:
 * `ftyp`, `meta`, `mdat`, every item in one piece by its place in the file. The bytes given may be changed.
 */
export function avifWith(bytes: Uint8Array, { cicp, icc, exif, xmp }: AvifAdditions): Uint8Array {
  const added = [
    ...(exif ? [{ type: "Exif", data: join(new Uint8Array(4), exif), content: "" }] : []),
    ...(xmp ? [{ type: "mime", data: xmp, content: "application/rdf+xml\0" }] : []),
  ];
  const known = nclxAt(bytes);
  if (known !== undefined && cicp) {
    viewOf(bytes).setUint16(known, cicp.primaries);
    viewOf(bytes).setUint16(known + 2, cicp.transfer);
  }
  const properties = [
    ...(icc ? [box("colr", ascii("prof"), icc)] : []),
    ...(cicp && known === undefined ? [box("colr", nclx(cicp))] : []),
  ];
  if (added.length === 0 && properties.length === 0) return bytes;
  const meta = find(bytes, ["meta"]);
  if (meta === undefined) throw new Error("an AVIF without meta");
  const children = new Map<string, Uint8Array>();
  for (const { type, start, end } of boxes(bytes, meta.start + 4, meta.end)) {
    children.set(type, bytes.subarray(start, end));
  }
  const child = (type: string) => {
    const data = children.get(type);
    if (data === undefined) throw new Error(`an AVIF without ${type}`);
    return data;
  };
  const primary = viewOf(child("pitm")).getUint16(4);
  const locations = readLocations(child("iloc"));
  const firstId = Math.max(...locations.map(({ id }) => id)) + 1;

  const rest = bytes.subarray(meta.end);
  const build = (shift: number, appendedAt: number) => {
    let at = appendedAt;
    const places = locations.map((place) => ({ ...place, offset: place.offset + shift }));
    for (const [i, { data }] of added.entries()) {
      places.push({ id: firstId + i, offset: at, length: data.length });
      at += data.length;
    }
    const parts = [...children].map(([type, data]) => {
      if (type === "iloc") return box("iloc", writeLocations(places));
      if (type === "iinf") return box("iinf", withItems(data, firstId, added));
      if (type === "iprp") return box("iprp", withProperties(data, primary, properties));
      if (type === "iref") return box("iref", data, descriptions(firstId, added.length, primary));
      return box(type, data);
    });
    if (!children.has("iref") && added.length > 0) {
      parts.push(box("iref", new Uint8Array(4), descriptions(firstId, added.length, primary)));
    }
    return box("meta", new Uint8Array(4), ...parts);
  };
  const before = bytes.subarray(0, find(bytes, ["ftyp"])!.end);
  const length = build(0, 0).length;
  const shift = before.length + length - meta.end;
  const appended = box("mdat", ...added.map(({ data }) => data));
  const whole = build(shift, before.length + length + rest.length + 8);
  return join(before, whole, rest, ...(added.length > 0 ? [appended] : []));
}

function box(type: string, ...data: readonly Uint8Array[]): Uint8Array {
  const body = join(...data);
  const head = new Uint8Array(8);
  viewOf(head).setUint32(0, body.length + 8);
  head.set(ascii(type), 4);
  return join(head, body);
}

const u16 = (value: number) => Uint8Array.of(value >> 8, value & 255);

function u32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  viewOf(out).setUint32(0, value);
  return out;
}

/**
 * Makes the colour information: full range; the matrix is BT.601's, which the encoder uses where it does not
 * say another.
 */
function nclx({ primaries, transfer }: Cicp): Uint8Array {
  return join(ascii("nclx"), u16(primaries), u16(transfer), u16(6), Uint8Array.of(0x80));
}

interface Location {
  readonly id: number;
  readonly offset: number;
  readonly length: number;
}

function readLocations(iloc: Uint8Array): Location[] {
  const view = viewOf(iloc);
  const version = view.getUint8(0);
  const sizes = [view.getUint8(4) >> 4, view.getUint8(4) & 15, view.getUint8(5) >> 4] as const;
  let at = 6;
  const take = (size: number) => {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + view.getUint8(at++);
    return value;
  };
  const count = take(version < 2 ? 2 : 4);
  return Array.from({ length: count }, () => {
    const id = take(version < 2 ? 2 : 4);
    if (version > 0 && take(2) !== 0) throw new Error("an item that lies elsewhere than in the file");
    take(2);
    const base = take(sizes[2]);
    if (take(2) !== 1) throw new Error("an item in several pieces");
    return { id, offset: base + take(sizes[0]), length: take(sizes[1]) };
  });
}

function writeLocations(places: readonly Location[]): Uint8Array {
  const entries = places.map(({ id, offset, length }) =>
    join(u16(id), u16(0), u16(1), u32(offset), u32(length)),
  );
  return join(new Uint8Array(4), Uint8Array.of(0x44, 0), u16(places.length), ...entries);
}

function withItems(
  iinf: Uint8Array,
  firstId: number,
  items: readonly { type: string; content: string }[],
): Uint8Array {
  if (iinf[0] !== 0) throw new Error("an iinf of another version");
  const count = viewOf(iinf).getUint16(4);
  // Flag 1 hides an item: it is no picture.
  const entries = items.map(({ type, content }, i) =>
    box("infe", Uint8Array.of(2, 0, 0, 1), u16(firstId + i), u16(0), ascii(`${type}\0${content}`)),
  );
  return join(iinf.subarray(0, 4), u16(count + items.length), iinf.subarray(6), ...entries);
}

function descriptions(firstId: number, count: number, primary: number): Uint8Array {
  const references = Array.from({ length: count }, (_, i) =>
    box("cdsc", u16(firstId + i), u16(1), u16(primary)),
  );
  return join(...references);
}

function withProperties(iprp: Uint8Array, primary: number, properties: readonly Uint8Array[]): Uint8Array {
  const parts: Uint8Array[] = [];
  let known = 0;
  for (const { type, start, end } of boxes(iprp, 0, iprp.length)) {
    const data = iprp.subarray(start, end);
    if (type === "ipco") {
      known = [...boxes(data, 0, data.length)].length;
      parts.push(box("ipco", data, ...properties));
    } else if (type === "ipma") parts.push(box("ipma", associate(data, primary, known, properties.length)));
  }
  return join(...parts);
}

/** Adds the properties after the known ones to those of the primary item. */
function associate(ipma: Uint8Array, primary: number, known: number, count: number): Uint8Array {
  if (ipma[0] !== 0 || (ipma[3]! & 1) !== 0) throw new Error("an ipma of another version");
  const entries = viewOf(ipma).getUint32(4);
  const parts: Uint8Array[] = [ipma.subarray(0, 8)];
  let at = 8;
  for (let i = 0; i < entries; i++) {
    const id = viewOf(ipma).getUint16(at);
    const associations = ipma[at + 2]!;
    const end = at + 3 + associations;
    if (id !== primary) parts.push(ipma.subarray(at, end));
    else {
      const more = Uint8Array.from({ length: count }, (_, k) => known + 1 + k);
      parts.push(u16(id), Uint8Array.of(associations + count), ipma.subarray(at + 3, end), more);
    }
    at = end;
  }
  return join(...parts);
}
