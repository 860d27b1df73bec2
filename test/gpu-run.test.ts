/** The program that trains for minutes on another machine: what it brings back is what it goes on from. */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "../src/checkpoints/index.js";
import { temporaryFolder } from "./fixtures/cli.js";
import { python } from "./fixtures/torch.js";
import { normals } from "./run-graph.js";

const folder = temporaryFolder();
afterAll(folder.remove);

const PROGRAM = new URL("../reproduce/gpu", import.meta.url).pathname;

/** Shrinks a state, cuts it into parts of 1000 bytes, and grows it again. */
const THERE_AND_BACK = `
import os, sys
sys.path.insert(0, sys.argv[1])
import run
folder = sys.argv[2]
at = lambda name: os.path.join(folder, name)
state, metadata = run.read_safetensors(at("state.safetensors"))
run.write_safetensors(at("small"), run.shrink(state), metadata)
run.write_parts(at("small"), folder, 1000)
os.remove(at("small"))
run.read_parts(folder, at("small"))
small, metadata = run.read_safetensors(at("small"))
run.write_safetensors(at("again.safetensors"), run.grow(small), metadata)
with open(at("state.01"), "r+b") as file:
    file.write(b"x")
run.read_parts(folder, at("small"))
`;

describe.skipIf(!python)("run.py (needs Python with PyTorch)", () => {
  it("brings the state back in parts and small, close to what it was, and refuses a part of another", () => {
    const size = 1000;
    const of = (scale: number, seed: number) => normals([size], seed).map((v) => v * scale);
    const weights = of(0.1, 1);
    const tensors: Record<string, Float32Array> = {
      weights,
      average: weights.map((w, i) => w + 1e-4 * Math.sin(i)),
      "adam.first": of(1e-5, 2),
      "adam.second": of(1e-5, 3).map((v) => v * v),
    };
    for (const name of Object.keys(tensors)) tensors[`discriminator.${name}`] = tensors[name].slice(0, 70);
    // Nothing at all has no scale.
    tensors["discriminator.adam.first"].fill(0);
    tensors["discriminator.adam.second"].fill(0);
    const state = new Map(
      Object.entries(tensors).map(([name, data]) => [name, { shape: [data.length], data }]),
    );
    writeFileSync(folder.path("state.safetensors"), writeSafetensors(state, { metadata: { step: "7" } }));
    const { status, stderr } = spawnSync(python!, ["-c", THERE_AND_BACK, PROGRAM, folder.path()], {
      encoding: "utf8",
    });
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/state\.01 is not the part that state\.json names/),
    ]);
    const again = readSafetensors(readFileSync(folder.path("again.safetensors")), "again");
    expect(again.metadata.step).toBe("7");
    const worst = (name: string) => {
      const found = again.tensors.get(name)!.data;
      expect(found).toHaveLength(tensors[name].length);
      return Math.max(...tensors[name].map((v, i) => Math.abs(v - found[i])));
    };
    for (const prefix of ["", "discriminator."]) {
      expect(worst(`${prefix}weights`)).toBeLessThan(1e-6);
      expect(worst(`${prefix}average`)).toBeLessThan(3e-4);
      expect(worst(`${prefix}adam.first`)).toBeLessThan(2e-7);
      // Never smaller than it was, so that no step becomes a leap.
      const roots = again.tensors.get(`${prefix}adam.second`)!.data.map(Math.sqrt);
      tensors[`${prefix}adam.second`].forEach((v, i) => {
        expect(roots[i]).toBeGreaterThanOrEqual(Math.sqrt(v) * (1 - 1e-5));
        expect(roots[i]).toBeLessThan(Math.sqrt(v) + 2e-7);
      });
    }
  });
});
