import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { foreignBinaries, removeBinaries } from "./binaries.js";

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A folder laid out as onnxruntime-node, with a library of 1000 bytes and a binding of 10 a system. */
function runtimeWith(systems: readonly string[], version = "napi-v6"): string {
  const folder = mkdtempSync(join(tmpdir(), "samsr-trim-"));
  made.push(folder);
  for (const system of systems) addSystem(folder, system, version);
  return folder;
}

function addSystem(folder: string, system: string, version: string): void {
  const place = join(folder, "bin", version, system);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, "library.so"), Buffer.alloc(1000));
  writeFileSync(join(place, "onnxruntime_binding.node"), Buffer.alloc(10));
}

it("takes the binaries of other systems and architectures away, and nothing else", async () => {
  const folder = runtimeWith(["linux/x64", "linux/arm64", "darwin/arm64", "win32/x64"]);
  writeFileSync(join(folder, "package.json"), "{}");
  mkdirSync(join(folder, "bin/napi-v6/linux/notes"));
  mkdirSync(join(folder, "bin/napi-v6/others/x64"), { recursive: true });
  const foreign = await foreignBinaries(folder, "linux/x64");
  expect(foreign.map(({ system, bytes }) => [system, bytes])).toEqual([
    ["darwin/arm64", 1010],
    ["linux/arm64", 1010],
    ["win32/x64", 1010],
  ]);
  expect(existsSync(join(folder, "bin/napi-v6/win32/x64"))).toBe(true);
  await removeBinaries(foreign);
  expect(readdirSync(join(folder, "bin/napi-v6/linux/x64")).sort()).toEqual([
    "library.so",
    "onnxruntime_binding.node",
  ]);
  expect(readdirSync(join(folder, "bin/napi-v6/linux")).sort()).toEqual(["notes", "x64"]);
  expect(existsSync(join(folder, "bin/napi-v6/others/x64"))).toBe(true);
  expect(existsSync(join(folder, "package.json"))).toBe(true);
  expect(await foreignBinaries(folder, "linux/x64")).toEqual([]);
});

it("follows no link", async () => {
  const folder = runtimeWith(["linux/x64"]);
  const elsewhere = runtimeWith(["darwin/arm64"]);
  symlinkSync(join(elsewhere, "bin/napi-v6/darwin"), join(folder, "bin/napi-v6/darwin"));
  expect(await foreignBinaries(folder, "linux/x64")).toEqual([]);
});

it("leaves everything where the own system's binding is not there", async () => {
  const folder = runtimeWith(["darwin/arm64", "win32/x64"]);
  await expect(foreignBinaries(folder, "linux/x64")).rejects.toThrow(/no binary for linux\/x64/);
  await expect(foreignBinaries(join(folder, "nowhere"), "linux/x64")).rejects.toThrow(/nothing is removed/);
});

it("finds what this samsr would load, and the own system in it", async () => {
  const runtime = join(import.meta.dirname, "../../../node_modules/onnxruntime-node");
  const systems = (await foreignBinaries(runtime)).map(({ system }) => system);
  expect(systems).not.toContain(`${process.platform}/${process.arch}`);
});
