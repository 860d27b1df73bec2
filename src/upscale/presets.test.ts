import { describe, expect, it } from "vitest";
import { smallLatentDescription as latent } from "../../test/fixtures/small-latent-model.js";
import { smallDescription as pixels } from "../../test/fixtures/small-model.js";
import { publishedSettings, withPreset } from "./presets.js";

describe("preset published", () => {
  const authors = { variant: "release", masks: "sam", tiles: "alone", tile: 512, overlap: 64 };

  it("is the authors' tiles of 512, and of 256 where memory is short, which is said", () => {
    expect(publishedSettings(latent, 16.6e9)).toEqual({
      settings: authors,
      note: "preset published: tiles of 512 with a stride of 448",
    });
    const { settings, note } = publishedSettings(latent, 8e9);
    expect(settings).toEqual({ ...authors, tile: 256, overlap: 32 });
    expect(note).toMatch(/^preset published: tiles of 256 with a stride of 224; 512 need 16.4 GB/);
  });

  it("asks for no masks where the method takes none", () => {
    expect(publishedSettings(latent, 64e9, "sinsr").settings).not.toHaveProperty("masks");
  });

  it("gives way to what is said, and is told once", () => {
    const lines: string[] = [];
    const said = { preset: "published", masks: "regions", tile: undefined } as const;
    const settings = withPreset<object>(said, latent, 64e9, (line) => lines.push(line));
    expect(settings).toMatchObject({ ...authors, masks: "regions" });
    expect(lines).toHaveLength(1);
    const bare = { masks: "none" } as const;
    expect(withPreset<object>(bare, latent, 64e9)).toBe(bare);
  });

  it("is refused for a model of pixels", () => {
    expect(() => publishedSettings(pixels, 64e9)).toThrow(/is for models of latents/);
  });
});
