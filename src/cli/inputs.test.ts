import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it, vi } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "samsr-inputs-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Root may look into every folder, so the system's answer is played. */
vi.mock(import("node:fs/promises"), async (original) => {
  const system = await original();
  const readdir = (async (path: string, ...more: never[]) => {
    if (!path.endsWith("shut")) return system.readdir(path, ...more);
    throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES", path, syscall: "scandir" });
  }) as typeof system.readdir;
  return { ...system, readdir };
});
const { findInputs } = await import("./inputs.js");
const { describe: words } = await import("../base/describe.js");

it("names a folder that cannot be looked into, and finds what is in the others", async () => {
  for (const name of ["shut", "ok", "empty"]) mkdirSync(join(folder, "all", name), { recursive: true });
  writeFileSync(join(folder, "all", "b.png"), "");
  copyFileSync(join(folder, "all", "b.png"), join(folder, "all", "ok", "c.png"));
  const all = await findInputs([join(folder, "all")], { recursive: true });
  expect(all.inputs.map(({ place }) => place)).toEqual(["b.png", join("ok", "c.png")]);
  const shut = join(folder, "all", "shut");
  expect(all.failures.map(({ name, error }) => [name, words(error)])).toEqual([
    [shut, `${shut}: no permission`],
  ]);
  const alone = await findInputs([shut]);
  expect(alone.inputs).toEqual([]);
  expect(words(alone.failures[0]!.error)).toBe(`${shut}: no permission`);
});

it("takes pictures by what they are, those that are not read too, and nothing else", async () => {
  const pictures = join(folder, "pictures");
  mkdirSync(pictures);
  writeFileSync(join(pictures, "b.psd"), "8BPS");
  writeFileSync(join(pictures, "heic"), "\0\0\0\x18ftypheic");
  writeFileSync(join(pictures, "desktop.ini"), "[.ShellClassInfo]");
  writeFileSync(join(pictures, "empty"), "");
  const { inputs, failures } = await findInputs([pictures]);
  expect([inputs.map(({ place }) => place), failures]).toEqual([["b.psd", "heic"], []]);
});

it.skipIf(process.platform === "win32")(
  "takes all that a pattern matches, so that nothing is passed over",
  async () => {
    const place = join(folder, "pattern");
    mkdirSync(join(place, "folder.png"), { recursive: true });
    writeFileSync(join(place, "a.png"), "");
    execFileSync("mkfifo", [join(place, "pipe.png")]);
    symlinkSync("/dev/zero", join(place, "zero.png"));
    symlinkSync("nowhere", join(place, "dangling.png"));
    writeFileSync(Buffer.concat([Buffer.from(`${place}/caf`), Buffer.of(0xe9), Buffer.from(".png")]), "");
    const { inputs, failures } = await findInputs([join(place, "*.png")]);
    expect(inputs.map((input) => input.place)).toEqual(["a.png", "dangling.png", "pipe.png", "zero.png"]);
    expect(failures.map(({ error }) => words(error))).toEqual([
      expect.stringMatching(/caf\ufffd\.png: its name is not UTF-8; rename it$/),
    ]);
    const none = await findInputs([join(place, "f*.png")]);
    expect(words(none.failures[0]!.error)).toMatch(/no file matches this pattern$/);
  },
);

it("says of a word that was no UTF-8 what is wrong with it", async () => {
  const { inputs, failures } = await findInputs([join(folder, "caf\ufffd.jpg")]);
  expect(inputs).toEqual([]);
  expect(words(failures[0]!.error)).toMatch(/its name is not UTF-8; rename it$/);
});
