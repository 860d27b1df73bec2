import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { checkResultName, planTargets } from "./outputs.js";

const folder = { kind: "folder" as const, path: join(tmpdir(), "samsr-nowhere") };
const inputs = ["a.jpg", "a.png", "sub/b"].map((place) => ({ name: place, path: place, place }));

describe("--name", () => {
  it("tells results apart that would have one name, in their folders", async () => {
    const words = { destination: folder, format: "webp" as const, name: "{name}_{ext}_x{scale}", inputs };
    const targets = await planTargets({ ...words, scale: 2.5 });
    const paths = await Promise.all(inputs.map(async (input) => (await targets.claim(input))?.path));
    expect(paths).toEqual(
      ["a_jpg_x2.5.webp", "a_png_x2.5.webp", "sub/b__x2.5.webp"].map((path) => join(folder.path, path)),
    );
    const byDefault = await planTargets({ ...words, name: "{name} {scale}" });
    expect((await byDefault.claim(inputs[0]!))?.path).toBe(join(folder.path, "a 4.webp"));
    await expect(byDefault.claim(inputs[1]!)).rejects.toThrow(/would both be written to/);
  });

  it("leads nowhere else, and is of known fields", () => {
    const check = (name: string, more = {}, destination: Parameters<typeof checkResultName>[1] = folder) =>
      expect(() => checkResultName({ name, ...more }, destination));
    check("{name}").not.toThrow();
    check("../{name}").toThrow(/no folder/);
    check("{name}/x").toThrow(/no folder/);
    check("{date}").toThrow(/expected \{name\}/);
    check("{name}x{scale}", { longest: 800 }).toThrow(/\{scale\} is not known/);
    check("{name}", {}, { kind: "file", path: "x.png" }).toThrow(/-o names one file/);
  });
});
