import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readCheckpoint, readShapes } from "../src/checkpoints/index.js";
import type { Raster } from "../src/image/raster.js";
import { samConfigOf } from "../src/networks/index.js";
import {
  coverageOfRuns,
  createSamSessions,
  generateMasks,
  pixelsOf,
  type SamOptions,
  type SamSessions,
} from "../src/semantics/index.js";
import { hasShared, maxDifference, readSafetensors, sharedPath } from "./shared.js";

const folder = (name: string) => sharedPath("reference", "sam-small", name);

describe.skipIf(!hasShared)("automatic masks of the reference network", () => {
  let network: SamSessions;
  let image: Raster;
  let fixture: ReturnType<typeof readSafetensors>;
  let options: SamOptions;

  beforeAll(async () => {
    const weights = await readCheckpoint(folder("checkpoint.pth"));
    network = createSamSessions(weights, samConfigOf(await readShapes(folder("checkpoint.pth"))), {
      name: "sam-small",
      device: "cpu",
      threads: 1,
    });
    fixture = readSafetensors(folder("io.safetensors"));
    const { shape, data } = fixture.tensors.get("image")!;
    image = { width: shape[1], height: shape[0], channels: 3, data: data as Uint8Array };
    const amg = JSON.parse(fixture.metadata.amg);
    options = {
      pointsPerSide: amg.points_per_side,
      predIouThresh: amg.pred_iou_thresh,
      stabilityScoreThresh: amg.stability_score_thresh,
      minMaskRegionArea: amg.min_mask_region_area,
      boxNmsThresh: amg.box_nms_thresh,
    };
  });
  afterAll(() => network?.release());

  it("are those of the public generator, in its order", async () => {
    const expected = JSON.parse(readFileSync(folder("amg.json"), "utf8"));
    const { masks, asked, points } = await generateMasks(image, network, options);
    expect([asked, points]).toEqual([64, 64]);
    expect(masks.map(({ area, box, point }) => ({ area, box, point }))).toEqual(
      expected.map(
        ({ area, bbox: [x, y, w, h], point }: { area: number; bbox: number[]; point: number[] }) => ({
          area,
          box: [x, y, x + w, y + h],
          point,
        }),
      ),
    );
    for (const key of ["predicted_iou", "stability_score"] as const) {
      const own = masks.map((mask) => (key === "predicted_iou" ? mask.predictedIou : mask.stabilityScore));
      expect(
        maxDifference(
          own,
          expected.map((mask: Record<string, number>) => mask[key]),
        ),
        key,
      ).toBeLessThan(1e-4);
    }
    const counts = Array.from(fixture.tensors.get("amg_coverage")!.data as BigInt64Array, Number);
    const coverage = coverageOfRuns(
      masks.map(({ runs }) => runs),
      image,
    );
    expect(maxDifference(coverage.counts, counts)).toBe(0);
    expect(pixelsOf(masks[0].runs).reduce((a, b) => a + b, 0)).toBe(expected[0].area);
  });
});
