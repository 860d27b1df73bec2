/**
 * A few letters of 5 x 9 pixels for labels on pictures: a machine that upscales photos need not have a font.
 */
import type { Raster } from "../raster.js";

/** Nine rows a letter from the top down, each a digit to the base 32 whose bits are its five pixels. */
const letters: Readonly<Record<string, string>> = {
  a: "00E1FHF00",
  b: "GGUHHHU00",
  c: "00FGGGF00",
  d: "11FHHHF00",
  e: "00EHVGF00",
  f: "68S888800",
  g: "00FHHHF1E",
  h: "GGUHHHH00",
  i: "40C444E00",
  j: "2062222IC",
  k: "GGIKOKI00",
  l: "C44444E00",
  m: "00QLLLL00",
  n: "00UHHHH00",
  o: "00EHHHE00",
  p: "00UHHHUGG",
  q: "00FHHHF11",
  r: "00MPGGG00",
  s: "00FGE1U00",
  t: "88S888600",
  u: "00HHHHF00",
  v: "00HHHA400",
  w: "00HLLLA00",
  x: "00HA4AH00",
  y: "00HHHHF1E",
  z: "00V248V00",
  W: "HHHLLLA00",
  "0": "EHJLPHE00",
  "1": "4C4444E00",
  "2": "EH1248V00",
  "3": "EH161HE00",
  "4": "26AIV2200",
  "5": "VGU11HE00",
  "6": "EGUHHHE00",
  "7": "V12444400",
  "8": "EHHEHHE00",
  "9": "EHHHF1E00",
  ":": "004000400",
  ".": "000000400",
  ",": "000000480",
  "%": "OP248J300",
  "-": "0000E0000",
};

const [WIDTH, HEIGHT] = [6, 9];

/** Pixels that a text takes, with the space behind its last letter. */
export function sizeOfText(text: string, scale: number): { width: number; height: number } {
  return { width: text.length * WIDTH * scale, height: HEIGHT * scale };
}

/**
 * Writes black letters, `scale` pixels a pixel, as far as they fit; letters that are not there leave a gap.
 */
export function drawText(raster: Raster, text: string, left: number, top: number, scale: number): void {
  const { width, height, channels, data } = raster;
  for (const [i, letter] of [...text].entries()) {
    const rows = letters[letter];
    if (rows === undefined) continue;
    for (let y = 0; y < HEIGHT * scale; y++) {
      const bits = Number.parseInt(rows[Math.floor(y / scale)]!, 32);
      for (let x = 0; x < 5 * scale; x++) {
        const [u, v] = [left + i * WIDTH * scale + x, top + y];
        if (!(bits & (16 >> Math.floor(x / scale))) || u >= width || v >= height) continue;
        data.fill(0, (v * width + u) * channels, (v * width + u) * channels + Math.min(channels, 3));
      }
    }
  }
}
