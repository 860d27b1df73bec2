/**
 * The semantics of one picture as files in a folder: pictures to look at, figures, and the masks one by one,
 * to be used again by `--masks FOLDER`.
 */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { bleedColour, decode, encodeToFile, type Raster, writeFileAtomically } from "../../image/index.js";
import { LATENT_CHANNELS } from "../../networks/index.js";
import { maskPicture, picturesOfSemantics } from "../../semantics/drawing/pictures.js";
import {
  areaOf,
  boxOf,
  type CoverageSource,
  createNoiseAsync,
  type FoundCoverage,
  type FoundMask,
  type Runs,
  summarise,
} from "../../semantics/index.js";
import { MASKS_FOLDER } from "../../semantics/mask-files.js";
import { type Input, readStandardInput } from "../inputs.js";
import { checkFolder, refuseExisting } from "../outputs.js";
import type { Reporter } from "../reporter.js";
import type { MasksArguments } from "./arguments.js";

/** What `--json` prints is an array of these, the masks of each input in the order of the generator. */
export interface MaskResult {
  /** First column and row, and how far it is from there to the last ones: the public generator's box. */
  readonly bbox: readonly [x: number, y: number, width: number, height: number];
  readonly area: number;
  /**
   * The quality that Segment Anything predicts; masks of other sources lack it, as they lack the two below.
   */
  readonly predicted_iou?: number;
  readonly stability_score?: number;
  readonly point?: readonly [x: number, y: number];
  readonly input: string;
  readonly file: string;
}

/** What all pictures of a run share. */
interface MasksRun {
  readonly options: MasksArguments & { readonly masks: string };
  readonly source: CoverageSource;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
}

/** Does one picture. @returns its masks, for programs */
export async function writeSemantics(input: Input, folder: string, run: MasksRun): Promise<MaskResult[]> {
  const { options, source, reporter, signal } = run;
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

  const runs = masks.map((mask) => mask.runs);
  const pictures = picturesOfSemantics({ photo: raster, masks: runs, coverage, noise }).map(
    ({ name, draw }) => ({ file: `${name}.png`, draw }),
  );
  const each = runs.map((mask, i) => ({ file: maskFile(i), draw: () => maskPicture(mask) }));
  const write = async ({ file, draw }: (typeof pictures)[number]) => {
    await encodeToFile(await draw(), join(folder, file), { format: "png", overwrite, signal });
    signal.throwIfAborted();
  };
  for (const picture of pictures) await write(picture);
  await severalAtOnce(each, write);
  const summary = summaryOf(input.name, raster, found, masks.length);
  const text = `${JSON.stringify(summary, undefined, 2)}\n`;
  await writeFileAtomically(join(folder, "semantics.json"), Buffer.from(text), { overwrite, signal });

  const facts = summary.coverage;
  const levels = pictures.filter(({ file }) => LEVEL.test(file)).length;
  const covered = `${Math.round(100 * facts.covered)} % covered, by ${facts.mean.toFixed(1)} masks on average`;
  const what = options.masks === "network" ? "predicted" : `${masks.length} masks on ${levels} levels`;
  reporter.say(`${input.name}: ${what}, ${covered}, ${facts.maximum} at most`);
  const written = [...pictures.map(({ file }) => file), MASKS_FOLDER];
  reporter.say(written.map((file) => join(folder, file)).join("\n"));
  return masks.map(({ runs, sam }, i) => resultOf(runs, sam, input.name, join(folder, maskFile(i))));
}

/** Small files wait for the disk more than for a core. */
const AT_ONCE = 4;

/**
 * Does the work for each of many, some of them at the same time, in order; none any more once one has failed.
 */
async function severalAtOnce<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
  let next = 0;
  const goOn = async () => {
    while (next < all.length) {
      await work(all[next++]!).catch((error) => {
        next = all.length;
        throw error;
      });
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: AT_ONCE }, goOn));
  for (const one of ended) if (one.status === "rejected") throw one.reason;
}

const FIXED_FILES = ["coverage.png", "weight.png", "noise.png", "sheet.png", "semantics.json"];

/** The pictures of masks over the photo, of which there may be any number. */
const LEVEL = /^masks-\d+\.png$/;

const maskFile = (i: number) => `${MASKS_FOLDER}/mask-${String(i + 1).padStart(4, "0")}.png`;

/** Masks of a run before this one would be taken for this one's. */
async function removeOlder(folder: string): Promise<void> {
  const remove = async (inside: string, pattern: RegExp) => {
    for (const name of await readdir(join(folder, inside))) {
      if (pattern.test(name)) await rm(join(folder, inside, name), { force: true });
    }
  };
  await remove("", LEVEL);
  await remove(MASKS_FOLDER, /^mask-\d+\.png$/);
}

function summaryOf(
  input: string,
  { width, height }: Raster,
  { coverage, points }: FoundCoverage,
  masks: number,
) {
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
