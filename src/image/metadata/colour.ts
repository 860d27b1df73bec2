/**
 * Colour told without a profile: by code points (ITU-T H.273, in PNG's cICP and AVIF's nclx) or by PNG's gAMA
 * and cHRM. A format that knows none of these gets a profile that says the same: a matrix to D50 and a curve
 * (ICC.1:2022).
 */
import { ascii, join, latin1, viewOf } from "../containers/bytes.js";

export interface ColourDescription {
  /** Code points for primaries and transfer. */
  readonly cicp?: { readonly primaries: number; readonly transfer: number };
  /** The exponent that values were coded with, such as 0.45455; where there are no code points. */
  readonly gamma?: number;
  /** The chromaticities x and y of white, red, green and blue, where there are no code points. */
  readonly chromaticities?: readonly number[];
}

const d65 = [0.3127, 0.329];

/**
 * White, red, green, blue of the code points for primaries; those left out are of television past or no
 * colours.
 */
const primariesOf: Record<number, readonly number[]> = {
  1: [...d65, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06],
  4: [0.31, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08],
  5: [...d65, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06],
  6: [...d65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07],
  7: [...d65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07],
  9: [...d65, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046],
  11: [0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06],
  12: [...d65, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06],
};

type Curve = { readonly gamma: number } | "srgb" | "bt709" | "pq" | "hlg";

const curveOf: Record<number, Curve> = {
  1: "bt709",
  4: { gamma: 2.2 },
  5: { gamma: 2.8 },
  6: "bt709",
  8: { gamma: 1 },
  13: "srgb",
  14: "bt709",
  15: "bt709",
  16: "pq",
  18: "hlg",
};

/** Returns the name of a transfer that means more light than white paper has, or undefined. */
export function hdrName({ cicp }: ColourDescription): "PQ" | "HLG" | undefined {
  return cicp?.transfer === 16 ? "PQ" : cicp?.transfer === 18 ? "HLG" : undefined;
}

/** Fills in code points: unspecified values (2) mean what a picture without any word means: sRGB. */
function described(
  colour: ColourDescription,
): { chromaticities: readonly number[]; curve: Curve } | undefined {
  const { cicp, gamma, chromaticities } = colour;
  if (cicp) {
    const primaries = primariesOf[cicp.primaries === 2 ? 1 : cicp.primaries];
    const curve = curveOf[cicp.transfer === 2 ? 13 : cicp.transfer];
    return primaries && curve && { chromaticities: primaries, curve };
  }
  if (gamma === undefined && chromaticities === undefined) return undefined;
  const curve: Curve =
    gamma === undefined || Math.abs(gamma - 1 / 2.2) < 0.002 ? "srgb" : { gamma: 1 / gamma };
  return { chromaticities: chromaticities ?? primariesOf[1]!, curve };
}

/**
 * Tells whether the colours are sRGB's, as those of a picture that says nothing are. BT.709 video is shown
 * like it.
 */
function isPlain({ chromaticities, curve }: { chromaticities: readonly number[]; curve: Curve }): boolean {
  const srgb = primariesOf[1]!;
  return (
    (curve === "srgb" || curve === "bt709") && chromaticities.every((v, i) => Math.abs(v - srgb[i]!) < 0.002)
  );
}

/**
 * Returns a profile that says what the code points or gAMA and cHRM say, for RGB or for grey; undefined where
 * that is sRGB, or something that no matrix and curve can say.
 */
export function profileOf(colour: ColourDescription, greyscale: boolean): Uint8Array | undefined {
  const space = described(colour);
  if (space === undefined || isPlain(space)) return undefined;
  const columns = matrixToD50(space.chromaticities);
  if (columns === undefined || columns.some((v) => !Number.isFinite(v))) return undefined;
  const curve = curveElement(space.curve);
  const xyz = (at: number) => xyzElement([columns[at]!, columns[at + 3]!, columns[at + 6]!]);
  const tags: [string, Uint8Array][] = [
    ["desc", words(nameOf(colour))],
    ["cprt", words("No copyright, use freely")],
    ["wtpt", xyzElement(d50)],
  ];
  if (greyscale) tags.push(["kTRC", curve]);
  else {
    tags.push(["rXYZ", xyz(0)], ["gXYZ", xyz(1)], ["bXYZ", xyz(2)]);
    tags.push(["rTRC", curve], ["gTRC", curve], ["bTRC", curve]);
  }
  if (colour.cicp && hdrName(colour)) {
    const { primaries, transfer } = colour.cicp;
    tags.push(["cicp", join(ascii("cicp\0\0\0\0"), Uint8Array.of(primaries, transfer, 0, 1))]);
  }
  return assemble(tags, greyscale);
}

function nameOf({ cicp }: ColourDescription): string {
  if (cicp === undefined) return "Gamma and primaries of a PNG";
  return `CICP ${cicp.primaries}/${cicp.transfer}`;
}

const d50 = [0.96422, 1, 0.82521];

/** Rows of RGB to XYZ, adapted to D50 (Bradford), row by row. */
function matrixToD50(chromaticities: readonly number[]): number[] | undefined {
  const [xw, yw, ...rgb] = chromaticities as [number, number, ...number[]];
  const toXyz = (x: number, y: number) => [x / y, 1, (1 - x - y) / y];
  const columns = [0, 2, 4].map((i) => toXyz(rgb[i]!, rgb[i + 1]!));
  const rows = [0, 1, 2].flatMap((row) => columns.map((column) => column[row]!));
  const white = toXyz(xw, yw);
  const inverse = inverted(rows);
  if (inverse === undefined) return undefined;
  const scale = times(inverse, white);
  const matrix = rows.map((value, i) => value * scale[i % 3]!);
  const bradford = [0.8951, 0.2664, -0.1614, -0.7502, 1.7135, 0.0367, 0.0389, -0.0685, 1.0296];
  const [from, to] = [times(bradford, white), times(bradford, d50)];
  const cone = bradford.map((value, i) => (value * to[Math.floor(i / 3)]!) / from[Math.floor(i / 3)]!);
  return product(product(inverted(bradford)!, cone), matrix);
}

function times(matrix: readonly number[], vector: readonly number[]): number[] {
  return [0, 3, 6].map((at) => [0, 1, 2].reduce((sum, i) => sum + matrix[at + i]! * vector[i]!, 0));
}

function product(a: readonly number[], b: readonly number[]): number[] {
  return a.map((_, i) => [0, 1, 2].reduce((sum, k) => sum + a[i - (i % 3) + k]! * b[3 * k + (i % 3)]!, 0));
}

function inverted(m: readonly number[]): number[] | undefined {
  const [a, b, c, d, e, f, g, h, i] = m as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g);
  if (!(Math.abs(determinant) > 1e-9)) return undefined;
  const adjugate = [
    e * i - f * h,
    c * h - b * i,
    b * f - c * e,
    f * g - d * i,
    a * i - c * g,
    c * d - a * f,
    d * h - e * g,
    b * g - a * h,
    a * e - b * d,
  ];
  return adjugate.map((value) => value / determinant);
}

function s15Fixed16(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  for (const [i, value] of values.entries()) viewOf(bytes).setInt32(4 * i, Math.round(value * 65536));
  return bytes;
}

function xyzElement(values: readonly number[]): Uint8Array {
  return join(ascii("XYZ \0\0\0\0"), s15Fixed16(values));
}

/** Writes text in one language (multiLocalizedUnicodeType). */
function words(text: string): Uint8Array {
  const out = new Uint8Array(28 + 2 * text.length);
  const view = viewOf(out);
  out.set(ascii("mluc"));
  view.setUint32(8, 1);
  view.setUint32(12, 12);
  out.set(ascii("enUS"), 16);
  view.setUint32(20, 2 * text.length);
  view.setUint32(24, 28);
  for (let i = 0; i < text.length; i++) view.setUint16(28 + 2 * i, text.charCodeAt(i));
  return out;
}

/** The light of white paper in a PQ signal, as a share of its 10,000 cd/m2 (ITU-R BT.2408: 203 cd/m2). */
const paperWhite = 0.0203;

function curveElement(curve: Curve): Uint8Array {
  if (typeof curve === "object") return parametric(0, [curve.gamma]);
  if (curve === "srgb") return parametric(3, [2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045]);
  if (curve === "bt709") return parametric(3, [1 / 0.45, 1 / 1.099, 0.099 / 1.099, 1 / 4.5, 0.081]);
  const entries = 4096;
  const out = new Uint8Array(12 + 2 * entries);
  out.set(ascii("curv"));
  viewOf(out).setUint32(8, entries);
  for (let i = 0; i < entries; i++) {
    const light =
      curve === "pq" ? pqLight(i / (entries - 1)) / paperWhite : hlgLight(i / (entries - 1)) / 0.265;
    viewOf(out).setUint16(12 + 2 * i, Math.round(65535 * Math.min(1, light)));
  }
  return out;
}

/** Computes SMPTE ST 2084: signal to light, as a share of 10,000 cd/m2. */
function pqLight(signal: number): number {
  const [m1, m2, c1, c2, c3] = [0.1593017578125, 78.84375, 0.8359375, 18.8515625, 18.6875] as const;
  const power = signal ** (1 / m2);
  return (Math.max(0, power - c1) / (c2 - c3 * power)) ** (1 / m1);
}

/** Computes ITU-R BT.2100's inverse OETF of HLG: signal to the light of the scene. */
function hlgLight(signal: number): number {
  const [a, b, c] = [0.17883277, 0.28466892, 0.55991073] as const;
  return signal <= 0.5 ? signal ** 2 / 3 : (Math.exp((signal - c) / a) + b) / 12;
}

function parametric(kind: number, values: readonly number[]): Uint8Array {
  return join(ascii("para\0\0\0\0"), Uint8Array.of(0, kind, 0, 0), s15Fixed16(values));
}

function assemble(tags: readonly (readonly [string, Uint8Array])[], greyscale: boolean): Uint8Array {
  const table = new Uint8Array(4 + 12 * tags.length);
  viewOf(table).setUint32(0, tags.length);
  const elements: Uint8Array[] = [];
  const places = new Map<Uint8Array, number>();
  let at = 128 + table.length;
  for (const [i, [signature, element]] of tags.entries()) {
    if (!places.has(element)) {
      places.set(element, at);
      const padded = new Uint8Array((element.length + 3) & ~3);
      padded.set(element);
      elements.push(padded);
      at += padded.length;
    }
    table.set(ascii(signature), 4 + 12 * i);
    viewOf(table).setUint32(8 + 12 * i, places.get(element)!);
    viewOf(table).setUint32(12 + 12 * i, element.length);
  }
  const header = new Uint8Array(128);
  const view = viewOf(header);
  view.setUint32(0, at);
  view.setUint32(8, 0x04400000);
  header.set(ascii(greyscale ? "mntrGRAYXYZ " : "mntrRGB XYZ "), 12);
  // A date is needed, and the same picture shall always give the same bytes.
  for (const [i, value] of [2026, 1, 1].entries()) view.setUint16(24 + 2 * i, value);
  header.set(ascii("acsp"), 36);
  header.set(s15Fixed16(d50), 68);
  return join(header, table, ...elements);
}

/**
 * Tells whether a colour profile is made for pixels of this kind: `RGB ` or `GRAY` in its header (ICC.1,
 * 7.2.6).
 */
export function profileFits(icc: Uint8Array, greyscale: boolean): boolean {
  return latin1(icc.subarray(16, 20)) === (greyscale ? "GRAY" : "RGB ");
}
