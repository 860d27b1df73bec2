import { randomBytes } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawing, samsr, temporaryFolder } from "./fixtures/cli.js";

const folder = temporaryFolder();
const { path } = folder;
afterAll(folder.remove);

beforeAll(async () => {
  const png = await drawing().png().toBuffer();
  writeFileSync(path("good.png"), png);
  writeFileSync(path("words.png"), "These are words, not a picture.\n");
  writeFileSync(path("truncated.png"), png.subarray(0, png.length >> 1));
  writeFileSync(path("noise.jpg"), Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), randomBytes(400)]));
  writeFileSync(path("empty.jpg"), "");
  writeFileSync(path("bomb.png"), bomb(60_000, 60_000));
  writeFileSync(path("file"), "in the way");
  mkdirSync(path("folder.png"));
  symlinkSync(path("nowhere.png"), path("dangling.png"));
});

/** A small PNG that unpacks to gigabytes. */
function bomb(width: number, height: number): Buffer {
  const chunk = (name: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(name), data]);
    const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    check.writeUInt32BE(checksum(body));
    return Buffer.concat([length, body, check]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(Buffer.alloc(1 << 20));
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", data),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

/** CRC-32 as PNG has it. */
function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let k = 0; k < 8; k++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

describe("bad input", () => {
  const bad: [string, RegExp][] = [
    ["words.png", /words\.png is not a picture that samsr can read/],
    ["truncated.png", /truncated\.png is a damaged or truncated PNG file/],
    ["noise.jpg", /noise\.jpg is a damaged or truncated JPEG file/],
    ["empty.jpg", /empty\.jpg is empty \(0 bytes\)/],
    ["bomb.png", /bomb\.png has 60000 x 60000 pixels, 3600 megapixels, over the limit of 100 megapixels/],
    ["absent.png", /absent\.png does not exist/],
    ["dangling.png", /dangling\.png does not exist/],
    ["folder.png", /folder\.png: no pictures in this folder/],
    ["ab*sent.png", /ab\*sent\.png: no file matches this pattern/],
  ];

  it("gives one line each, does the others, names them in the summary and leaves no file", async () => {
    const inputs = [...bad.map(([name]) => path(name)), path("good.png")];
    const { code, stdout, stderr } = await samsr(["upscale", ...inputs, "-o", path("batch"), "--json"]);
    const lines = stderr.trimEnd().split("\n");
    for (const [name, message] of bad) {
      const own = lines.filter((line) => message.test(line));
      expect(own, name).toHaveLength(1);
      expect(own[0]).toMatch(/^samsr: /);
    }
    expect(lines).toHaveLength(bad.length + 1);
    expect(lines.at(-1)).toMatch(/^samsr: 9 of 10 failed: .*words\.png.*truncated\.png/);
    expect(lines.at(-1)).not.toContain("good.png");
    expect(code).toBe(1);
    expect(readdirSync(path("batch"))).toEqual(["good.png"]);
    const results = JSON.parse(stdout.toString());
    expect(results).toHaveLength(10);
    expect(results.filter((result: { error?: string }) => result.error === undefined)).toMatchObject([
      { input: path("good.png"), output: path("batch", "good.png"), width: 192, height: 160 },
    ]);
  });

  it.each(bad.slice(0, 2))("says it of a single %s in exactly one line", async (name, message) => {
    const { code, stdout, stderr } = await samsr(["upscale", path(name), "-o", path("single.png")]);
    expect(stderr).toMatch(/^samsr: [^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect(stdout.toString()).toBe("");
    expect(code).toBe(1);
    expect(readdirSync(path("."))).not.toContain("single.png");
  });

  it("refuses a picture over a limit that was asked for, and says it of standard input too", async () => {
    const words = ["upscale", "-", "-o", path("limited.png"), "--pixel-limit", "1900"];
    const { code, stderr } = await samsr(words, { input: readFileSync(path("good.png")) });
    expect(stderr).toMatch(/^samsr: standard input has 48 x 40 pixels.*over the limit.*\n$/);
    expect(code).toBe(1);
  });
});

describe("targets that cannot be", () => {
  it.each([
    [
      "a file where a folder is due",
      ["good.png", "good.png", "-o", "file/"],
      /file\/?: a file is in the way/,
      1,
    ],
    ["a file above the folder", ["good.png", "-o", "file/below/"], /file\/below\/?: a file is in the way/, 1],
    [
      "a file above the file",
      ["good.png", "-o", "file/x.png"],
      /x\.png cannot be written: .*not a folder/,
      1,
    ],
    ["one file for two", ["good.png", "words.png", "-o", "x.png"], /x\.png: the name of one file/, 2],
    ["an ending that is no format", ["good.png", "-o", "x.bmp"], /x\.bmp: samsr writes no \.bmp files/, 2],
    ["several inputs into one stream", ["good.png", "words.png", "-o", "-"], /takes one picture/, 2],
    ["JSON and picture in one stream", ["good.png", "-o", "-", "--json"], /cannot both go/, 2],
    ["too large for WebP", ["wide.png", "-o", "x.webp"], /too large for WEBP/, 1],
  ])("%s", async (_, words, message, exitCode) => {
    if (words.includes("wide.png")) await drawing({ width: 4200, height: 4 }).png().toFile(path("wide.png"));
    const before = readdirSync(path("."));
    const { code, stdout, stderr } = await samsr(["upscale", ...words], { cwd: path(".") });
    expect(stderr).toMatch(/^samsr: [^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect(stdout.toString()).toBe("");
    expect(code).toBe(exitCode);
    expect(readdirSync(path("."))).toEqual(before);
  });
});

describe("settings that cannot be", () => {
  it.each([
    ["--masks", ["--masks", "no-such-folder"], /--masks no-such-folder: no such file or folder/, 1],
    ["masks for another method", ["--method", "sinsr", "--masks", "regions"], /only samsr looks at masks/, 2],
    [
      "more steps than there are",
      ["--steps", "16"],
      /steps must be a whole number from 1 to 15 .*, not 16/,
      2,
    ],
    [
      "a tile the network cannot take",
      ["--tile", "100"],
      /tile must be a whole multiple of 32 pixels, not 100/,
      2,
    ],
    ["an m of 1", ["--eta-scale", "1"], /etaScale .* from 0 to less than 1, not 1/, 2],
    ["a kappa of 0", ["--kappa", "0"], /kappa must be over 0/, 2],
    ["a kappa that is none", ["--kappa", "much"], /--kappa.*Expected a number/, 2],
    ["an overlap over half the tile", ["--tile", "64", "--overlap", "40"], /overlap.*40/, 2],
    ["a model that is not there", ["--model", "no-such-model"], /no model "no-such-model"/, 1],
  ])("%s", async (_, words, message, exitCode) => {
    const full = ["upscale", "good.png", "-o", "settings.png", ...words];
    const { code, stderr } = await samsr(full, { cwd: path(".") });
    expect(stderr).toMatch(/^samsr: [^\n]*\n$/);
    expect(stderr).toMatch(message);
    expect(code).toBe(exitCode);
    expect(readdirSync(path("."))).not.toContain("settings.png");
  });

  describe("a corrupt model", () => {
    const bundled = fileURLToPath(new URL("../models/samsr-tiny", import.meta.url));
    const description = () => JSON.parse(readFileSync(`${bundled}/model.json`, "utf8"));

    it.each<[string, (model: string) => void, RegExp]>([
      ["not JSON", (model) => writeFileSync(`${model}/model.json`, "{"), /model\.json: not JSON/],
      [
        "no weights",
        (model) => copyFileSync(`${bundled}/model.json`, `${model}/model.json`),
        /student\.safetensors is missing/,
      ],
      [
        "half the weights",
        (model) => {
          cpSync(bundled, model, { recursive: true });
          const weights = readFileSync(`${bundled}/student.safetensors`);
          writeFileSync(`${model}/student.safetensors`, weights.subarray(0, weights.length >> 1));
        },
        /student\.safetensors/,
      ],
      [
        "another network's sizes",
        (model) => {
          cpSync(bundled, model, { recursive: true });
          const changed = description();
          changed.config.modelChannels = 96;
          writeFileSync(`${model}/model.json`, JSON.stringify(changed));
        },
        /model/,
      ],
    ])("%s", async (name, spoil, message) => {
      const model = path(`model ${name}`);
      mkdirSync(model);
      spoil(model);
      const full = ["upscale", path("good.png"), "-o", path("corrupt.png"), "--model", model];
      const { code, stderr } = await samsr(full);
      expect(stderr).toMatch(/^samsr: [^\n]*\n$/);
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain("bug in samsr");
      expect(code).toBe(1);
      expect(readdirSync(path("."))).not.toContain("corrupt.png");
    });
  });
});
