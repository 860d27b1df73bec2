/**
 * Colours for maps of numbers. The map is a straight rise in OKLab's lightness (Ottosson 2020), so that equal
 * steps of the number are equal steps to the eye, and more is brighter on paper without colour too; on the
 * way the hue turns from blue over red to yellow, which tells neighbouring values apart.
 */
export type Colour = readonly [red: number, green: number, blue: number];

const STEPS = 256;

/** Returns the colour of a number in 0..1, 0..255 each. */
export function heat(share: number): Colour {
  const step = Math.round(Math.min(1, Math.max(0, share)) * (STEPS - 1));
  return (table[step] ??= heatOf(step / (STEPS - 1)));
}

const table: (Colour | undefined)[] = new Array(STEPS);

function heatOf(share: number): Colour {
  const lightness = 0.18 + 0.8 * share;
  const hue = ((280 + 190 * share) * Math.PI) / 180;
  // As much colour as the screen can show at this lightness and hue, up to a limit that fades towards both
  // ends.
  let [low, high] = [0, 0.2 * Math.sin(Math.PI * (0.12 + 0.76 * share))];
  for (let i = 0; i < 20; i++) {
    const middle = (low + high) / 2;
    if (linearOf(lightness, middle, hue).every((v) => v >= 0 && v <= 1)) low = middle;
    else high = middle;
  }
  const [red, green, blue] = linearOf(lightness, low, hue).map((v) => Math.round(255 * gamma(v)));
  return [red, green, blue];
}

/** Converts OKLab, in polar coordinates, to linear sRGB. */
function linearOf(lightness: number, chroma: number, hue: number): number[] {
  const [a, b] = [chroma * Math.cos(hue), chroma * Math.sin(hue)];
  const l = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const m = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const s = (lightness - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
    -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
    -0.0041960863 * l - 0.7034186147 * m + 1.707614701 * s,
  ];
}

function gamma(v: number): number {
  return v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055;
}
