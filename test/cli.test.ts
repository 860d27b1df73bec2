import { existsSync, readdirSync, readFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";

const folder = temporaryFolder();
afterAll(folder.remove);

describe("samsr itself", () => {
  it("prints its help with examples, its version, and the commands' help", async () => {
    const [help, version, upscale] = await Promise.all([
      samsr(["--help"]),
      samsr(["--version"]),
      samsr(["upscale", "--help"]),
    ]);
    expect(help.code).toBe(0);
    expect(help.stdout.toString()).toMatch(/samsr upscale photo\.jpg -o large\.png/);
    expect(version.stdout.toString().trim()).toBe(
      JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")).version,
    );
    expect(upscale.code).toBe(0);
    for (const word of ["--masks", "--tile", "--skip-existing", "--pixel-limit", "each colour is a region"]) {
      expect(upscale.stdout.toString()).toContain(word);
    }
  });

  it("starts quickly, without codecs and ONNX Runtime", async () => {
    const spy = `process.on("exit", () => console.error(JSON.stringify({
      native: process.report.getReport().sharedObjects.filter((path) => /sharp|vips|onnx/.test(path)),
      cpu: process.cpuUsage() })))`;
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(spy)}` };
    const { stderr } = await samsr(["--help"], { env });
    const { native, cpu } = JSON.parse(stderr);
    expect(native).toEqual([]);
    // Processor time, since the clock of a busy machine tells nothing. Node alone takes 50 ms of it.
    expect((cpu.user + cpu.system) / 1000).toBeLessThan(300);
  });

  it.each([
    [["upscale", "a.png", "-o", "b.png", "--modle", "x"], /unknown option '--modle'/],
    [["upscale", "a.png"], /required option '-o, --out <path>' not specified/],
    [["upscale", "-o", "b.png"], /missing required argument 'inputs'/],
    [["upscale", "a.png", "-o", "b.png", "--scale", "9"], /'--scale <factor>' argument '9' is invalid/],
    [["upscale", "a.png", "-o", "b.png", "--seed", "one"], /'--seed <n>' argument 'one' is invalid/],
    [["upscale", "a.png", "-o", "b.png", "--method", "magic"], /'magic' is invalid.*samsr, sinsr, resshift/],
    [["upscale", "a.png", "-o", "b.png", "--format", "bmp"], /'bmp' is invalid.*png, jpeg, webp, avif, tiff/],
    [["upscale", "a.png", "-o", "b.png", "--overwrite", "--skip-existing"], /cannot be used with/],
    [["enlarge", "a.png"], /unknown command 'enlarge'/],
    [[], /expected a command/],
  ])("refuses %j with one line and exit code 2", async (words, message) => {
    const { code, stdout, stderr } = await samsr(words);
    expect(stderr.replace(/^Usage:.*?\n(?=samsr: )/s, "")).toMatch(/^samsr: .*\n$/);
    expect(stderr).toMatch(message);
    expect(stdout.toString()).toBe("");
    expect(code).toBe(2);
  });
});

describe("samsr masks", () => {
  beforeAll(async () => {
    await drawing({ width: 96, height: 64 }).png().toFile(folder.path("disc.png"));
  });

  it("draws masks, coverage, weight and noise in the picture's size", async () => {
    const out = folder.path("semantics");
    const { code, stdout, stderr } = await samsr(["masks", folder.path("disc.png"), "-o", out, "--json"]);
    expect([stderr, code]).toEqual(["", 0]);
    const result = JSON.parse(stdout.toString());
    expect(result.masks).toBeGreaterThanOrEqual(1);
    expect(result.coverage.covered).toBeGreaterThan(0.1);
    const names = readdirSync(out);
    for (const name of ["masks-1.png", "coverage.png", "weight.png", "noise.png"])
      expect(names).toContain(name);
    expect(result.files.length).toBe(names.length);
    for (const name of names) {
      expect(await sharp(`${out}/${name}`).metadata()).toMatchObject({
        width: 96,
        height: 64,
        format: "png",
      });
    }
    // W is 1 where coverage is largest, so the brightest pixel is white.
    const weight = await sharp(`${out}/weight.png`).stats();
    expect(weight.channels[0]?.max).toBe(255);
    const noise = await sharp(`${out}/noise.png`).stats();
    expect(noise.channels[0]?.stdev).toBeGreaterThan(30);
  });

  it("takes masks from files, and overwrites only when asked", async () => {
    // Two labels, the left and the right half.
    const labels = Uint8Array.from({ length: 96 * 64 * 3 }, (_, i) =>
      Math.floor(i / 3) % 96 < 48 ? 80 : 160,
    );
    const map = folder.path("labels.png");
    await sharp(labels, { raw: { width: 96, height: 64, channels: 3 } })
      .png()
      .toFile(map);
    const words = ["masks", folder.path("disc.png"), "-o", folder.path("halves"), "--masks", map];
    const first = await samsr(words);
    expect([first.stderr, first.code]).toEqual(["", 0]);
    expect(first.stdout.toString()).toMatch(/2 masks on 1 levels?, 100 % covered/);
    const second = await samsr(words);
    expect(second.stderr).toMatch(/^samsr: .*masks-1\.png exists already; --overwrite replaces it\n$/);
    expect(second.code).toBe(1);
    expect((await samsr([...words, "--overwrite", "--quiet"])).code).toBe(0);
  });

  it("names bad input and makes no folder", async () => {
    const out = folder.path("nothing");
    const { code, stderr } = await samsr(["masks", folder.path("absent.png"), "-o", out]);
    expect(stderr).toMatch(/^samsr: .*absent\.png does not exist\.\n$/);
    expect(code).toBe(1);
    expect(existsSync(out)).toBe(false);
  });
});
