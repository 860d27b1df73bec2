/**
 * Pictures that photographs lack, to be trained on beside them: lettering, line art, charts, flat graphics,
 * patterns. Each is an SVG that follows from its number and the seed, drawn at 512 x 512 by the system's
 * fonts.
 */
import { join } from "node:path";
import sharp from "sharp";
import { createRandom, type Random } from "../src/base/random.js";
import { writeFileAtomically } from "../src/image/index.js";

const SIDE = 512;
const FAMILIES = ["sans-serif", "serif", "monospace"] as const;
const LETTERS = "etaoinshrdlucmfwypvbgkjqxz";

/** Draws `count` pictures into a folder, as KIND-NUMBER.png; the same for the same seed and fonts. */
export async function drawAll(folder: string, count: number, seed: number): Promise<void> {
  const kinds = Object.entries(KINDS);
  for (let i = 0; i < count; i++) {
    const [name, draw] = kinds[i % kinds.length];
    const png = await sharp(Buffer.from(svg(draw(createRandom(seed, i)))))
      .flatten({ background: "white" })
      .png()
      .toBuffer();
    await writeFileAtomically(join(folder, `${name}-${String(i).padStart(4, "0")}.png`), png, {
      overwrite: true,
    });
  }
}

/** What each kind of picture is made of, as the inside of an SVG. */
const KINDS: Readonly<Record<string, (random: Random) => string>> = {
  lettering,
  lines: lineArt,
  graphics: flatGraphics,
  screen,
  pattern,
  chart,
  comic,
};

const svg = (inside: string) =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${SIDE}" height="${SIDE}">${inside}</svg>`;

const between = (random: Random, low: number, high: number) => low + (high - low) * random.next();
const pick = <T>(random: Random, items: readonly T[]): T => items[random.integer(items.length)];
const times = (count: number, make: (index: number) => string) =>
  Array.from({ length: count }, (_, i) => make(i)).join("");

function colour(random: Random, low = 0, high = 255): string {
  const level = () => Math.round(between(random, low, high));
  const grey = level();
  return random.next() < 0.4 ? `rgb(${grey},${grey},${grey})` : `rgb(${level()},${level()},${level()})`;
}

/** Paper and ink that can be told apart; dark on light three times of four. */
function paperAndInk(random: Random): { paper: string; ink: string } {
  const [light, dark] = [colour(random, 190, 255), colour(random, 0, 90)];
  const pure = random.next() < 0.4;
  const pair = pure ? { paper: "#fff", ink: "#000" } : { paper: light, ink: dark };
  return random.next() < 0.75 ? pair : { paper: pair.ink, ink: pair.paper };
}

const ground = (fill: string) => `<rect width="${SIDE}" height="${SIDE}" fill="${fill}"/>`;

function word(random: Random): string {
  const letters = Array.from(
    { length: 1 + random.integer(9) },
    () => LETTERS[Math.floor(random.next() ** 2 * LETTERS.length)],
  );
  const text = random.next() < 0.1 ? String(random.integer(100_000)) : letters.join("");
  const style = random.next();
  return style < 0.15 ? text.toUpperCase() : style < 0.35 ? text[0].toUpperCase() + text.slice(1) : text;
}

const words = (random: Random, count: number) => Array.from({ length: count }, () => word(random)).join(" ");

function textLine(random: Random, x: number, y: number, size: number, ink: string, font: string): string {
  const text = words(random, Math.ceil(SIDE / (size * 2.5)));
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${ink}" ${font}>${text}</text>`;
}

function font(random: Random): string {
  const style = random.next() < 0.2 ? ' font-style="italic"' : "";
  const weight = random.next() < 0.3 ? ' font-weight="bold"' : "";
  return `font-family="${pick(random, FAMILIES)}"${style}${weight}`;
}

function lettering(random: Random): string {
  const { paper, ink } = paperAndInk(random);
  const turn = random.next() < 0.4 ? between(random, -25, 25) : 0;
  let inside = "";
  let face = font(random);
  let size = between(random, 16, 64);
  for (let y = -40; y < SIDE + 80; y += size * between(random, 1.1, 1.5)) {
    if (random.next() < 0.15) [face, size] = [font(random), between(random, 16, 90)];
    inside += textLine(random, between(random, -60, 12), y + size, size, ink, face);
  }
  return `${ground(paper)}<g transform="rotate(${turn} 256 256)">${inside}</g>`;
}

const point = (random: Random) =>
  `${between(random, -40, SIDE + 40).toFixed(1)},${between(random, -40, SIDE + 40).toFixed(1)}`;

function stroke(random: Random, ink: string, widest: number): string {
  const width = between(random, 1.5, widest);
  const path =
    random.next() < 0.4
      ? `M${point(random)} L${point(random)}`
      : `M${point(random)} C${point(random)} ${point(random)} ${point(random)}`;
  return `<path d="${path}" fill="none" stroke="${ink}" stroke-width="${width.toFixed(1)}" stroke-linecap="round"/>`;
}

function lineArt(random: Random): string {
  const { paper, ink } = paperAndInk(random);
  const widest = between(random, 3, 14);
  return ground(paper) + times(12 + random.integer(50), () => stroke(random, ink, widest));
}

function shape(random: Random, fill: string, outline: string): string {
  const [x, y] = [between(random, 0, SIDE), between(random, 0, SIDE)];
  const [w, h] = [between(random, 8, 220), between(random, 8, 220)];
  const turn = `transform="rotate(${Math.round(between(random, 0, 180))} ${x} ${y})"`;
  const kind = random.integer(3);
  if (kind === 0)
    return `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill}" ${outline} ${turn}/>`;
  if (kind === 1)
    return `<ellipse cx="${x}" cy="${y}" rx="${w / 2}" ry="${h / 2}" fill="${fill}" ${outline} ${turn}/>`;
  const corners = Array.from(
    { length: 3 + random.integer(4) },
    () => `${x + between(random, -w, w)},${y + between(random, -h, h)}`,
  );
  return `<polygon points="${corners.join(" ")}" fill="${fill}" ${outline}/>`;
}

function flatGraphics(random: Random): string {
  const graded = random.next() < 0.4;
  const [from, to] = [colour(random), colour(random)];
  const ramp = `<defs><linearGradient id="g" gradientTransform="rotate(${random.integer(90)})"><stop offset="0" stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient></defs>`;
  return (
    ramp +
    ground(graded ? "url(#g)" : from) +
    times(3 + random.integer(25), () => shape(random, colour(random), ""))
  );
}

function screen(random: Random): string {
  const { paper, ink } = paperAndInk(random);
  const face = font(random);
  return (
    ground(paper) +
    times(4 + random.integer(8), () => {
      const [x, y] = [random.integer(SIDE), random.integer(SIDE)];
      const [w, h] = [40 + random.integer(240), 20 + random.integer(120)];
      const box = `<rect x="${x}.5" y="${y}.5" width="${w}" height="${h}" rx="${random.integer(10)}" fill="${colour(random, 120, 255)}" stroke="${ink}"/>`;
      const size = 14 + random.integer(20);
      return `${box}<text x="${x + 8}" y="${y + size + 4}" font-size="${size}" fill="#000" ${face}>${words(random, 3)}</text>`;
    })
  );
}

function pattern(random: Random): string {
  const { paper, ink } = paperAndInk(random);
  const step = between(random, 6, 48);
  const turn = random.next() < 0.5 ? 0 : between(random, 0, 90);
  const part = step * between(random, 0.3, 0.7);
  const marks = [
    `<rect width="${part}" height="${step}" fill="${ink}"/>`,
    `<path d="M0 0h${step / 2}v${step / 2}h${-step / 2}zM${step / 2} ${step / 2}h${step / 2}v${step / 2}h${-step / 2}z" fill="${ink}"/>`,
    `<circle cx="${step / 2}" cy="${step / 2}" r="${part / 2}" fill="${ink}"/>`,
    `<path d="M0 0H${step}M0 0V${step}" stroke="${ink}" stroke-width="${Math.max(2, part / 4)}" fill="none"/>`,
  ];
  const tile = `<pattern id="p" width="${step}" height="${step}" patternUnits="userSpaceOnUse" patternTransform="rotate(${turn})">${pick(random, marks)}</pattern>`;
  return `<defs>${tile}</defs>${ground(paper)}${ground("url(#p)")}`;
}

function chart(random: Random): string {
  const { paper, ink } = paperAndInk(random);
  const grid = times(
    9,
    (i) =>
      `<path d="M40 ${40 + 54 * i}H500M${40 + 54 * i} 20V480" stroke="${ink}" stroke-opacity="0.25" stroke-width="2"/>`,
  );
  const bars = times(8, (i) => {
    const height = between(random, 10, 420);
    return `<rect x="${50 + 56 * i}" y="${472 - height}" width="36" height="${height}" fill="${colour(random)}"/>`;
  });
  const heights = Array.from(
    { length: 12 },
    (_, i) => `${40 + 40 * i},${between(random, 30, 470).toFixed(0)}`,
  );
  const curve = `<polyline points="${heights.join(" ")}" fill="none" stroke="${colour(random)}" stroke-width="${between(random, 2, 7)}"/>`;
  const numbers = times(
    8,
    (i) =>
      `<text x="50" y="${54 * i + 60}" font-size="18" fill="${ink}" ${font(random)}>${random.integer(1000)}</text>`,
  );
  return ground(paper) + grid + (random.next() < 0.6 ? bars : "") + curve + numbers;
}

/** Flat areas within outlines, as drawings for print have them. */
function comic(random: Random): string {
  const width = between(random, 3, 9);
  const outline = `stroke="#000" stroke-width="${width.toFixed(1)}" stroke-linejoin="round"`;
  const shapes = times(8 + random.integer(16), () => shape(random, colour(random, 60, 255), outline));
  return ground(colour(random, 150, 255)) + shapes + times(10, () => stroke(random, "#000", width));
}
