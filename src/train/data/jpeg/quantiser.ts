/**
 * The steps of the quantisers that the JPEG standard gives as examples (ITU-T T.81, annex K), as libjpeg
 * scales them.
 */

// biome-ignore format: a table of 8 x 8
const LUMA = [
  16, 11, 10, 16, 24, 40, 51, 61,
  12, 12, 14, 19, 26, 58, 60, 55,
  14, 13, 16, 24, 40, 57, 69, 56,
  14, 17, 22, 29, 51, 87, 80, 62,
  18, 22, 37, 56, 68, 109, 103, 77,
  24, 35, 55, 64, 81, 104, 113, 92,
  49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];

// biome-ignore format: a table of 8 x 8
const CHROMA = [
  17, 18, 24, 47, 99, 99, 99, 99,
  18, 21, 26, 66, 99, 99, 99, 99,
  24, 26, 56, 99, 99, 99, 99, 99,
  47, 66, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99,
];

interface Quantiser {
  readonly luma: Int32Array;
  readonly chroma: Int32Array;
}

const made = new Map<number, Quantiser>();

/**
 * Makes the tables by which libjpeg divides at a quality.
 * @param quality 1 .. 100, whole
 */
export function quantiserOf(quality: number): Quantiser {
  let found = made.get(quality);
  if (!found) {
    found = { luma: scaled(LUMA, quality), chroma: scaled(CHROMA, quality) };
    made.set(quality, found);
  }
  return found;
}

function scaled(steps: readonly number[], quality: number): Int32Array {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  return Int32Array.from(steps, (step) =>
    Math.min(255, Math.max(1, Math.floor((step * percent + 50) / 100))),
  );
}
