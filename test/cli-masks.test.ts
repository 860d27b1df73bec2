import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";
import { writeSmallModel } from "./fixtures/small-model.js";
import { hasShared, readSafetensors, sharedPath } from "./shared.js";

const folder = temporaryFolder();
afterAll(folder.remove);

beforeAll(async () => {
  await drawing({ width: 96, height: 64 }).png().toFile(folder.path("disc.png"));
});

const json = (stdout: Buffer) => JSON.parse(stdout.toString());

describe("samsr masks", () => {
  it("draws masks, coverage, weight and noise in the picture's size, and a sheet of them", async () => {
    const out = folder.path("semantics");
    const { code, stdout, stderr } = await samsr(["masks", folder.path("disc.png"), "-o", out, "--json"]);
    expect([stderr, code]).toEqual(["", 0]);
    const masks = json(stdout);
    expect(masks.length).toBeGreaterThanOrEqual(1);
    for (const name of ["masks-1.png", "coverage.png", "weight.png", "noise.png"]) {
      expect(await sharp(`${out}/${name}`).metadata()).toMatchObject({
        width: 96,
        height: 64,
        format: "png",
      });
    }
    // Five panels of twice the size, side by side.
    const sheet = await sharp(`${out}/sheet.png`).metadata();
    expect(sheet.width).toBeGreaterThan(5 * 2 * 96);
    expect(sheet.height).toBeGreaterThan(2 * 64 + 9);
    const noise = await sharp(`${out}/noise.png`).stats();
    expect(noise.channels[0]?.stdev).toBeGreaterThan(30);
    const facts = JSON.parse(readFileSync(`${out}/semantics.json`, "utf8"));
    expect(facts).toMatchObject({ width: 96, height: 64, masks: masks.length });
    expect(facts.coverage.covered).toBeGreaterThan(0.1);

    expect(readdirSync(`${out}/masks`).length).toBe(masks.length);
    for (const { bbox, area, file, input } of masks) {
      expect(input).toBe(folder.path("disc.png"));
      const data = await sharp(file).greyscale().raw().toBuffer();
      const inside = [...data.keys()].filter((p) => data[p] >= 128);
      expect(inside.length).toBe(area);
      const columns = inside.map((p) => p % 96);
      expect([Math.min(...columns), Math.max(...columns) - Math.min(...columns)]).toEqual([bbox[0], bbox[2]]);
    }
  });

  it("draws the coverage that the network predicts, the same that upscale takes", async () => {
    const picture = folder.path("disc.png");
    const out = folder.path("predicted");
    const { code, stdout, stderr } = await samsr([
      "masks",
      picture,
      "-o",
      out,
      "--masks",
      "network",
      "--json",
    ]);
    expect([stderr, code]).toEqual(["", 0]);
    expect(json(stdout)).toEqual([]);
    const { coverage } = JSON.parse(readFileSync(`${out}/semantics.json`, "utf8"));
    expect(coverage.maximum).toBeGreaterThan(0);
    expect(readdirSync(out).filter((name) => /^masks-/.test(name))).toEqual([]);

    const words = ["upscale", picture, "-o", folder.path("predicted.png"), "--masks", "network", "--json"];
    const upscaled = await samsr([
      ...words,
      "--model",
      writeSmallModel(),
      "--coverage",
      "models/coverage-tiny",
    ]);
    expect(upscaled.code).toBe(0);
    const [{ info }] = json(upscaled.stdout);
    expect(info).toMatchObject({ masks: "network", coverage });
  });

  it("writes masks that come back as the same coverage, for masks and for upscale", async () => {
    const words = ["masks", folder.path("disc.png"), "--json", "--masks", folder.path("semantics")];
    expect((await samsr([...words, "-o", folder.path("again")])).code).toBe(0);
    const coverage = (of: string) => readFileSync(folder.path(of, "coverage.png"));
    expect(coverage("again").equals(coverage("semantics"))).toBe(true);

    const model = writeSmallModel();
    const upscale = async (out: string, more: string[]) => {
      const run = await samsr([
        "upscale",
        folder.path("disc.png"),
        "--model",
        model,
        "-o",
        folder.path(out),
        ...more,
      ]);
      expect([run.stderr, run.code]).toEqual(["", 0]);
      return readFileSync(folder.path(out));
    };
    const own = await upscale("own.png", []);
    expect((await upscale("given.png", ["--masks", folder.path("semantics")])).equals(own)).toBe(true);
    expect((await upscale("none.png", ["--masks", "none"])).equals(own)).toBe(false);
  });

  it("gives each of several pictures a folder, and does the others when one fails", async () => {
    for (const name of ["a.png", "b.png", "b.jpg"]) {
      await drawing()
        .toFormat(name.endsWith("png") ? "png" : "jpeg")
        .toFile(folder.path("in", name));
    }
    writeFileSync(folder.path("in", "c.png"), "no picture");
    const { code, stdout, stderr } = await samsr([
      "masks",
      folder.path("in"),
      "-o",
      folder.path("each"),
      "--json",
    ]);
    expect(stderr).toMatch(/^samsr: .*c\.png is not a picture.*\n$/);
    expect(code).toBe(1);
    for (const name of ["a", "b.png", "b.jpg"])
      expect(existsSync(folder.path("each", name, "sheet.png"))).toBe(true);
    expect(readdirSync(folder.path("each")).sort()).toEqual(["a", "b.jpg", "b.png"]);
    expect(new Set(json(stdout).map(({ input }: { input: string }) => input)).size).toBe(3);
  });

  it("takes masks from files, and overwrites only when asked, with nothing left of before", async () => {
    // Two labels, the left and the right half.
    const labels = Uint8Array.from({ length: 96 * 64 * 3 }, (_, i) =>
      Math.floor(i / 3) % 96 < 48 ? 80 : 160,
    );
    const map = folder.path("labels.png");
    await sharp(labels, { raw: { width: 96, height: 64, channels: 3 } })
      .png()
      .toFile(map);
    const words = ["masks", folder.path("disc.png"), "-o", folder.path("semantics"), "--masks", map];
    const first = await samsr(words);
    expect(first.stderr).toMatch(/^samsr: .*masks-1\.png exists already; --overwrite replaces it\n$/);
    expect(first.code).toBe(1);
    writeFileSync(folder.path("semantics", "masks", "mask-0099.png"), "");
    const second = await samsr([...words, "--overwrite"]);
    expect([second.stderr, second.code]).toEqual(["", 0]);
    expect(second.stdout.toString()).toMatch(/2 masks on 1 levels?, 100 % covered/);
    expect(readdirSync(folder.path("semantics", "masks"))).toEqual(["mask-0001.png", "mask-0002.png"]);
    expect(readdirSync(folder.path("semantics")).filter((name) => name.startsWith("masks-"))).toEqual([
      "masks-1.png",
    ]);
  });

  it("names bad input and makes no folder", async () => {
    const out = folder.path("nothing");
    const { code, stderr } = await samsr(["masks", folder.path("absent.png"), "-o", out]);
    expect(stderr).toMatch(/^samsr: .*absent\.png does not exist\.\n$/);
    expect(code).toBe(1);
    expect(existsSync(out)).toBe(false);
  });

  it.each([
    [["--points", "8"], /--model and the options of Segment Anything go with --masks sam, not regions/, 2],
    [["--masks", "sam", "--box-nms-thresh", "2"], /'--box-nms-thresh <x>' argument '2' is invalid/, 2],
    [["--masks", "sam", "--pred-iou-thresh", "high"], /argument 'high' is invalid\. Expected a number\./, 2],
    [["--masks", "sam"], /no Segment Anything model is installed; add one .* or name a checkpoint/, 1],
    [
      ["--model", "samsr-tiny"],
      /the model samsr-tiny is a pixel-denoiser; expected Segment Anything, which masks need/,
      1,
    ],
    [["--masks", "sam", "--model", "nowhere"], /no model "nowhere"/, 1],
    [["--masks", "regions", "--coverage", "coverage-tiny"], /--coverage goes with --masks network/, 2],
    [["--coverage", "samsr-tiny"], /samsr-tiny is a pixel-denoiser; expected a coverage network/, 1],
  ] as const)("refuses %j", async (words, message, exit) => {
    const env = { SAMSR_HOME: folder.path("home") };
    const run = await samsr(["masks", folder.path("disc.png"), "-o", folder.path("no"), ...words], { env });
    expect(run.stderr).toMatch(message);
    expect(run.code).toBe(exit);
    expect(existsSync(folder.path("no"))).toBe(false);
  });
});

describe.skipIf(!hasShared)("Segment Anything from the command", () => {
  const checkpoint = sharedPath("reference", "sam-small", "checkpoint.pth");
  const settings = [
    ["--points", "8"],
    ["--pred-iou-thresh", "-10"],
    ["--stability-score-thresh", "0"],
    ["--box-nms-thresh", "0.995"],
  ].flat();
  const env = { SAMSR_CACHE: folder.path("cache") };

  beforeAll(async () => {
    const { shape, data } = readSafetensors(
      sharedPath("reference", "sam-small", "io.safetensors"),
    ).tensors.get("image")!;
    await sharp(data as Uint8Array, { raw: { width: shape[1], height: shape[0], channels: 3 } })
      .png()
      .toFile(folder.path("image.png"));
  });

  it("prints the masks of the public generator, and takes them from the cache the second time", async () => {
    const words = ["masks", folder.path("image.png"), "--model", checkpoint, ...settings, "--json"];
    const first = await samsr([...words, "-o", folder.path("sam")], { env });
    expect([first.stderr, first.code]).toEqual(["", 0]);
    const expected = JSON.parse(readFileSync(sharedPath("reference", "sam-small", "amg.json"), "utf8"));
    const masks = json(first.stdout);
    expect(masks.length).toBe(expected.length);
    for (const [i, mask] of masks.entries()) {
      const { bbox, area, point } = expected[i];
      expect(mask).toMatchObject({ bbox, area, point });
      expect(mask.predicted_iou).toBeCloseTo(expected[i].predicted_iou, 3);
      expect(mask.stability_score).toBeCloseTo(expected[i].stability_score, 3);
    }
    const [cached] = readdirSync(env.SAMSR_CACHE);
    const path = folder.path("cache", cached);
    const again = await samsr([...words, "-o", folder.path("sam-again")], { env });
    expect(json(again.stdout).map((mask: object) => ({ ...mask, file: "" }))).toEqual(
      masks.map((mask: object) => ({ ...mask, file: "" })),
    );
    const good = readFileSync(path);
    writeFileSync(path, good.subarray(0, 100));
    const damaged = await samsr([...words, "-o", folder.path("sam-damaged")], { env });
    expect([damaged.stderr, damaged.code]).toEqual(["", 0]);
    expect(readFileSync(path).equals(good)).toBe(true);
  });

  it("upscales a photo with masks found on its enlargement, with the cache and without the same", async () => {
    const photo = sharedPath("data", "val", "bsds500", "101085.jpg");
    await sharp(photo).resize(40, 32).png().toFile(folder.path("photo.png"));
    const model = writeSmallModel();
    const run = async (out: string, more: string[]) => {
      const words = ["upscale", folder.path("photo.png"), "--model", model, "-o", folder.path(out), "--json"];
      const result = await samsr([...words, ...more], { env });
      expect([result.stderr, result.code]).toEqual(["", 0]);
      return { bytes: readFileSync(folder.path(out)), info: json(result.stdout)[0].info };
    };
    const few = [...settings, "--points", "4"];
    const sam = ["--masks", "sam", "--sam", checkpoint, ...few];
    const found = await run("1.png", sam);
    expect(found.info.masks).toBe("sam");
    expect(found.info.coverage.maximum).toBeGreaterThan(1);
    expect((await run("2.png", sam)).bytes.equals(found.bytes)).toBe(true);
    expect((await run("3.png", [...sam, "--no-cache"])).bytes.equals(found.bytes)).toBe(true);
    // What the upscaler saw is what masks --enlarged shows; its masks in files give the same picture.
    const words = [
      "masks",
      folder.path("photo.png"),
      "-o",
      folder.path("seen"),
      "--model",
      checkpoint,
      "--enlarged",
    ];
    expect((await samsr([...words, ...few], { env })).code).toBe(0);
    expect((await run("4.png", ["--masks", folder.path("seen")])).bytes.equals(found.bytes)).toBe(true);
  });

  it("refuses a checkpoint of another network, in one line", async () => {
    const other = sharedPath("reference", "vq-f4-small", "checkpoint.pth");
    const run = await samsr(["masks", folder.path("image.png"), "-o", folder.path("no"), "--model", other], {
      env,
    });
    expect(run.stderr).toMatch(
      /^samsr: .*checkpoint\.pth: holds a vq-autoencoder; expected Segment Anything, which masks need.*\n$/,
    );
    expect(run.code).toBe(1);
  });
});
