import { describe, expect, it } from "vitest";
import { createRandom } from "../../base/random.js";
import { createRaster } from "../../image/raster.js";
import { areaOf, boxOf, pixelsOf } from "../runs.js";
import { generateMasks } from "./generate.js";
import type { SamMask, SamNetwork } from "./types.js";

const [SIZE, SIDE] = [64, 16];

/**
 * A network that sees discs around points: three sizes a point, as good as a random number that the place
 * decides.
 */
function discs(seed: number): SamNetwork & { decoded: number } {
  return {
    imageSize: SIZE,
    decoded: 0,
    async embed(pixels) {
      return pixels;
    },
    async decode(_, points) {
      const count = points.length / 2;
      this.decoded += count;
      const logits = new Float32Array(count * 3 * SIDE * SIDE);
      const predictedIous = new Float32Array(count * 3);
      for (let m = 0; m < 3 * count; m++) {
        const [x, y] = points.subarray(2 * Math.floor(m / 3));
        const random = createRandom(seed, Math.round(97 * x + 13 * y) * 3 + (m % 3));
        predictedIous[m] = random.next();
        const radius = 1.5 + 5 * random.next();
        for (let p = 0; p < SIDE * SIDE; p++) {
          const distance = Math.hypot((p % SIDE) * 4 + 1.5 - x, Math.floor(p / SIDE) * 4 + 1.5 - y) / 4;
          logits[m * SIDE * SIDE + p] = 8 * (radius - distance);
        }
      }
      return { logits, predictedIous, side: SIDE };
    },
  };
}

const image = createRaster(150, 90, 3);
const options = { pointsPerSide: 8, predIouThresh: 0.2, stabilityScoreThresh: 0.6 };

/** A mask in little, since comparing arrays of numbers one by one takes long. */
const factsOf = ({ runs, ...facts }: SamMask) => ({ ...facts, edges: runs.edges.join() });

describe("automatic masks", () => {
  it("do not depend on the size of batches: what is dropped too early is decoded again", async () => {
    for (const more of [{}, { cropNLayers: 1, cropOverlapRatio: 0.5 }, { boxNmsThresh: 0.4 }]) {
      // With one batch a crop nothing is dropped before all is known.
      const network = discs(1);
      const { masks } = await generateMasks(image, network, { ...options, ...more, pointsPerBatch: 1000 });
      const slow = discs(1);
      const inSmall = await generateMasks(image, slow, { ...options, ...more, pointsPerBatch: 3 });
      expect(inSmall.masks.map(factsOf)).toEqual(masks.map(factsOf));
      expect(masks.length).toBeGreaterThan(5);
      expect(slow.decoded).toBeGreaterThan(network.decoded);
    }
  });

  it("pass the filters, come by falling quality, and say what they are", async () => {
    const { masks, points } = await generateMasks(image, discs(2), options);
    expect(points).toBe(64);
    const qualities = masks.map(({ predictedIou }) => predictedIou);
    expect(qualities).toEqual([...qualities].sort((a, b) => b - a));
    for (const mask of masks) {
      expect(mask.predictedIou).toBeGreaterThan(0.2);
      expect(mask.stabilityScore).toBeGreaterThanOrEqual(0.6);
      expect(mask.box).toEqual(boxOf(mask.runs));
      expect(mask.area).toBe(areaOf(mask.runs));
      expect([mask.runs.width, mask.runs.height]).toEqual([150, 90]);
    }
  });

  it("of crops lie where the crop is, do not end at its edges, and go before those of larger crops", async () => {
    const { masks, points } = await generateMasks(image, discs(3), { ...options, cropNLayers: 1 });
    expect(points).toBe(5 * 64);
    const inCrops = masks.filter(({ cropBox }) => cropBox[2] - cropBox[0] < 150);
    expect(inCrops.length).toBeGreaterThan(2);
    for (const { box, cropBox, point } of inCrops) {
      // The whole image's edges are no crop's edges.
      if (cropBox[0] > 0) expect(box[0]).toBeGreaterThan(cropBox[0] + 20);
      if (cropBox[2] < 150) expect(box[2]).toBeLessThan(cropBox[2] - 20);
      expect(point[0] > cropBox[0] && point[0] < cropBox[2]).toBe(true);
    }
    const areas = masks.map(({ cropBox }) => (cropBox[2] - cropBox[0]) * (cropBox[3] - cropBox[1]));
    expect(areas).toEqual([...areas].sort((a, b) => a - b));
  });

  it("lose small holes and islands, and then the doubles that makes", async () => {
    const network = discs(4);
    const decode = network.decode.bind(network);
    network.decode = async (...asked) => {
      const decoded = await decode(...asked);
      // An island in the corner of every other mask.
      for (let m = 0; m < decoded.predictedIous.length; m += 2) decoded.logits[m * SIDE * SIDE] = 40;
      return decoded;
    };
    const loose = await generateMasks(image, network, options);
    const tidy = await generateMasks(image, network, { ...options, minMaskRegionArea: 200 });
    const corner = ({ masks }: typeof loose) => masks.filter(({ runs }) => pixelsOf(runs)[0] === 1).length;
    expect(corner(loose)).toBeGreaterThan(3);
    expect(corner(tidy)).toBeLessThan(corner(loose));
    expect(tidy.masks.length).toBeLessThan(loose.masks.length);
    for (const mask of tidy.masks) expect(mask.area).toBe(areaOf(mask.runs));
  });

  it("asks between batches whether to go on, and says how far it is", async () => {
    const seen: number[] = [];
    const work = generateMasks(
      image,
      discs(5),
      { ...options, pointsPerBatch: 16 },
      {
        progress: ({ done, total }) => seen.push(done / total),
        checkpoint: async () => {
          if (seen.length === 2) throw new DOMException("enough", "AbortError");
        },
      },
    );
    await expect(work).rejects.toThrow("enough");
    expect(seen).toEqual([0.25, 0.5]);
  });
});
