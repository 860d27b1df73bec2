import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
} from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { drawing, samsr, start, temporaryFolder } from "./fixtures/cli.js";
import { writeSmallModel } from "./fixtures/small-model.js";

const folder = temporaryFolder();
/** What becomes of files does not rest on the model, so the one that is soonest done is taken. */
const model = ["--model", writeSmallModel()];
afterAll(() => {
  folder.remove();
  rmSync(model[1], { recursive: true });
});

const tree = folder.path("tree");
beforeAll(async () => {
  for (const name of ["a.png", "b.JPG", "sub/a.png", "sub/deep/c.webp"]) {
    await drawing({ width: 20, height: 16 }).toFile(folder.path("tree", name.toLowerCase()));
  }
  copyFileSync(folder.path("tree", "b.jpg"), folder.path("tree", "B2.JPG"));
});

/** A new folder to work in for each test, with the tree above as `tree`. */
let [cwd, number] = ["", 0];
beforeEach(() => {
  cwd = folder.path(`work-${++number}`);
  mkdirSync(cwd);
  symlinkSync(tree, `${cwd}/tree`);
});

const run = (...words: string[]) => samsr(["upscale", ...model, ...words], { cwd });
const files = (inside = ".") => (readdirSync(`${cwd}/${inside}`, { recursive: true }) as string[]).sort();

describe("names of results", () => {
  it("take the pictures of a folder, those below only when asked, in their structure", async () => {
    const flat = await run("tree", "-o", "flat");
    expect([flat.stderr, flat.code]).toEqual(["", 0]);
    expect(files("flat")).toEqual(["B2.JPG", "a.png", "b.jpg"]);
    expect(flat.stdout.toString()).toMatch(/^tree\/B2\.JPG -> flat\/B2\.JPG {2}80 x 64, [\d.]+ s\n/);

    const all = await run("tree", "-o", "all", "--recursive", "--format", "png", "--quiet");
    expect([all.stderr, all.stdout.toString(), all.code]).toEqual(["", "", 0]);
    expect(files("all")).toEqual([
      "B2.png",
      "a.png",
      "b.png",
      "sub",
      "sub/a.png",
      "sub/deep",
      "sub/deep/c.png",
    ]);
    expect((await sharp(`${cwd}/all/b.png`).metadata()).format).toBe("png");
  });

  it("resolve patterns, several inputs, an existing folder and a trailing slash", async () => {
    mkdirSync(`${cwd}/there`);
    const [pattern, several, existing, slash] = await Promise.all([
      run("tree/**/*.{png,webp}", "-o", "pattern"),
      run("tree/a.png", "tree/b.jpg", "tree/a.png", "-o", "several"),
      run("tree/a.png", "-o", "there"),
      run("tree/a.png", "-o", "new/"),
    ]);
    for (const { stderr, code } of [pattern, several, existing, slash])
      expect([stderr, code]).toEqual(["", 0]);
    expect(files("pattern")).toEqual(["a.png", "sub", "sub/a.png", "sub/deep", "sub/deep/c.webp"]);
    expect(files("several")).toEqual(["a.png", "b.jpg"]);
    expect(files("there")).toEqual(["a.png"]);
    expect(files("new")).toEqual(["a.png"]);
  });

  it("decide the format, unless --format does", async () => {
    const [byName, byOption, likeInput] = await Promise.all([
      run("tree/a.png", "-o", "x.tiff"),
      run("tree/a.png", "-o", "y.png", "--format", "jpg", "--quality", "50"),
      run("tree/b.jpg", "-o", "z"),
    ]);
    for (const { stderr, code } of [byName, byOption, likeInput]) expect([stderr, code]).toEqual(["", 0]);
    expect((await sharp(`${cwd}/x.tiff`).metadata()).format).toBe("tiff");
    expect((await sharp(`${cwd}/y.png`).metadata()).format).toBe("jpeg");
    expect((await sharp(`${cwd}/z`).metadata()).format).toBe("jpeg");
  });
});

describe("existing files", () => {
  it("are refused, skipped or overwritten, as asked, before any work", async () => {
    copyFileSync(`${tree}/a.png`, `${cwd}/x.png`);
    const before = readFileSync(`${cwd}/x.png`);
    const refused = await run("tree/a.png", "-o", "x.png");
    expect(refused.stderr).toMatch(/^samsr: .*x\.png exists already; --overwrite .*, --skip-existing .*\n$/);
    expect(refused.code).toBe(1);
    const skipped = await run("tree/a.png", "-o", "x.png", "--skip-existing", "--json");
    expect([skipped.stderr, skipped.code]).toEqual(["", 0]);
    expect(JSON.parse(skipped.stdout.toString())).toEqual([
      { input: "tree/a.png", output: "x.png", skipped: true },
    ]);
    expect(readFileSync(`${cwd}/x.png`).equals(before)).toBe(true);
    const replaced = await run("tree/a.png", "-o", "x.png", "--overwrite");
    expect([replaced.stderr, replaced.code]).toEqual(["", 0]);
    expect((await sharp(`${cwd}/x.png`).metadata()).width).toBe(80);
  });

  it("are never an input, whatever is asked", async () => {
    copyFileSync(`${tree}/a.png`, `${cwd}/own.png`);
    copyFileSync(`${tree}/b.jpg`, `${cwd}/own.jpg`);
    symlinkSync("own.png", `${cwd}/link.png`);
    const size = statSync(`${cwd}/own.png`).size;
    for (const words of [
      ["own.png", "-o", "own.png"],
      ["link.png", "-o", "own.png"],
      ["own.png", "-o", "./tree/../own.png"],
    ]) {
      const { code, stderr } = await run(...words, "--overwrite");
      expect(stderr).toMatch(/^samsr: .* would overwrite its own input; .*\n$/);
      expect(code).toBe(1);
    }
    const other = await run("own.jpg", "own.png", "-o", ".", "--format", "png", "--overwrite");
    expect(other.stderr).toMatch(/own\.jpg: the result would overwrite the input own\.png/);
    expect(statSync(`${cwd}/own.png`).size).toBe(size);
  });

  it("are not two results: the second of one name is refused, the first is done", async () => {
    const { code, stderr } = await run("tree/a.png", "tree/sub/a.png", "-o", "both");
    expect(stderr).toMatch(
      /^samsr: tree\/sub\/a\.png and tree\/a\.png would both be written to both\/a\.png.*\n/,
    );
    expect(stderr).toMatch(/\nsamsr: 1 of 2 failed: tree\/sub\/a\.png\n$/);
    expect(code).toBe(1);
    expect(files("both")).toEqual(["a.png"]);
  });

  it("of an earlier run inside the input folder are not taken for inputs", async () => {
    mkdirSync(`${cwd}/photos`);
    copyFileSync(`${tree}/a.png`, `${cwd}/photos/a.png`);
    for (let i = 0; i < 2; i++) {
      const { code } = await run("photos", "-o", "photos/large", "--recursive", "--skip-existing");
      expect(code).toBe(0);
    }
    expect(files("photos")).toEqual(["a.png", "large", "large/a.png"]);
  });
});

describe("pipes", () => {
  it("take a picture in and give one out, with all words on standard error", async () => {
    const input = readFileSync(`${tree}/b.jpg`);
    const { code, stdout, stderr } = await samsr(["upscale", ...model, "-", "-o", "-", "--scale", "2.5"], {
      cwd,
      input,
    });
    expect(stderr).toMatch(/^standard input -> standard output {2}50 x 40, [\d.]+ s\n$/);
    expect(code).toBe(0);
    expect(await sharp(stdout).metadata()).toMatchObject({ format: "jpeg", width: 50, height: 40 });
  });

  it("name a picture from standard input in a folder", async () => {
    const input = readFileSync(`${tree}/sub/deep/c.webp`);
    const { code, stderr } = await samsr(["upscale", ...model, "-", "tree/a.png", "-o", "out"], {
      cwd,
      input,
    });
    expect([stderr, code]).toEqual(["", 0]);
    expect(files("out")).toEqual(["a.png", "stdin.webp"]);
  });

  it("may be closed by the reader without a stack", async () => {
    const { child, finished } = start(["upscale", ...model, "tree/a.png", "tree/b.jpg", "-o", "out"], {
      cwd,
    });
    child.stdout?.destroy();
    const { code, stderr } = await finished;
    expect(stderr).toBe("");
    expect(code).toBe(141);
    expect(existsSync(`${cwd}/out/b.jpg`)).toBe(false);
  });
});

describe("settings", () => {
  it("take masks from a file, another seed and another method", async () => {
    const labels = Uint8Array.from({ length: 20 * 16 * 3 }, (_, i) => (Math.floor(i / 3) % 20 < 5 ? 0 : 200));
    await sharp(labels, { raw: { width: 20, height: 16, channels: 3 } })
      .png()
      .toFile(`${cwd}/labels.png`);
    const words = ["tree/a.png", "--json"];
    const [masked, seed, again, sinsr] = await Promise.all([
      run(...words, "-o", "masked.png", "--masks", "labels.png"),
      run(...words, "-o", "seed.png", "--seed", "7"),
      run(...words, "-o", "again.png", "--seed", "7", "--threads", "1"),
      run(...words, "-o", "sinsr.png", "--method", "sinsr", "--steps", "2"),
    ]);
    const info = ({ stdout }: { stdout: Buffer }) => JSON.parse(stdout.toString())[0].info;
    expect(info(masked)).toMatchObject({ masks: "given", coverage: { covered: 0.75, maximum: 1 } });
    expect(info(seed)).toMatchObject({ seed: 7, masks: "regions" });
    expect(info(sinsr)).toMatchObject({ method: "sinsr", steps: 2, masks: "none" });
    expect(again.code).toBe(0);
    expect(readFileSync(`${cwd}/again.png`).equals(readFileSync(`${cwd}/seed.png`))).toBe(true);
    expect(readFileSync(`${cwd}/masked.png`).equals(readFileSync(`${cwd}/seed.png`))).toBe(false);
  });
});
