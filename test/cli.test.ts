import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { command, samsr, start } from "./fixtures/cli.js";

describe("samsr itself", () => {
  it.skipIf(process.platform === "win32")("may be run by its name as npm run build leaves it", () => {
    expect(execFileSync(command, ["--version"], { encoding: "utf8" })).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

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
    // Lines end where the terminal's do.
    const words = upscale.stdout.toString().replace(/\s+/g, " ");
    for (const word of ["--masks", "--tile", "--skip-existing", "--pixel-limit", "each colour is a region"]) {
      expect(words).toContain(word);
    }
  });

  it("ends with the exit code of what it ran", async () => {
    const codes = [["--version"], ["models", "show", "nothing"], ["enlarge"]].map(
      async (words) => (await start(words).finished).code,
    );
    expect(await Promise.all(codes)).toEqual([0, 1, 2]);
  });

  it("starts quickly, without codecs and ONNX Runtime", async () => {
    const spy = `process.on("exit", () => console.error(JSON.stringify({
      native: process.report.getReport().sharedObjects.filter((path) => /sharp|vips|onnx/.test(path)),
      cpu: process.cpuUsage() })))`;
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(spy)}` };
    const { stderr } = await start(["--help"], { env }).finished;
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
