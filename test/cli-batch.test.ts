/** Folders, targets and models as bad days bring them: nothing is lost without a word, and nothing hangs. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../src/checkpoints/index.js";
import { hashOfMasks } from "../src/semantics/mask-files.js";
import { command, drawing, samsr, start, temporaryFolder } from "./fixtures/cli.js";
import { smallWeights, writeSmallModel } from "./fixtures/small-model.js";

const folder = temporaryFolder();
const { path } = folder;
const cwd = path(".");
const model = ["--model", writeSmallModel()];
afterAll(() => {
  folder.remove();
  rmSync(model[1]!, { recursive: true });
});
beforeAll(async () => {
  await drawing({ width: 20, height: 16 }).png().toFile(path("a.png"));
  // Its result has over 64 kB in every format.
  await sharp({
    create: {
      width: 160,
      height: 120,
      channels: 3,
      background: "red",
      noise: { type: "gaussian", mean: 128, sigma: 60 },
    },
  })
    .png()
    .toFile(path("noise.png"));
});

/** A user of its own kind may mount what only its own processes see, where the system lets it. */
const ownMounts = ["--user", "--map-root-user", "--mount"];
function hasOwnMounts(): boolean {
  return spawnSync("unshare", [...ownMounts, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0;
}

const run = (...words: string[]) => samsr(["upscale", ...model, ...words], { cwd });

describe.skipIf(process.platform === "win32")("targets that are no files", () => {
  it("are left as they are", async () => {
    execFileSync("mkfifo", [path("pipe.png")]);
    const before = lstatSync(path("pipe.png")).ino;
    const { stderr, code } = await run("a.png", "-o", "pipe.png", "--overwrite");
    expect([stderr, code]).toEqual([
      "samsr: a.png: pipe.png is a device, pipe or socket; the name of a file was expected\n",
      1,
    ]);
    expect(lstatSync(path("pipe.png")).ino).toBe(before);
  });

  it.skipIf(process.platform !== "linux")("take the picture where they are standard output", async () => {
    symlinkSync("/proc/self/fd/1", path("so.webp"));
    const { stdout, code } = await run("a.png", "-o", "so.webp", "--overwrite");
    expect(code).toBe(0);
    expect(await sharp(stdout).metadata()).toMatchObject({ format: "webp", width: 80, height: 64 });
    expect(readlinkSync(path("so.webp"))).toBe("/proc/self/fd/1");
  });
});

describe("a file as target", () => {
  it("is made through a link to nothing, and with the folders above it", async () => {
    symlinkSync("made/elsewhere.png", path("dangling.png"));
    const missing = await run("a.png", "-o", "made/there/x.png");
    expect([missing.stderr, missing.code]).toEqual(["", 0]);
    const linked = await run("a.png", "-o", "dangling.png", "--overwrite");
    expect([linked.stderr, linked.code]).toEqual(["", 0]);
    expect(readdirSync(path("made"), { recursive: true }).sort()).toEqual([
      "elsewhere.png",
      "there",
      "there/x.png",
    ]);
    expect(lstatSync(path("dangling.png")).isSymbolicLink()).toBe(true);
  });
});

describe("a folder as people have it", () => {
  it.skipIf(process.platform === "win32")(
    "is done but for what cannot be, and all of that is named",
    async () => {
      const inside = (name: string) => path("mixed", name);
      copyFileSync(path("a.png"), inside("a.png"));
      await drawing({ width: 20, height: 16 }).jpeg().toFile(inside("k.jfif"));
      copyFileSync(inside("k.jfif"), inside("no-ending"));
      writeFileSync(inside("e.psd"), "8BPS");
      writeFileSync(inside("f.svg"), '<svg xmlns="http://www.w3.org/2000/svg"/>');
      writeFileSync(inside("g.tga"), new Uint8Array(18));
      writeFileSync(inside("desktop.ini"), "[.ShellClassInfo]");
      execFileSync("mkfifo", [inside("pipe.png")]);
      symlinkSync("/dev/zero", inside("zero.png"));
      symlinkSync("nowhere.png", inside("dangling.png"));
      symlinkSync(".", inside("self"));
      writeFileSync(
        Buffer.concat([Buffer.from(inside("caf")), Buffer.from([0xe9]), Buffer.from(".jpg")]),
        "",
      );
      const { stdout, stderr, code } = await run("mixed", "-o", "mixed out", "--json", "--recursive");
      expect(readdirSync(path("mixed out")).sort()).toEqual(["a.png", "k.jfif", "no-ending.jpg"]);
      expect(code).toBe(1);
      const lines = stderr.trimEnd().split("\n");
      expect(lines.slice(0, -1).sort()).toEqual([
        "samsr: mixed/caf\ufffd.jpg: its name is not UTF-8; rename it",
        "samsr: mixed/dangling.png does not exist.",
        expect.stringMatching(/^samsr: mixed\/e\.psd is a Photoshop document, which samsr cannot read; /),
        expect.stringMatching(/^samsr: mixed\/f\.svg is an SVG drawing, which samsr cannot read; /),
        expect.stringMatching(/^samsr: mixed\/g\.tga is a Targa picture, which samsr cannot read; /),
        expect.stringMatching(/^samsr: mixed\/pipe\.png is no regular file/),
        expect.stringMatching(/^samsr: mixed\/zero\.png is no regular file/),
      ]);
      expect(lines.at(-1)).toMatch(/^samsr: 7 of 10 failed: /);
      expect(JSON.parse(stdout.toString())).toHaveLength(10);
    },
  );
});

describe("two processes on one folder", () => {
  it("share the work with --skip-existing, and take what the other has made for skipped", async () => {
    const names = ["1.png", "2.png", "3.png", "4.png"];
    for (const name of names) copyFileSync(path("a.png"), path("shared", name));
    const words = ["shared", "-o", "shared out", "--skip-existing", "--json"];
    const apart = () => start(["upscale", ...model, ...words], { cwd }).finished;
    const both = await Promise.all([apart(), apart()]);
    expect(both.map(({ stderr, code }) => [stderr, code])).toEqual([
      ["", 0],
      ["", 0],
    ]);
    const [first, second] = both.map(({ stdout }) => JSON.parse(stdout.toString()));
    for (const [i, name] of names.entries()) {
      // Exactly one has made each.
      expect(
        [first[i].skipped, second[i].skipped].filter((skipped) => !skipped),
        name,
      ).toHaveLength(1);
    }
    expect(readdirSync(path("shared out"))).toEqual(names);
  });
});

describe.skipIf(process.platform === "win32")("masks that are no files", () => {
  it("are refused, and waited for by nobody", async () => {
    execFileSync("mkfifo", [path("masks.png"), path("folder of masks", "pipe.png")]);
    for (const masks of ["masks.png", "folder of masks"]) {
      const { stderr, code } = await run("a.png", "-o", "masked.png", "--masks", masks);
      expect([stderr, code]).toEqual([
        expect.stringMatching(/^samsr: a\.png: .*\.png is no regular file \(a device, pipe or socket\).*\n$/),
        1,
      ]);
    }
    // As a folder has masks by photo name, for training.
    expect(await hashOfMasks(path("masks.png"))).toBe(await hashOfMasks(path("folder of masks")));
  });
});

describe.skipIf(process.platform !== "linux")("a full disk", () => {
  it.skipIf(!hasOwnMounts())(
    "is said of a file in a line, and leaves no half of it, nor takes the one before",
    async () => {
      const small = path("small disk");
      mkdirSync(small);
      const shell =
        'mount -t tmpfs -o size=64k tmpfs "$1" && cd "$1" && echo old > old.png && shift && "$@"; ' +
        "echo $?; ls -a; cat old.png";
      for (const name of ["old.png", "o.webp"]) {
        const words = [
          command,
          "upscale",
          ...model,
          path("noise.png"),
          "-o",
          name,
          "--overwrite",
          "--lossless",
        ];
        const all = [...ownMounts, "sh", "-c", shell, "sh", small, process.execPath, ...words];
        const { stdout, stderr } = spawnSync("unshare", all, { encoding: "utf8" });
        expect(stderr).toMatch(/^samsr: \S*noise\.png: \S+ cannot be written: no space is left\.\n$/);
        expect(stdout).toBe("1\n.\n..\nold.png\nold\n");
      }
    },
  );

  it("is said of standard output in a line", async () => {
    const listed = await toFull(["models", "list"]);
    expect(listed).toEqual(["samsr: standard output cannot be written: no space is left\n", 1]);
    const picture = await toFull(["upscale", ...model, "a.png", "-o", "-"]);
    expect(picture).toEqual(["samsr: a.png: standard output cannot be written: no space is left\n", 1]);
  });

  /** What it says on standard error, and its exit code, with a full disk as standard output. */
  async function toFull(words: string[]): Promise<[string, number | null]> {
    const full = openSync("/dev/full", "w");
    const child = spawn(process.execPath, [command, ...words], { cwd, stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    let stderr = "";
    child.stderr!.on("data", (chunk) => (stderr += chunk));
    const [code] = await once(child, "close");
    return [stderr, code];
  }
});

describe.skipIf(process.platform !== "linux")("a process that may have little", () => {
  it.each([
    ["open files", "-n 22", /^samsr: .*too many files are open; allow more \(ulimit -n\).*\n$/],
    [
      "memory",
      "-v 1000000",
      /^samsr: there is not enough memory: .* 1024 MB of address space, .*\(ulimit -v\)\n$/,
    ],
    [
      "addresses that WebAssembly sets aside",
      "-v 8000000",
      /^samsr: this process may have 8192 MB .*; set NODE_OPTIONS=--disable-wasm-trap-handler, or .*\n$/,
    ],
  ])("says so in a line: %s", { retry: 2 }, (_, limit, message) => {
    const words = [process.execPath, command, "upscale", ...model, "a.png", "-o", "little.png"];
    const shell = `ulimit ${limit} && exec "$@"`;
    const { stdout, stderr, status } = spawnSync("sh", ["-c", shell, "sh", ...words], {
      cwd,
      encoding: "utf8",
    });
    expect([stdout, status]).toEqual(["", 1]);
    expect(stderr).toMatch(message);
    expect(readdirSync(cwd)).not.toContain("little.png");
  });

  it("works with the option that it is told of", () => {
    const words = [process.execPath, command, "upscale", ...model, "a.png", "-o", "little.png"];
    const { stderr, status } = spawnSync("sh", ["-c", 'ulimit -v 8000000 && exec "$@"', "sh", ...words], {
      ...{ cwd, encoding: "utf8" },
      env: { ...process.env, NODE_OPTIONS: "--disable-wasm-trap-handler" },
    });
    expect([stderr, status]).toEqual(["", 0]);
    rmSync(`${cwd}/little.png`);
  });
});

describe("a model that is not finite", () => {
  it("is named, and makes no picture", async () => {
    const spoilt = writeSmallModel();
    const weights = smallWeights(1);
    const [name] = [...weights.keys()].filter((key) => key.startsWith("middle_block"));
    weights.get(name!)!.data[0] = Number.NaN;
    writeFileSync(`${spoilt}/student.safetensors`, writeSafetensors(weights));
    const { stderr, code } = await samsr(["upscale", "a.png", "-o", "black.png", "--model", spoilt], { cwd });
    rmSync(spoilt, { recursive: true });
    expect(stderr).toMatch(/^samsr: .*the model small makes pixels that are not finite numbers.*\n$/);
    expect(code).toBe(1);
    expect(readdirSync(cwd)).not.toContain("black.png");
  });
});
