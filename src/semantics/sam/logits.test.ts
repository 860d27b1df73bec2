import { describe, expect, it } from "vitest";
import { hasShared, readSafetensors, sharedPath } from "../../../test/shared.js";
import { createRandom } from "../../base/random.js";
import { fittedSize } from "../../networks/index.js";
import { areaOf, type Box, boxOf, pixelsOf } from "../runs.js";
import { enlargementOf, maskOfLogits } from "./logits.js";

/** Bilinear at half-pixel centres, spelt out. */
function resize(map: ArrayLike<number>, [w, h]: number[], [outW, outH]: number[], stride = w): Float64Array {
  const place = (i: number, from: number, to: number) => {
    const at = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(Math.floor(at), from - 1);
    return [low, Math.min(low + 1, from - 1), at - low];
  };
  return Float64Array.from({ length: outW * outH }, (_, p) => {
    const [x0, x1, u] = place(p % outW, w, outW);
    const [y0, y1, v] = place(Math.floor(p / outW), h, outH);
    const row = (y: number) => (1 - u) * map[y * stride + x0] + u * map[y * stride + x1];
    return (1 - v) * row(y0) + v * row(y1);
  });
}

const never = Number.NEGATIVE_INFINITY;

describe("logits to masks", () => {
  it.each([
    [{ width: 90, height: 61 }, [0, 0, 90, 61]],
    [{ width: 20, height: 33 }, [0, 0, 20, 33]],
    [{ width: 300, height: 300 }, [40, 7, 290, 180]],
    [{ width: 64, height: 64 }, [0, 0, 64, 64]],
  ] as [{ width: number; height: number }, Box][])(
    "are those of the enlarged maps: %j, crop %j",
    (image, crop) => {
      const random = createRandom(5);
      const [side, size] = [16, 64];
      const logits = Float32Array.from({ length: side * side }, (_, i) => {
        return 3 * Math.sin((i % side) / 3) + 2 * Math.cos(i / side / 4) + 0.3 * random.normal();
      });
      const [width, height] = [crop[2] - crop[0], crop[3] - crop[1]];
      const input = fittedSize({ width, height }, { imageSize: size });
      const full = resize(logits, [side, side], [size, size]);
      const expected = resize(full, [input.width, input.height], [width, height], size);
      const facts = maskOfLogits(logits, enlargementOf(side, { size, ...input }, crop, image), 1, never);

      const mask = new Uint8Array(image.width * image.height);
      expected.forEach((value, p) => {
        const at = (crop[1] + Math.floor(p / width)) * image.width + crop[0] + (p % width);
        mask[at] = value > 0 ? 1 : 0;
      });
      const got = pixelsOf(facts.runs!);
      let wrong = 0;
      mask.forEach((inside, p) => {
        if (inside !== got[p]) wrong++;
      });
      // Positions are rounded to float32, so a pixel on the outline itself may fall on the other side.
      expect(wrong).toBeLessThanOrEqual(1);
      expect(facts.area).toBe(areaOf(facts.runs!));
      expect(facts.area).toBeGreaterThan(10);
      expect(facts.box).toEqual(boxOf(facts.runs!));
      const over = (threshold: number) => expected.filter((value) => value > threshold).length;
      expect(facts.stabilityScore).toBeCloseTo(over(1) / over(-1), 2);
      // Less stable than asked for: no outline.
      const strict = maskOfLogits(logits, enlargementOf(side, { size, ...input }, crop, image), 1, 0.999);
      expect(strict.runs).toBeNull();
      expect(strict.area).toBe(facts.area);
    },
  );

  it("are empty, whole, or nothing for logits on one side, and for NaN", () => {
    const enlargement = enlargementOf(4, { size: 16, width: 16, height: 8 }, [0, 0, 8, 4], {
      width: 8,
      height: 4,
    });
    const of = (value: number) => maskOfLogits(new Float32Array(16).fill(value), enlargement, 1, never);
    expect(of(2)).toMatchObject({ area: 32, stabilityScore: 1, box: [0, 0, 7, 3] });
    expect([...of(2).runs!.edges]).toEqual([0, 32]);
    expect(of(0.5)).toMatchObject({ area: 32, stabilityScore: 0 });
    expect(of(-2)).toMatchObject({ area: 0, stabilityScore: Number.NaN, box: [0, 0, 0, 0] });
    expect(of(Number.NaN).area).toBe(0);
  });

  it.skipIf(!hasShared)("are those of the public implementation (225 x 225)", () => {
    const { tensors } = readSafetensors(sharedPath("reference/sam-small/io.safetensors"));
    const low = tensors.get("low_res_logits")!.data as Float32Array;
    const high = tensors.get("mask_logits")!.data as Float32Array;
    const image = { width: 225, height: 225 };
    const enlargement = enlargementOf(32, { size: 128, width: 128, height: 128 }, [0, 0, 225, 225], image);
    for (let m = 0; m < 9; m++) {
      const facts = maskOfLogits(low.subarray(m * 1024, (m + 1) * 1024), enlargement, 1, never);
      const expected = high.subarray(m * 50625, (m + 1) * 50625);
      expect([...pixelsOf(facts.runs!)]).toEqual(Array.from(expected, (value) => (value > 0 ? 1 : 0)));
      const over = (threshold: number) => expected.filter((value) => value > threshold).length;
      // Counts over 1 and -1 may differ by a pixel that lies on the threshold to the last bit of a float32.
      expect(facts.stabilityScore).toBeCloseTo(over(1) / over(-1), 4);
    }
  });
});
