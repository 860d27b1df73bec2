/** What is promised whole or not at all is so when the power fails, whichever moment that is. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { AutoencoderModel } from "../src/checkpoints/index.js";
import { readSafetensors } from "../src/checkpoints/index.js";
import { placeModel } from "../src/checkpoints/store/write.js";
import { createRaster, encodeToFile, writeFileAtomically } from "../src/image/index.js";
import { zeros } from "../src/nn/index.js";
import { input } from "../src/onnx/index.js";
import { createTrainingState, saveTrainingState } from "../src/train/checkpoint.js";
import { createFlatWeights } from "../src/train/weights.js";
import { lossyDisk, type Remains } from "./fixtures/lossy-disk.js";

vi.mock("node:fs/promises", async (original) =>
  (await import("./fixtures/lossy-disk.js")).lossyDisk.over(await original()),
);

const base = mkdtempSync(join(tmpdir(), "samsr-power-"));
afterAll(() => rmSync(base, { recursive: true }));
let count = 0;
let folder: string;
beforeEach(() => {
  folder = join(base, String(count++));
  mkdirSync(folder);
});

/**
 * Runs it, and tells how often the power could have failed; `whole` is asked each time what would be left.
 */
async function throughFailures(
  work: () => Promise<unknown>,
  whole: (remains: Remains) => void,
): Promise<number> {
  let moments = 0;
  lossyDisk.watch(folder, (remains) => {
    moments++;
    whole(remains);
  });
  await work();
  return moments;
}

describe("when the power fails", () => {
  const content = Buffer.alloc(10_000, 7);

  it.each([true, false])(
    "a file is the old one or the new one, whole (overwritten: %s)",
    async (overwrite) => {
      const path = join(folder, "out.bin");
      const old = overwrite ? Buffer.from("old") : undefined;
      if (old) writeFileSync(path, old);
      const moments = await throughFailures(
        () => writeFileAtomically(path, content, { overwrite }),
        (remains) => expect([old, content]).toContainEqual(remains(path)),
      );
      expect(moments).toBeGreaterThan(4);
      expect(lossyDisk.remains(path)).toEqual(content);
    },
  );

  it("the test notices a file that is renamed before it is synced", async () => {
    const path = join(folder, "out.bin");
    const careless = throughFailures(
      () => writeFileAtomically(path, content, { volatile: true }),
      (remains) => expect([undefined, content]).toContainEqual(remains(path)),
    );
    await expect(careless).rejects.toThrow();
  });

  it("so is a picture, and a training run's state", async () => {
    const picture = join(folder, "picture.png");
    await throughFailures(
      () => encodeToFile(createRaster(8, 8, 3), picture, { format: "png" }),
      (remains) => expect(remains(picture)?.subarray(-8, -4).toString() ?? "IEND").toBe("IEND"),
    );
    expect(lossyDisk.remains(picture)).toBeDefined();

    const path = join(folder, "state.safetensors");
    const spec = { name: "w", shape: [3], initializer: zeros, value: input("w", [3]) };
    const state = createTrainingState(createFlatWeights([spec]));
    const step = (bytes: Buffer) => readSafetensors(bytes, path).metadata.step;
    await saveTrainingState(path, state);
    state.adam.step = 5;
    await throughFailures(
      () => saveTrainingState(path, state),
      (remains) => expect(["0", "5"]).toContain(step(remains(path)!)),
    );
    expect(step(lossyDisk.remains(path)!)).toBe("5");
  });

  it("so is a model in the store, added or replaced", async () => {
    vi.stubEnv("SAMSR_HOME", folder);
    const config = { channels: 32, channelMult: [1, 2, 2], resBlocks: 1, latentChannels: 3, codes: 8 };
    const facts = { summary: "for tests", licence: "MIT", network: "vq-autoencoder", config } as const;
    const description: AutoencoderModel = { ...facts, name: "a", weights: { autoencoder: "" } };
    const place = (value: number) => {
      const tensors = new Map([["w", { shape: [1], data: Float32Array.of(value) }]]);
      return placeModel(description, { autoencoder: async () => tensors }, { overwrite: true });
    };
    const model = join(folder, "models", "a");
    /** The number in the weights that `model.json` names, or undefined for no model. */
    const held = (remains: Remains) => {
      const json = remains(join(model, "model.json"));
      if (json === undefined) return undefined;
      const { weights } = JSON.parse(json.toString());
      return readSafetensors(remains(join(model, weights.autoencoder))!, "w").tensors.get("w")!.data[0];
    };
    await throughFailures(
      () => place(1),
      (remains) => expect([undefined, 1]).toContain(held(remains)),
    );
    expect(held(lossyDisk.remains)).toBe(1);
    await throughFailures(
      () => place(2),
      (remains) => expect([1, 2]).toContain(held(remains)),
    );
    expect(held(lossyDisk.remains)).toBe(2);
  });
});
