import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasShared, sharedPath } from "../../../test/shared.js";
import { createRandom } from "../../base/random.js";
import { createRaster, type Raster } from "../../image/raster.js";
import { distance, eigen, fitGaussian } from "./gaussian.js";
import { fitAsymmetric, logGamma, meanOfFit } from "./generalised-gaussian.js";
import { createPristineFit, niqe, readPristineModel, writePristineModel } from "./niqe.js";

/**
 * Waves and a hash of the place: a texture without flat parts, whose features do not hang on the last bits.
 */
function texture(width: number, height: number, noise: number): Raster {
  const raster = createRaster(width, height, 3);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++, i++) {
        const hash = ((x * 73 + y * 151 + c * 37 + x * y * 7) % 64) - 32;
        raster.data[i] = Math.round(128 + 50 * Math.sin(x / 7 + c) * Math.cos(y / 11) + noise * hash);
      }
    }
  }
  return raster;
}

describe("asymmetric generalised Gaussians", () => {
  it("ln Gamma is right where it is known", () => {
    for (const [x, value] of [
      [1, 0],
      [5, Math.log(24)],
      [0.5, Math.log(Math.PI) / 2],
      [0.2, 1.5240638224307843],
      [15, Math.log(87178291200)],
    ]) {
      expect(logGamma(x)).toBeCloseTo(value, 13);
    }
  });

  it("finds shape and scale of samples with known ones", () => {
    const normals = Float64Array.from(createRandom(3, 0).normals(new Float32Array(200_000)));
    const fit = fitAsymmetric(normals);
    expect(fit.alpha).toBeCloseTo(2, 1);
    // exp(-(x / beta)^2) has deviation beta / sqrt 2.
    expect(fit.left / Math.SQRT2).toBeCloseTo(1, 2);
    const skewed = fitAsymmetric(normals.map((x) => (x > 0 ? 2 * x : x)));
    expect(skewed.right / skewed.left).toBeCloseTo(2, 1);
    // E = (right - left) Gamma(1) / Gamma(1/2) for a Gaussian shape.
    expect(meanOfFit(skewed)).toBeCloseTo((skewed.right - skewed.left) / Math.sqrt(Math.PI), 1);
  });
});

describe("multivariate Gaussians", () => {
  it("eigenvectors take a matrix apart", () => {
    const [a, b, c] = [
      [4, 1, 0.5],
      [1, 3, -1],
      [0.5, -1, 2],
    ];
    const matrix = Float64Array.from([...a, ...b, ...c]);
    const { values, vectors } = eigen(matrix, 3);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        let sum = 0;
        for (let k = 0; k < 3; k++) sum += vectors[i * 3 + k] * values[k] * vectors[j * 3 + k];
        expect(sum).toBeCloseTo(matrix[i * 3 + j], 12);
      }
    }
  });

  it("the distance of equal ones is 0, and in one dimension the difference over the deviation", () => {
    const of = (mean: number, variance: number) => ({
      mean: Float64Array.of(mean),
      covariance: Float64Array.of(variance),
    });
    expect(distance(of(3, 4), of(3, 4))).toBe(0);
    expect(distance(of(3, 2), of(9, 6))).toBeCloseTo(6 / 2, 12);
  });

  it("a direction without extent does not count", () => {
    const flat = { mean: Float64Array.of(0, 0), covariance: Float64Array.of(1, 0, 0, 0) };
    expect(distance(flat, { ...flat, mean: Float64Array.of(2, 5) })).toBeCloseTo(2, 12);
  });

  it("leaves rows with NaN out", () => {
    const rows = [
      [1, 2],
      [3, 6],
      [Number.NaN, 0],
    ].map((row) => Float64Array.from(row));
    expect(fitGaussian(rows)).toEqual({
      mean: Float64Array.of(2, 4),
      covariance: Float64Array.of(2, 4, 4, 8),
    });
    expect(fitGaussian(rows.slice(1))).toBeUndefined();
  });
});

describe("NIQE", () => {
  const folder = mkdtemp(join(tmpdir(), "samsr-niqe-"));
  afterAll(async () => rm(await folder, { recursive: true }));

  it.skipIf(!hasShared)(
    "with the published parameters equals an implementation in numpy and scipy",
    async () => {
      const published = await readPristineModel(sharedPath("reference/niqe_pris_params.npz"));
      expect(niqe(texture(300, 400, 0.5), published)).toBeCloseTo(18.46856685897612, 8);
      expect(niqe(texture(300, 400, 2), published)).toBeCloseTo(23.107645611224484, 8);
    },
  );

  it("tells a photo's statistics from a noisy picture's, with a model of our own fit", async () => {
    const fit = createPristineFit("textures");
    for (let i = 0; i < 12; i++) fit.add(texture(300 + 8 * i, 300, 0.4 + 0.02 * i));
    const path = join(await folder, "own.safetensors");
    await writeFile(path, writePristineModel(fit.fit()));
    const own = await readPristineModel(path);
    expect(own.source).toBe("textures");
    expect(niqe(texture(300, 400, 0.5), own)).toBeLessThan(niqe(texture(300, 400, 2), own) / 2);
  });

  it("refuses pictures without two blocks or without texture, and files that are something else", async () => {
    const own = await readPristineModel();
    expect(() => niqe(texture(150, 150, 1), own)).toThrow(/150x150 is too small/);
    expect(() => niqe(createRaster(400, 400, 3), own)).toThrow(/fewer than two blocks/);
    expect(() => createPristineFit("none").fit()).toThrow(/too few/);
    const path = join(await folder, "no.npz");
    await writeFile(path, "PK nothing");
    await expect(readPristineModel(path)).rejects.toThrow(/no\.npz/);
    await expect(readPristineModel(join(await folder, "absent"))).rejects.toThrow(/no such file/);
  });
});
