/** The masks of one crop: every point asked, filters passed, doubles dropped. */
import { crop as cut, type Raster } from "../../image/raster.js";
import { encoderInput, fittedSize } from "../../networks/index.js";
import type { Box, Runs } from "../runs.js";
import { roundsOf, worthAsking } from "./adaptive.js";
import { isAtCropEdge, nms } from "./boxes.js";
import { type Crop, type Point, pointGrid } from "./grid.js";
import { type Enlargement, enlargementOf, maskOfLogits } from "./logits.js";
import type { ResolvedSamOptions } from "./options.js";
import type { FindContext, SamMask, SamNetwork } from "./types.js";

/** A mask that passed the filters; without its outline while a better one stands for it. */
interface Candidate extends Omit<SamMask, "runs"> {
  runs: Runs | null;
  /** The number of its point in the grid, and which of the point's masks it is. */
  readonly number: number;
  readonly which: number;
}

export async function masksOfCrop(
  image: Raster,
  { box: crop, pointsPerSide: n }: Crop,
  network: SamNetwork,
  options: ResolvedSamOptions,
  context: FindContext,
): Promise<{ masks: SamMask[]; asked: number }> {
  const [x0, y0, x1, y1] = crop;
  const [width, height] = [x1 - x0, y1 - y0];
  const input = fittedSize({ width, height }, network);
  const whole: Box = [0, 0, image.width, image.height];
  const grid = pointGrid(n).map(([x, y]): Point => [x * width, y * height]);
  const inImage = grid.map(([x, y]): Point => [x + x0, y + y0]);
  const offset = Math.fround(options.stabilityScoreOffset);
  const leastIou = options.predIouThresh > 0 ? Math.fround(options.predIouThresh) : Number.NEGATIVE_INFINITY;
  const leastScore =
    options.stabilityScoreThresh > 0 ? Math.fround(options.stabilityScoreThresh) : Number.NEGATIVE_INFINITY;

  await context.checkpoint?.();
  const part = cut(image, { x: x0, y: y0, width, height });
  const embedding = await network.embed(encoderInput(part.data as Uint8Array, part, network));
  let enlargement: Enlargement | undefined;

  /** Decodes the masks of these points, all of them, one after the other. */
  async function decode(
    numbers: readonly number[],
    visit: (number: number, which: number, logits: Float32Array, predictedIou: number) => void,
  ): Promise<void> {
    for (let at = 0; at < numbers.length; at += options.pointsPerBatch) {
      await context.checkpoint?.();
      const batch = numbers.slice(at, at + options.pointsPerBatch);
      const prompts = batch.flatMap((i) => [
        grid[i][0] * (input.width / width),
        grid[i][1] * (input.height / height),
      ]);
      const { logits, predictedIous, side } = await network.decode(
        embedding,
        Float32Array.from(prompts),
        leastIou,
      );
      enlargement ??= enlargementOf(side, { size: network.imageSize, ...input }, crop, image);
      const masks = predictedIous.length / batch.length;
      for (let m = 0; m < predictedIous.length; m++) {
        const map = logits.subarray(m * side * side, (m + 1) * side * side);
        visit(batch[Math.floor(m / masks)], m % masks, map, predictedIous[m]);
      }
    }
  }

  const candidates: Candidate[] = [];
  let kept: Candidate[] = [];
  /** Settles who stands for now, and frees the outlines of the others. */
  function settle(): void {
    kept = nms(
      candidates.map(({ box }) => box),
      candidates.map(({ predictedIou }) => predictedIou),
      options.boxNmsThresh,
    ).map((i) => candidates[i]);
    const stays = new Set(kept);
    for (const candidate of candidates) if (!stays.has(candidate)) candidate.runs = null;
  }

  let [asked, done] = [0, 0];
  const rounds = options.adaptive ? roundsOf(n) : [grid.map((_, i) => i)];
  for (const [round, numbers] of rounds.entries()) {
    await restore(kept);
    const due = options.adaptive
      ? worthAsking(
          numbers,
          round,
          n,
          inImage,
          kept.map(({ runs }) => runs!),
        )
      : numbers;
    done += numbers.length - due.length;
    asked += due.length;
    for (let at = 0; at < due.length; at += options.pointsPerBatch) {
      const batch = due.slice(at, at + options.pointsPerBatch);
      await decode(batch, (number, which, logits, predictedIou) => {
        if (!(predictedIou > leastIou)) return;
        const facts = maskOfLogits(logits, enlargement!, offset, leastScore);
        if (facts.runs === null || isAtCropEdge(facts.box, crop, whole)) return;
        candidates.push({ ...facts, predictedIou, point: inImage[number], cropBox: crop, number, which });
      });
      settle();
      done += batch.length;
      context.progress?.({ done, total: n * n });
    }
  }

  /** Decodes again the masks whose outlines were given up too early. */
  async function restore(masks: readonly Candidate[]): Promise<void> {
    const lost = masks.filter(({ runs }) => runs === null);
    const numbers = [...new Set(lost.map(({ number }) => number))];
    await decode(numbers, (number, which, logits) => {
      const mask = lost.find((candidate) => candidate.number === number && candidate.which === which);
      if (mask) mask.runs = maskOfLogits(logits, enlargement!, offset, Number.NEGATIVE_INFINITY).runs;
    });
  }
  await restore(kept);
  const masks = kept.map(
    ({ runs, box, area, predictedIou, stabilityScore, point, cropBox }): SamMask => ({
      runs: runs!,
      box,
      area,
      predictedIou,
      stabilityScore,
      point,
      cropBox,
    }),
  );
  return { masks, asked };
}
