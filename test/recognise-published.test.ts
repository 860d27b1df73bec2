/**
 * Every upscaling network of the published and the community's files is told from its tensors alone, and one
 * tensor that is renamed, missing or too many is named.
 */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SamsrError } from "../src/base/errors.js";
import { readShapes, recogniseNetwork, type Shapes } from "../src/checkpoints/index.js";
import { NETWORKS } from "../src/networks/index.js";
import type { Shape } from "../src/onnx/index.js";
import { hasShared, sharedPath } from "./shared.js";

/** Which network the lists of shapes and the folders of fixtures hold whose names begin so. */
const HOLD: readonly (readonly [begin: RegExp, network: string])[] = [
  [/^(RealESRGAN|ESRGAN|BSRGAN|RealSR)|^rrdb-/, "rrdb"],
  [/^realesr-|^srvgg-/, "srvgg"],
  [/^SPAN |^span-/, "span"],
  [/^PLKSR|^plksr-/, "plksr"],
  [/^RealPLKSR|^realplksr-/, "real-plksr"],
  [/\(SwinIR\)$|^swinir-/, "swinir"],
  [/^net_g |^dasr\/net_g/, "dasr"],
  [/^net_p |^dasr\/net_p/, "dasr-predictor"],
  [/^bsr_sr |^ldm-sr/, "latent-diffusion"],
];
const networkOf = (name: string) => HOLD.find(([begin]) => begin.test(name))?.[1];

const FIXTURES = [
  ...["new-x1", "new-x2", "new-x4", "old-x1", "old-x2", "old-x4", "old-x8", "trunk-x2", "trunk-x4"].map(
    (name) => `rrdb-${name}`,
  ),
  ...["x1", "x2", "x4"].map((name) => `srvgg-${name}`),
  ...["span-x2", "span-x4", "plksr-x2", "plksr-x4"],
  ...["x2", "x4", "dysample-x2", "dysample-x3", "dysample-x4", "layernorm"].map(
    (name) => `realplksr-${name}`,
  ),
  ...["classical-x2", "classical-x3", "classical-x4", "light-x2", "real-x4", "real-x4-large"].map(
    (name) => `swinir-${name}`,
  ),
  ...["denoise-grey", "denoise-colour", "jpeg-grey"].map((name) => `swinir-${name}`),
  ...["dasr/net_g.pth", "dasr/net_p.pth", "ldm-sr"],
];

const messageOf = (shapes: Shapes) => {
  try {
    recogniseNetwork(shapes, "x.pth");
  } catch (error) {
    expect(error).toBeInstanceOf(SamsrError);
    return (error as Error).message;
  }
  throw new Error("it was recognised");
};

/** A tensor, a few along the list, that no network can do without; tables that follow from sizes it can. */
function someOf(shapes: Shapes): string[] {
  const places = shapes.size > 250 ? [0.37] : [0, 0.37, 0.71, 0.999];
  const names = [...shapes.keys()].filter((name) => /(weight|bias|bias_table)$/.test(name));
  return places.map((part) => names[Math.floor(part * names.length)]);
}

/** With one tensor under another name, without it, and with one more. */
function expectNamed(shapes: Shapes, network: string) {
  const { title } = NETWORKS.find(({ name }) => name === network)!;
  const nearest = `x.pth: not a network that samsr knows; the nearest is ${title}, but `;
  for (const name of someOf(shapes)) {
    const shape = shapes.get(name)!;
    const tensor = (key: string) => `"${key}" [${shape.join(", ")}]`;
    const missing = new Map(shapes);
    missing.delete(name);
    expect(messageOf(missing)).toContain(nearest);
    expect(messageOf(missing)).toContain(`"${name}"`);
    const renamed = new Map([...missing, [`${name}_`, shape]]);
    expect(messageOf(renamed)).toContain(nearest);
    expect(messageOf(renamed)).toContain(`${tensor(`${name}_`)} has no place in it`);
  }
  const extra = new Map<string, Shape>([...shapes, ["extra.weight", [3, 7]]]);
  expect(messageOf(extra)).toBe(`${nearest}"extra.weight" [3, 7] has no place in it`);
}

describe.skipIf(!hasShared)("networks of the published files", () => {
  const file = sharedPath("reference", "state-dict-shapes-methods.json");
  const lists: Record<string, Record<string, Shape>> = hasShared
    ? JSON.parse(readFileSync(file, "utf8"))
    : {};

  it.each(Object.keys(lists).filter(networkOf))("%s, at full size", (name) => {
    const shapes = new Map(Object.entries(lists[name]));
    expect(recogniseNetwork(shapes, "x.pth").network).toBe(networkOf(name));
    expectNamed(shapes, networkOf(name)!);
  });

  it.each(FIXTURES)("%s", async (name) => {
    const path = name.endsWith(".pth") ? name : `${name}/checkpoint.pth`;
    const shapes = await readShapes(sharedPath("reference", path));
    expect(recogniseNetwork(shapes, "x.pth").network).toBe(networkOf(name));
    expectNamed(shapes, networkOf(name)!);
  });

  it("metrics' networks are none of them", () => {
    for (const name of Object.keys(lists).filter((key) => !networkOf(key))) {
      expect(messageOf(new Map(Object.entries(lists[name]))), name).toMatch(/^x\.pth: /);
    }
  });
});
