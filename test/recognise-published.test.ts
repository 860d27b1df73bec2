/** The published files of networks of one pass, told apart by names and shapes alone. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SamsrError } from "../src/base/errors.js";
import { recognise } from "../src/checkpoints/index.js";
import { NETWORKS } from "../src/networks/index.js";
import type { Shape } from "../src/onnx/index.js";
import { hasShared, sharedPath } from "./shared.js";

/** Which network a file holds, by words of its name. */
const HOLDS: readonly (readonly [RegExp, string])[] = [
  [/^RealESRGAN_|^ESRGAN |^BSRGAN|^RealSR_/, "rrdb"],
  [/^realesr-/, "srvgg"],
];

const lists: [string, Record<string, Shape>][] = hasShared
  ? Object.entries(
      JSON.parse(readFileSync(sharedPath("reference", "state-dict-shapes-methods.json"), "utf8")),
    )
  : [];
const cases = lists.flatMap(([name, tensors]) => {
  const network = HOLDS.find(([words]) => words.test(name))?.[1];
  return network ? [[name, network, new Map(Object.entries(tensors))] as const] : [];
});

function messageOf(shapes: ReadonlyMap<string, Shape>): string {
  try {
    recognise(shapes, "x.pth");
  } catch (error) {
    expect(error).toBeInstanceOf(SamsrError);
    return (error as Error).message;
  }
  throw new Error("it was recognised");
}

describe.skipIf(!hasShared)("the published files", () => {
  it("are all there", () => expect(cases.length).toBeGreaterThanOrEqual(9));

  it.each(cases)("%s is %s, and nothing near it is", (_, network, shapes) => {
    expect(recognise(shapes, "x.pth").network).toBe(network);
    const { title } = NETWORKS.find(({ name }) => name === network)!;
    const names = [...shapes.keys()];
    for (const name of [names[0], names[names.length >> 1], names.at(-1)!]) {
      const shape = shapes.get(name)!;
      // Where a size is told by this tensor alone, the network's cannot be the right one.
      const missing = new RegExp(`"${name.replaceAll(".", "\\.")}" \\[[\\d, ]+\\] is missing`);
      const without = new Map([...shapes].filter(([key]) => key !== name));
      const nearest = `x.pth: not a network that samsr knows; the nearest is ${title}, but "`;
      expect(messageOf(without)).toContain(nearest);
      expect(messageOf(without)).toMatch(missing);
      const renamed = messageOf(new Map([...without, [`${name}_`, shape]]));
      expect(renamed).toContain(nearest);
      expect(renamed).toMatch(missing);
      expect(renamed).toContain(`"${name}_" [${shape.join(", ")}] has no place in it`);
      const extra = messageOf(new Map([...shapes, ["more.weight", [3]]]));
      expect(extra).toBe(`${nearest}more.weight" [3] has no place in it`);
    }
  });
});
