/**
 * `samsr masks`: what the method knows of a picture before the network sees it, as PNGs of the picture's own
 * size, to be flipped through beside it.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { bleedColour, createRaster, decode, encodeToFile, type Raster, toEightBits } from "../image/index.js";
import { LATENT_CHANNELS } from "../networks/index.js";
import {
  type Coverage,
  type CoverageSummary,
  coverageOf,
  coverBackground,
  createNoiseAsync,
  type LabelMap,
  type Noise,
  segmentRegions,
  semanticWeight,
  summarise,
} from "../semantics/index.js";
import { readMasks } from "../semantics/mask-files.js";
import { readStandardInput } from "./inputs.js";
import { checkFolder, refuseExisting } from "./outputs.js";
import { coveragePicture, greyPicture, levelsOf, overlay } from "./overlay.js";
import { createReporter } from "./reporter.js";

export interface MasksArguments {
  out: string;
  /** regions, or a path. */
  masks: string;
  seed: number;
  variant: "paper" | "release";
  overwrite?: boolean;
  pixelLimit?: number;
  json?: boolean;
  quiet?: boolean;
}

/** What `--json` prints. */
export interface MasksResult {
  input: string;
  width: number;
  height: number;
  /** Number of masks. */
  masks: number;
  coverage: CoverageSummary;
  files: string[];
}

/** Noise has unit variance; this many grey levels show one standard deviation. */
const GREYS_A_DEVIATION = 50;

/** Lines of noise made at once: all 48 channels are drawn, though three are shown. */
const NOISE_LINES = 16;

export async function masksCommand(
  input: string,
  options: MasksArguments,
  signal: AbortSignal,
): Promise<number> {
  const { out, overwrite, variant, seed } = options;
  const reporter = createReporter(options);
  const name = input === "-" ? "standard input" : input;
  await checkFolder(join(out, "masks.png"), true);
  const source = input === "-" ? await readStandardInput(signal) : input;
  const { raster } = await decode(source, { name, pixelLimit: options.pixelLimit });
  const { width, height } = raster;

  const { levels, count, coverage } = await findMasks(raster, options);
  signal.throwIfAborted();
  const noise = await createNoiseAsync(
    { seed, width, height, channels: LATENT_CHANNELS, coverage, variant },
    signal,
  );
  const pictures: Record<string, () => Raster> = {};
  levels.forEach((level, i) => (pictures[`masks-${i + 1}.png`] = () => overlay(raster, level)));
  pictures["coverage.png"] = () => coveragePicture(coverage);
  pictures["weight.png"] = () => greyPicture(semanticWeight(coverage), width, height);
  pictures["noise.png"] = () => noisePicture(noise);

  const files = Object.keys(pictures).map((file) => join(out, file));
  for (const file of files) await refuseExisting(file, overwrite);
  await mkdir(out, { recursive: true });
  for (const [i, draw] of Object.values(pictures).entries()) {
    await encodeToFile(draw(), files[i]!, { format: "png", overwrite, signal });
    signal.throwIfAborted();
  }

  const facts = summarise(coverage);
  const result: MasksResult = { input: name, width, height, masks: count, coverage: facts, files };
  if (options.json) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
  const covered = `${Math.round(100 * facts.covered)} % covered, by ${facts.mean.toFixed(1)} masks on average`;
  reporter.say(`${name}: ${count} masks on ${levels.length} levels, ${covered}, ${facts.maximum} at most`);
  reporter.say(files.join("\n"));
  return 0;
}

interface Masks {
  levels: LabelMap[];
  count: number;
  coverage: Coverage;
}

async function findMasks(raster: Raster, { masks, variant }: MasksArguments): Promise<Masks> {
  const { width, height } = raster;
  if (masks !== "regions") {
    const set = await readMasks(masks, width, height, { variant });
    return { levels: levelsOf(set), count: set.masks.length, coverage: coverageOf(set) };
  }
  // What the upscaler segments too: 8 bits, colours bled under what is transparent, no alpha beside grey.
  const { channels, data } = toEightBits(await bleedColour(raster));
  const visible = channels === 2 ? data.filter((_, i) => i % 2 === 0) : data;
  const regions = segmentRegions({ width, height, data: visible as Uint8Array });
  const coverage = variant === "release" ? coverBackground(regions.coverage) : regions.coverage;
  return { levels: regions.levels(), count: regions.count, coverage };
}

/** The first three of the 48 channels (red, green, blue of each pixel's upper left quarter), grey at 0. */
function noisePicture(noise: Noise): Raster {
  const { width, height } = noise;
  const out = createRaster(width, height, 3);
  for (let top = 0; top < height; top += NOISE_LINES) {
    const lines = Math.min(NOISE_LINES, height - top);
    const strip = noise.fill(0, top, width, lines);
    for (let c = 0; c < 3; c++) {
      for (let i = 0; i < lines * width; i++) {
        const grey = 128 + GREYS_A_DEVIATION * strip[c * lines * width + i]!;
        out.data[3 * (top * width + i) + c] = Math.max(0, Math.min(255, grey));
      }
    }
  }
  return out;
}
