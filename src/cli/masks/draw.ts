/**
 * The semantics of one picture as pictures, in a folder: one sheet to look at, its parts as PNGs of the
 * picture's own size to be flipped through, and the masks one by one, to be used again by `--masks FOLDER`.
 */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { sheetOf } from "../../image/drawing/sheet.js";
import {
  bleedColour,
  createRaster,
  decode,
  encodeToFile,
  type Raster,
  toRgb,
  writeFileAtomically,
} from "../../image/index.js";
import { LATENT_CHANNELS } from "../../networks/index.js";
import type { Device } from "../../runtime/index.js";
import { heatPicture, levelsOf, overlay, topmostOf } from "../../semantics/drawing/overlay.js";
import {
  areaOf,
  boxOf,
  type Coverage,
  type CoverageSource,
  createNoiseAsync,
  type Found,
  type FoundMask,
  type Noise,
  pixelsOf,
  prepareMasks,
  type Runs,
  runsOf,
  semanticWeight,
  summarise,
} from "../../semantics/index.js";
import { MASKS_FOLDER } from "../../semantics/mask-files.js";
import type { SamSaid } from "../../semantics/sam/words.js";
import { type Input, readStandardInput } from "../inputs.js";
import { checkFolder, refuseExisting } from "../outputs.js";
import type { Reporter } from "../reporter.js";

/** What the command takes, its options by their long names. */
export interface MasksArguments extends SamSaid {
  out: string;
  /** One of `SOURCE_NAMES`, or a path; left out, what belongs to the network that is named, else regions. */
  masks?: string;
  /** Which Segment Anything. */
  model?: string;
  /** Which coverage network. */
  coverage?: string;
  enlarged?: boolean;
  cache: boolean;
  seed: number;
  variant: "paper" | "release";
  device: Device | "auto";
  threads?: number;
  overwrite?: boolean;
  recursive?: boolean;
  pixelLimit?: number;
  json?: boolean;
  quiet?: boolean;
}

/** What `--json` prints is an array of these, the masks of each input in the order of the generator. */
export interface MaskResult {
  /** First column and row, and how far it is from there to the last ones: the public generator's box. */
  bbox: [x: number, y: number, width: number, height: number];
  area: number;
  /** From here on: Segment Anything's only. */
  predicted_iou?: number;
  stability_score?: number;
  point?: readonly [x: number, y: number];
  input: string;
  file: string;
}

/** Noise has unit variance; this many grey levels show one standard deviation. */
const GREYS_A_DEVIATION = 50;

/** Lines of noise made at once: all 48 channels are drawn, though three are shown. */
const NOISE_LINES = 16;

/** What all pictures of a run share. */
export interface Batch {
  options: MasksArguments & { masks: string };
  source: CoverageSource;
  reporter: Reporter;
  signal: AbortSignal;
}

/** Does one picture. @returns its masks, for programs */
export async function drawSemantics(input: Input, folder: string, batch: Batch): Promise<MaskResult[]> {
  const { options, source, reporter, signal } = batch;
  const { variant, seed, overwrite } = options;
  await checkFolder(join(folder, MASKS_FOLDER, "x"));
  const file = input.path ?? (await readStandardInput(signal));
  const { raster } = await decode(file, { name: input.name, pixelLimit: options.pixelLimit });
  const { width, height } = raster;
  for (const name of ["masks-1.png", ...FIXED_FILES, MASKS_FOLDER]) {
    await refuseExisting(join(folder, name), overwrite);
  }

  // What the upscaler looks at too: colours bled under what is transparent.
  const found = await source.find(await bleedColour(raster), {
    ...{ signal, progress: (value) => reporter.bar.update({ stage: "masks", ...value }) },
  });
  const { coverage } = found;
  const masks = found.masks();
  const inPicture = masks.map(({ runs }) => inSizeOf(raster, runs));
  signal.throwIfAborted();
  reporter.bar.update({ stage: "drawing", done: 0, total: 1 });
  const noise = await createNoiseAsync(
    {
      ...{ seed, width, height, channels: LATENT_CHANNELS, variant },
      coverage: options.masks === "none" ? undefined : coverage,
    },
    signal,
  );
  await mkdir(join(folder, MASKS_FOLDER), { recursive: true });
  await removeOlder(folder);

  const levels = levelsOf(inPicture);
  const pictures = mapsOf(raster, inPicture, coverage, noise);
  const { photo: _, masks: __, ...maps } = pictures;
  const drawn = [
    ...levels.map((level, i) => ({ file: `masks-${i + 1}.png`, draw: () => overlay(raster, level) })),
    ...Object.entries(maps).map(([file, { draw }]) => ({ file: `${file}.png`, draw })),
    { file: "sheet.png", draw: () => sheetOf(Object.values(pictures)) },
    ...masks.map(({ runs }, i) => ({ file: maskFile(i), draw: () => maskPicture(runs) })),
  ];
  for (const { file, draw } of drawn) {
    await encodeToFile(await draw(), join(folder, file), { format: "png", overwrite, signal });
    signal.throwIfAborted();
  }
  const summary = summaryOf(input.name, raster, found, masks.length);
  const text = `${JSON.stringify(summary, undefined, 2)}\n`;
  await writeFileAtomically(join(folder, "semantics.json"), Buffer.from(text), { overwrite, signal });

  const facts = summary.coverage;
  const covered = `${Math.round(100 * facts.covered)} % covered, by ${facts.mean.toFixed(1)} masks on average`;
  const what = options.masks === "network" ? "predicted" : `${masks.length} masks on ${levels.length} levels`;
  reporter.say(`${input.name}: ${what}, ${covered}, ${facts.maximum} at most`);
  const named = drawn.slice(0, -masks.length || undefined).map(({ file }) => file);
  reporter.say([...named, MASKS_FOLDER].map((file) => join(folder, file)).join("\n"));
  return masks.map(({ runs, sam }, i) => resultOf(runs, sam, input.name, join(folder, maskFile(i))));
}

const FIXED_FILES = ["coverage.png", "weight.png", "noise.png", "sheet.png", "semantics.json"];

const maskFile = (i: number) => `${MASKS_FOLDER}/mask-${String(i + 1).padStart(4, "0")}.png`;

/** Masks of a run before this one would be taken for this one's. */
async function removeOlder(folder: string): Promise<void> {
  const remove = async (inside: string, pattern: RegExp) => {
    for (const name of await readdir(join(folder, inside))) {
      if (pattern.test(name)) await rm(join(folder, inside, name), { force: true });
    }
  };
  await remove("", /^masks-\d+\.png$/);
  await remove(MASKS_FOLDER, /^mask-\d+\.png$/);
}

/** What the sheet shows, from left to right. */
function mapsOf(raster: Raster, masks: readonly Runs[], coverage: Coverage, noise: Noise) {
  const { maximum } = summarise(coverage);
  return {
    photo: { label: `photo, ${raster.width} x ${raster.height}`, draw: () => toRgb(raster) },
    masks: { label: `masks: ${masks.length}`, draw: () => overlay(raster, topmostOf(masks, raster)) },
    coverage: {
      label: `coverage: 0 to ${maximum}`,
      draw: () => heatPicture(coverage.counts, raster, Math.max(maximum, 1)),
    },
    weight: { label: "weight W: 0 to 1", draw: () => heatPicture(semanticWeight(coverage), raster) },
    noise: { label: "noise", draw: () => noisePicture(noise) },
  };
}

/**
 * A mask of the enlargement in the picture's size, as equations 3 and 4 have it; others are there already.
 */
function inSizeOf({ width, height }: Raster, runs: Runs): Runs {
  if (runs.width === width && runs.height === height) return runs;
  const { masks } = prepareMasks({ ...runs, masks: [pixelsOf(runs)] }, width, height);
  return runsOf(masks[0], width, height);
}

function summaryOf(input: string, { width, height }: Raster, { coverage, points }: Found, masks: number) {
  return { input, width, height, masks, ...points, coverage: summarise(coverage) };
}

function resultOf(runs: Runs, sam: FoundMask["sam"], input: string, file: string): MaskResult {
  const [x0, y0, x1, y1] = sam?.box ?? boxOf(runs);
  return {
    bbox: [x0, y0, x1 - x0, y1 - y0],
    area: areaOf(runs),
    ...(sam && {
      predicted_iou: sam.predictedIou,
      stability_score: sam.stabilityScore,
      point: sam.point,
    }),
    input,
    file,
  };
}

/** White inside, black outside. */
function maskPicture(runs: Runs): Raster {
  const { width, height } = runs;
  return { width, height, channels: 1, data: pixelsOf(runs).map((inside) => 255 * inside) };
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
