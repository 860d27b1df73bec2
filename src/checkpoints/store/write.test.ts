import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import { markOf, newOwner, type Owner } from "../../base/owner.js";
import type { StateDict } from "../../nn/index.js";
import type { ModelDescription } from "../description.js";
import { readSafetensors } from "../safetensors.js";
import { storeError } from "./errors.js";
import { storeFolder } from "./places.js";
import { checkModelName, placeModel } from "./write.js";

const root = mkdtempSync(join(tmpdir(), "samsr-store-"));
afterAll(() => {
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true });
});
let count = 0;
beforeEach(() => vi.stubEnv("SAMSR_HOME", join(root, String(count++))));

const config = { channels: 32, channelMult: [1, 2, 2], resBlocks: 1, latentChannels: 3, codes: 8 };
const described = (name: string): ModelDescription => ({
  name,
  summary: "for tests",
  licence: "MIT",
  network: "vq-autoencoder",
  config,
  weights: { autoencoder: "" },
});
const tensors = (...values: number[]): StateDict =>
  new Map([["w", { shape: [values.length], data: Float32Array.from(values) }]]);
const place = (name: string, values: StateDict, options = {}) =>
  placeModel(described(name), { autoencoder: async () => values }, options);
const names = () => readdirSync(storeFolder()).sort();

describe("the store's folder", () => {
  it("follows SAMSR_HOME, then the platform's convention", () => {
    expect(storeFolder({ SAMSR_HOME: "/data" }, "linux")).toBe("/data/models");
    expect(storeFolder({ XDG_DATA_HOME: "/x" }, "linux")).toBe("/x/samsr/models");
    expect(storeFolder({ XDG_DATA_HOME: "relative" }, "linux")).toMatch(/\/\.local\/share\/samsr\/models$/);
    expect(storeFolder({}, "darwin")).toMatch(/\/Library\/Application Support\/samsr\/models$/);
    expect(storeFolder({ LOCALAPPDATA: "/local" }, "win32")).toBe("/local/samsr/models");
  });
});

describe("a model's name", () => {
  it.each([".", "..", ".hidden", "a/b", "a\\b", "-x", "x.", "a\nb", "C:", "x".repeat(101)])(
    "is not %j",
    async (name) => {
      await expect(checkModelName(name, { overwrite: true })).rejects.toThrow(/is no name for a model/);
    },
  );

  it("is not empty", async () => {
    await expect(checkModelName("", { overwrite: true })).rejects.toThrow(
      /name must be a text that is not empty/,
    );
  });

  it("is not a bundled model's, nor one that is taken", async () => {
    await expect(checkModelName("samsr-tiny", { overwrite: true })).rejects.toThrow(
      /comes with samsr; choose another/,
    );
    await place("taken", tensors(1));
    await expect(checkModelName("taken", {})).rejects.toThrow(/a model taken is installed already/);
    await checkModelName("taken", { overwrite: true });
    for (const name of ["a", "sam-vit-b", "my_model.v2", "Über 4"]) await checkModelName(name, {});
  });
});

describe("placing a model", () => {
  it("keeps every number, and half precision where that loses none", async () => {
    const exact = tensors(1, -0, 65504, 2 ** -24, Number.POSITIVE_INFINITY);
    const rounded = tensors(1, 0.1);
    const read = (folder: string) => readFileSync(join(folder, "autoencoder.safetensors"));
    const [half, full] = [read(await place("half", exact)), read(await place("full", rounded))];
    expect(half.includes('"F16"')).toBe(true);
    expect(full.includes('"F32"')).toBe(true);
    expect(readSafetensors(half).tensors).toEqual(exact);
    expect(readSafetensors(full).tensors).toEqual(rounded);
  });

  it("that fails or is aborted leaves nothing", async () => {
    const failing = placeModel(described("a"), {
      autoencoder: async () => {
        throw new Error("torn");
      },
    });
    await expect(failing).rejects.toThrow("torn");
    const controller = new AbortController();
    const onProgress = ({ stage }: { stage: string }) =>
      stage === "write" && controller.abort(new Error("enough"));
    await expect(place("a", tensors(1, 2), { signal: controller.signal, onProgress })).rejects.toThrow(
      "enough",
    );
    expect(names()).toEqual([]);
  });

  it("replaces an old one whole, and leaves it alone when that fails", async () => {
    const folder = await place("a", tensors(1));
    writeFileSync(join(folder, "CARD.md"), "of the old one");
    await expect(place("a", tensors(2))).rejects.toThrow(/a model a was added meanwhile/);
    expect(readdirSync(folder).sort()).toEqual(["CARD.md", "autoencoder.safetensors", "model.json"]);
    await place("a", tensors(2), { overwrite: true });
    const { weights } = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
    expect(readdirSync(folder).sort()).toEqual([weights.autoencoder, "model.json"].sort());
    expect(readSafetensors(readFileSync(join(folder, weights.autoencoder))).tensors).toEqual(tensors(2));
    expect(names()).toEqual(["a"]);
  });

  it("takes nothing from an old one's folder but what the model consists of", async () => {
    const folder = await place("a", tensors(1));
    mkdirSync(join(folder, "notes"));
    for (const own of ["notes/1.txt", "photo.png", "other.safetensors"])
      writeFileSync(join(folder, own), own);
    writeFileSync(join(folder, "CARD.md"), "of the old one");
    await place("a", tensors(2), { overwrite: true });
    const { weights } = JSON.parse(readFileSync(join(folder, "model.json"), "utf8"));
    expect(readdirSync(folder).sort()).toEqual(
      [weights.autoencoder, "model.json", "notes", "other.safetensors", "photo.png"].sort(),
    );
    expect(readFileSync(join(folder, "notes/1.txt"), "utf8")).toBe("notes/1.txt");
    // Whose files the others are, a damaged description does not say: they stay.
    writeFileSync(join(folder, "model.json"), "{");
    await place("a", tensors(3), { overwrite: true });
    expect(readdirSync(folder)).toContain(weights.autoencoder);
    expect(readdirSync(folder)).toHaveLength(6);
  });

  it("replaces a link itself, whatever it leads to", async () => {
    const mine = join(root, `own${count}`);
    mkdirSync(join(mine, "deep"), { recursive: true });
    writeFileSync(join(mine, "deep", "thesis.txt"), "years of work");
    writeFileSync(join(mine, "model.json"), JSON.stringify(described("a")));
    mkdirSync(storeFolder(), { recursive: true });
    for (const target of [mine, join(mine, "model.json"), join(root, "nowhere")]) {
      symlinkSync(target, join(storeFolder(), "a"));
      const folder = await place("a", tensors(1), { overwrite: true });
      expect(lstatSync(folder).isDirectory()).toBe(true);
      expect(readdirSync(folder)).toHaveLength(2);
      rmSync(folder, { recursive: true });
    }
    expect(readdirSync(mine)).toEqual(["deep", "model.json"]);
    expect(readFileSync(join(mine, "deep", "thesis.txt"), "utf8")).toBe("years of work");
    expect(names()).toEqual([]);
  });

  it("leaves the old one as it was when the new one cannot take its place", async () => {
    const folder = await place("a", tensors(1));
    rmSync(join(folder, "model.json"));
    mkdirSync(join(folder, "model.json"));
    await expect(place("a", tensors(2), { overwrite: true })).rejects.toThrow(/a cannot be written/);
    expect(readdirSync(folder)).toEqual(["autoencoder.safetensors", "model.json"]);
    expect(names()).toEqual(["a"]);
  });

  it("sweeps what processes left that are gone, and only that", async () => {
    const owner = newOwner();
    const elsewhere = { system: "0123456789ab" };
    const folderOf = (what: string, more: Partial<Owner>) => `.${what}-${markOf({ ...owner, ...more })}`;
    const gone = [
      folderOf("adding", { pid: 999_999_999 }),
      folderOf("removed", { ...elsewhere, token: "a".repeat(12) }),
      // The same number, given to another process.
      ...(process.platform === "linux" ? [folderOf("adding", { began: "1" })] : []),
    ];
    const kept = [folderOf("removed", {}), folderOf("adding", elsewhere), ".downloads", ".adding-1-aa"];
    for (const name of [...gone, ...kept]) mkdirSync(join(storeFolder(), name), { recursive: true });
    writeFileSync(join(storeFolder(), kept[1], "model.json"), "");
    const old = new Date(Date.now() - 2 * 24 * 3600 * 1000);
    for (const name of [gone[1], ...kept]) utimesSync(join(storeFolder(), name), old, old);
    await place("a", tensors(1));
    expect(names()).toEqual([...kept, "a"].sort());
  });
});

describe("storeError", () => {
  it.each([
    ["ENOSPC", "no space is left"],
    ["EACCES", "no permission"],
    ["EROFS", "the file system is read-only"],
  ])("says %s in words", (code, words) => {
    const error = Object.assign(new Error(`${code}: write`), { code, syscall: "write" });
    expect((storeError("/m/x", error) as Error).message).toBe(
      `/m/x cannot be written: ${words}; SAMSR_HOME names another place for models`,
    );
    expect((storeError("/m/x", error, "read") as Error).message).toBe(`/m/x cannot be read: ${words}`);
    const bug = new TypeError("x is undefined");
    expect(storeError("/m/x", bug)).toBe(bug);
  });
});
