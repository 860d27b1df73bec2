// Makes docs/harbour.png from examples/harbour.png with the bundled model: a part of the input with its
// pixels repeated, bicubic enlargement, and samsr. Run after a build: node examples/compare.mjs
import { fileURLToPath } from "node:url";
import { upscale } from "samsr";
import sharp from "sharp";

const input = fileURLToPath(new URL("harbour.png", import.meta.url));
const target = fileURLToPath(new URL("../docs/harbour.png", import.meta.url));
/** The part that is shown, in pixels of the input. */
const part = { left: 64, top: 34, width: 72, height: 76 };
const large = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, 4 * value]));
const { width, height } = large;

const enlarge = (kernel) => sharp(input).extract(part).resize(width, height, { kernel }).png().toBuffer();
const { data } = await upscale(input, { format: "png" });
const panels = [
  await enlarge("nearest"),
  await enlarge("cubic"),
  await sharp(data).extract(large).png().toBuffer(),
];
const gap = 8;
await sharp({ create: { width: 3 * width + 2 * gap, height, channels: 3, background: "white" } })
  .composite(panels.map((panel, i) => ({ input: panel, left: i * (width + gap), top: 0 })))
  .png()
  .toFile(target);
