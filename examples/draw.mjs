// Draws examples/harbour.png: a small picture of our own, with the things that make upscaling hard (thin
// slanted lines, curves, lettering-like marks, texture, soft gradients). Every pixel is the mean of 8 x 8
// samples of a function of the place. Run: node examples/draw.mjs
import { fileURLToPath } from "node:url";
import sharp from "sharp";

const [WIDTH, HEIGHT, SAMPLES] = [192, 128, 8];

/** A number in [0, 1) for a lattice point, always the same. */
function lattice(x, y, salt) {
  let h = Math.imul(x, 374761393) ^ Math.imul(y, 668265263) ^ Math.imul(salt, 2246822519);
  h = Math.imul(h ^ (h >>> 13), 1274126177);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
}

/** Value noise: lattice numbers joined smoothly. */
function noise(x, y, salt) {
  const [ix, iy] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - ix, y - iy].map((t) => t * t * (3 - 2 * t));
  const row = (j) => lattice(ix, iy + j, salt) * (1 - fx) + lattice(ix + 1, iy + j, salt) * fx;
  return row(0) * (1 - fy) + row(1) * fy;
}

const mix = (a, b, t) => a.map((v, i) => v + (b[i] - v) * t);

/** The colour at a place of the unit picture, x in [0, 1.5], y in [0, 1]. */
function colourAt(x, y) {
  const horizon = 0.58;
  const sail = boat(x - 0.78, y - 0.78);
  if (sail) return sail;
  if (y > horizon) return water(x, y, horizon);
  let colour = mix([92, 140, 196], [247, 214, 170], (y / horizon) ** 1.6);
  if (Math.hypot(x - 1.18, y - 0.3) < 0.075) colour = [255, 240, 205];
  const cloud = noise(x * 5, y * 16, 1) * 0.6 + noise(x * 11, y * 34, 2) * 0.4;
  colour = mix(colour, [255, 250, 244], Math.max(0, cloud - 0.52) * 1.6);
  const hill = 0.46 - 0.12 * Math.sin(2.1 * x + 0.6) - 0.02 * noise(x * 40, 0, 3);
  if (y > hill) colour = mix([58, 92, 74], [112, 132, 92], noise(x * 70, y * 70, 4));
  for (let i = 0; i < 7; i++) {
    const house = houseAt(x, y, 0.06 + i * 0.13 + 0.03 * lattice(i, 1, 5), horizon, i);
    if (house) colour = house;
  }
  return colour;
}

function houseAt(x, y, left, horizon, i) {
  const wide = 0.085 + 0.03 * lattice(i, 2, 6);
  const high = 0.12 + 0.1 * lattice(i, 3, 6);
  const [u, v] = [(x - left) / wide, (horizon - y) / high];
  if (u < 0 || u > 1 || v < 0) return undefined;
  if (v > 1) {
    const roof = v - 1 < 0.35 * (1 - Math.abs(2 * u - 1));
    return roof ? ((v * 40) % 1 < 0.3 ? [120, 52, 40] : [158, 70, 52]) : undefined;
  }
  const walls = [
    [236, 222, 196],
    [214, 160, 120],
    [196, 204, 208],
    [228, 190, 110],
  ];
  const [wu, wv] = [(u * 3) % 1, (v * 3) % 1];
  if (wu > 0.3 && wu < 0.7 && wv > 0.25 && wv < 0.8) {
    return Math.abs(wu - 0.5) < 0.04 || Math.abs(wv - 0.52) < 0.03 ? [245, 245, 240] : [48, 58, 78];
  }
  return mix(walls[i % 4], [150, 140, 130], 0.25 * noise(x * 160, y * 160, 7));
}

function water(x, y, horizon) {
  const depth = (y - horizon) / (1 - horizon);
  const ripple = Math.sin(90 * depth ** 0.6 + 9 * noise(x * 9, y * 30, 8)) * 0.5 + 0.5;
  let colour = mix([126, 158, 182], [30, 62, 92], depth * 0.8 + 0.2 * ripple);
  colour = mix(colour, [255, 232, 190], Math.max(0, 0.5 - Math.abs(x - 1.18) * 4) * ripple);
  return colour;
}

function boat(x, y) {
  if (y > 0 && y < 0.05 && Math.abs(x) < 0.16 - y) return y < 0.012 ? [250, 250, 250] : [150, 34, 38];
  if (Math.abs(x + 0.002) < 0.004 && y <= 0 && y > -0.34) return [70, 48, 34];
  if (x > 0.01 && y < -0.02 && y > -0.32 && x < 0.01 + (y + 0.32) * 0.42) {
    return (x * 26 + y * 9) % 1 > 0.86 ? [196, 60, 52] : [252, 248, 236];
  }
  // Rigging: lines thinner than a pixel of the small picture.
  for (const slope of [-0.45, -0.3, 0.52]) {
    if (y <= 0 && y > -0.33 && Math.abs(x - (y + 0.33) * slope) < 0.0016) return [60, 44, 36];
  }
  return undefined;
}

const pixels = Buffer.alloc(WIDTH * HEIGHT * 3);
for (let py = 0; py < HEIGHT; py++) {
  for (let px = 0; px < WIDTH; px++) {
    const sum = [0, 0, 0];
    for (let s = 0; s < SAMPLES * SAMPLES; s++) {
      const x = px + ((s % SAMPLES) + 0.5) / SAMPLES;
      const y = py + (Math.floor(s / SAMPLES) + 0.5) / SAMPLES;
      colourAt(x / HEIGHT, y / HEIGHT).forEach((v, c) => {
        sum[c] += v;
      });
    }
    sum.forEach((v, c) => {
      pixels[(py * WIDTH + px) * 3 + c] = Math.round(Math.min(255, Math.max(0, v / SAMPLES ** 2)));
    });
  }
}
const target = fileURLToPath(new URL("harbour.png", import.meta.url));
await sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
  .png()
  .toFile(target);
