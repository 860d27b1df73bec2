/** The library as a user has it: the built package, by its name. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createUpscaler, decode, SamsrError, type Upscaler, upscale } from "samsr";
import sharp, { type Sharp } from "sharp";
import { transformWithOxc } from "vite";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { photoLike } from "./fixtures/pictures.js";
import { smallDescription, tinyNetwork, writeSmallModel } from "./fixtures/small-model.js";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "samsr-upscale-"));
let small: string;
let upscaler: Upscaler;
beforeAll(async () => {
  if (!existsSync(join(root, "dist", "index.js"))) {
    throw new Error("these tests run the built package: npm run build");
  }
  small = writeSmallModel();
  upscaler = await createUpscaler({ model: small, device: "cpu", threads: 1 });
});
afterAll(async () => {
  await upscaler.close();
  rmSync(folder, { recursive: true });
  rmSync(small, { recursive: true });
});

function png(width: number, height: number): Sharp {
  return sharp(photoLike(width, height).data, { raw: { width, height, channels: 3 } }).png();
}

describe("upscale", () => {
  it("takes a path or bytes and gives the bytes of a file in the same format", async () => {
    const path = join(folder, "in.jpg");
    const bytes = await png(40, 30).jpeg().toBuffer();
    writeFileSync(path, bytes);
    const stages: string[] = [];
    const fromBytes = await upscale(bytes, { upscaler, onProgress: ({ stage }) => stages.push(stage) });
    expect(fromBytes).toMatchObject({ width: 160, height: 120, format: "jpeg", info: { tiles: 1 } });
    expect([...new Set(stages)]).toEqual(["masks", "noise", "tiles", "encode"]);
    expect(await sharp(fromBytes.data).metadata()).toMatchObject({ format: "jpeg", width: 160, height: 120 });
    const fromPath = await upscale(path, { model: small, device: "cpu", threads: 2 });
    expect(Buffer.compare(fromPath.data, fromBytes.data)).toBe(0);
    const asked = await upscale(path, { upscaler, format: "webp", quality: 50, scale: 2 });
    expect(await sharp(asked.data).metadata()).toMatchObject({ format: "webp", width: 80, height: 60 });
  });

  it("keeps depth, density and profile, and turns the picture upright", async () => {
    const wide = await png(40, 30)
      .toColourspace("rgb16")
      .withIccProfile("p3")
      .withMetadata({ density: 300, orientation: 6 })
      .toBuffer();
    const { data } = await upscale(wide, { upscaler });
    const { raster, metadata } = await decode(data);
    expect(raster).toMatchObject({ width: 120, height: 160, channels: 3 });
    expect(metadata).toMatchObject({ bitDepth: 16, density: 300 });
    expect(metadata.icc).toEqual((await decode(wide)).metadata.icc);
    expect(metadata.icc?.length).toBeGreaterThan(100);
  });

  it("refuses what makes no sense before any work, in one line", async () => {
    const bytes = await png(20, 20).toBuffer();
    const refused = async (input: Uint8Array | string, options = {}) => {
      const stages: string[] = [];
      const error = await upscale(input, {
        upscaler,
        onProgress: ({ stage }) => stages.push(stage),
        ...options,
      }).catch((e) => e);
      expect(error).toBeInstanceOf(SamsrError);
      expect(error.message).not.toContain("\n");
      expect(stages).toEqual([]);
      return error.message as string;
    };
    expect(await refused(join(folder, "nowhere.png"))).toMatch(/nowhere.png does not exist/);
    expect(await refused(bytes.subarray(0, 60))).toMatch(/the input is a damaged/);
    expect(await refused(bytes, { steps: 99 })).toMatch(/steps .* 1 to 15/);
    expect(await refused(bytes, { tile: 50 })).toMatch(/tile/);
    expect(await refused(bytes, { pixelLimit: 100 })).toMatch(/limit/);
    expect(await refused(bytes, { format: "bmp" })).toMatch(/bmp/);
    expect(await refused(bytes, { quality: 0 })).toMatch(/quality/);
    expect(await refused(await png(5000, 4).toBuffer(), { format: "webp" })).toMatch(/too large for WEBP/);
    expect(await refused(bytes, { upscaler: undefined, model: "nobody" })).toMatch(/no model "nobody"/);
  });

  it("does not begin when it is aborted already", async () => {
    const reason = new Error("too late");
    const options = { upscaler, signal: AbortSignal.abort(reason) };
    await expect(upscale(await png(20, 20).toBuffer(), options)).rejects.toBe(reason);
    const { signal } = options;
    await expect(upscaler.upscale(photoLike(20, 20), {}, { signal })).rejects.toBe(reason);
  });
});

describe("createUpscaler", () => {
  it("says which model and device it has, and takes rasters one after the other", async () => {
    expect(upscaler.model.name).toBe("small");
    expect(upscaler.device).toBe("cpu");
    const raster = photoLike(40, 30);
    const before = raster.data.slice();
    const [first, second] = await Promise.all([
      upscaler.upscale(raster),
      upscaler.upscale(raster, { seed: 1 }),
    ]);
    expect(raster.data).toEqual(before);
    expect(first.raster).toMatchObject({ width: 160, height: 120, channels: 3 });
    // A plain array of its own: the raster was handed over, not copied into a message.
    expect(first.raster.data.byteLength).toBe(first.raster.data.buffer.byteLength);
    expect(Buffer.compare(first.raster.data as Uint8Array, second.raster.data as Uint8Array)).not.toBe(0);
    const again = await upscaler.upscale(raster);
    expect(Buffer.compare(first.raster.data as Uint8Array, again.raster.data as Uint8Array)).toBe(0);
    expect(again.info.milliseconds.load).toBeLessThan(20);
  });

  it("refuses a raster that is none", async () => {
    const raster = photoLike(8, 8);
    await expect(upscaler.upscale({ ...raster, width: 9 })).rejects.toThrow(/needs 216 values, got 192/);
    await expect(upscaler.upscale({ ...raster, height: 0 })).rejects.toThrow(/no raster of 8 x 0/);
  });

  it("refuses a damaged model, a device and threads that are not there", async () => {
    const refused = (options: object) => createUpscaler(options).then(String, (error) => error);
    const damaged = join(folder, "damaged");
    await writeDamagedModel(damaged);
    const error = await refused({ model: damaged });
    expect(error).toBeInstanceOf(SamsrError);
    expect(error.message).toMatch(/student.safetensors: not a whole safetensors file/);
    expect((await refused({ model: small, threads: 0 })).message).toMatch(
      /threads must be a whole number from 1 on/,
    );
    expect((await refused({ model: small, device: "abacus" })).message).toMatch(/unknown device "abacus"/);
  });

  it("is closed for good, after what was under way", async () => {
    const own = await createUpscaler({ model: small, device: "cpu" });
    const job = own.upscale(photoLike(32, 32));
    const closing = own.close();
    await expect(job).resolves.toMatchObject({ raster: { width: 128 } });
    await closing;
    await own.close();
    await expect(own.upscale(photoLike(8, 8))).rejects.toThrow(/closed/);
  });
});

/** A model folder whose student is cut short. */
async function writeDamagedModel(path: string): Promise<void> {
  await mkdir(path);
  await writeFile(join(path, "model.json"), JSON.stringify(smallDescription));
  const whole = await readFile(join(small, "student.safetensors"));
  await writeFile(join(path, "student.safetensors"), whole.subarray(0, 5000));
}

describe("examples/upscale.ts", () => {
  it("compiles and runs", { timeout: 180_000 }, async () => {
    // Inside the package, so that its own name resolves.
    const out = mkdtempSync(join(root, "examples", "compiled-"));
    try {
      // Types are checked before the tests.
      const source = await readFile(join(root, "examples", "upscale.ts"), "utf8");
      const { code } = await transformWithOxc(source, "upscale.ts");
      await writeFile(join(out, "upscale.js"), code);
      const input = join(folder, "in.png");
      await png(48, 40).toFile(input);
      const output = join(folder, "large.png");
      const { stdout } = await run(process.execPath, [join(out, "upscale.js"), input, output]);
      expect(stdout).toMatch(/tiles 1\/1\n/);
      expect(stdout).toMatch(/large.png: 192 x 160 in \d+ ms on/);
      expect(stdout).toMatch(/x2: 96 x 80/);
      expect(await sharp(output).metadata()).toMatchObject({ width: 192, height: 160, format: "png" });
    } finally {
      rmSync(out, { recursive: true });
    }
  });
});

// Debian's chromium brings a Vulkan loader and SwiftShader, a software driver, so WebGPU can be tested on a
// CPU.
const chromium = "/usr/lib/chromium";
const swiftShader = join(chromium, "vk_swiftshader_icd.json");
describe.skipIf(!existsSync(swiftShader))("webgpu on SwiftShader (needs Debian's chromium)", () => {
  it("gives the picture that the CPU gives", { timeout: 300_000 }, async () => {
    const vulkan = { VK_ICD_FILENAMES: swiftShader, VK_DRIVER_FILES: swiftShader, LD_LIBRARY_PATH: chromium };
    const script = join(root, "test", "fixtures", "devices-child.mjs");
    const tiny = writeSmallModel(tinyNetwork);
    const { stdout } = await run(process.execPath, [script, tiny], { env: { ...process.env, ...vulkan } });
    rmSync(tiny, { recursive: true });
    // One where rounding went the other way.
    expect(JSON.parse(stdout).difference).toBeLessThanOrEqual(1);
  });
});
