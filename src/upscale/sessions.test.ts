/** Which sessions are made and kept, and that no picture tells which one made it. */
import { afterEach, expect, it } from "vitest";
import { createRandom } from "../base/random.js";
import { ones } from "../nn/index.js";
import * as o from "../onnx/index.js";
import { floatTensor, type Session } from "../runtime/index.js";
import type { KeptSessions } from "./kept-sessions.js";
import { kindOf } from "./kinds/index.js";
import type { ModelKind, TileGraph } from "./kinds/kind.js";
import { findPart, findUpscalingModel } from "./model.js";
import { createSessions, type Sessions } from "./sessions.js";
import { tileShapes } from "./tile-inputs.js";

const opened: Sessions[] = [];
afterEach(async () => {
  for (const sessions of opened.splice(0)) await sessions.release();
});

async function bundled(): Promise<Sessions> {
  const model = await findUpscalingModel("samsr-tiny");
  const of = { name: "samsr-tiny", kind: kindOf(model.description) };
  const sessions = createSessions(of, (part, detail) => findPart(model, part, detail), {
    device: "cpu",
    threads: 1,
  });
  opened.push(sessions);
  return sessions;
}

async function pixelsOf(session: Session, kind: ModelKind, width: number, height: number) {
  const shapes = tileShapes(kind, { width, height });
  const random = createRandom(width * height);
  const feeds = Object.fromEntries(
    (session.inputs as (keyof typeof shapes)[]).map((name) => {
      const tensor = floatTensor(shapes[name]);
      random.normals(tensor.data);
      return [name, tensor];
    }),
  );
  return (await session.run(feeds)).hr.data;
}

it("pictures of many sizes share one session, which makes the same pixels as one of their size", async () => {
  const sessions = await bundled();
  const { kind } = sessions;
  const [step] = kind.onePass;
  const sizes = [
    [32, 64],
    [64, 96],
    [32, 32],
  ];
  let first: Session | undefined;
  for (const [i, [width, height]] of sizes.entries()) {
    const session = await sessions.of(step, { width, height });
    expect(sessions.made).toBe(i === 0 ? 1 : 2);
    if (i === 1) await expect(first!.run({})).rejects.toThrow(/released/);
    first ??= session;
    const own = i === 0 ? session : await (await bundled()).of(step, { width, height });
    const [made, due] = [
      await pixelsOf(session, kind, width, height),
      await pixelsOf(own, kind, width, height),
    ];
    expect(made.length).toBe(48 * width * height);
    expect(made.every((value, at) => value === due[at])).toBe(true);
  }
});

/** A kind of model that is one graph, whose pictures stay as large as they are. */
const kindOfGraph = (graph: TileGraph, keptBytes: number): ModelKind => ({
  ...{ scale: 1, multiple: 1, tile: 8, overlap: 0, keptBytes },
  ...{ onePass: [graph], graphs: [graph], enlarge: async () => {} },
});

it("keeps sessions of a graph of fixed size within so many bytes, the last ones", async () => {
  const graph: TileGraph = {
    name: "half",
    output: "hr",
    timed: "network",
    weights: "network",
    build: (p, { lq }) => o.mul(lq, p.parameter("gain", [], ones)),
  };
  // What goes in and what comes out of 16 x 16 pixels, and of 8 x 8.
  const kind = kindOfGraph(graph, 2 * 4 * 3 * (256 + 64));
  const gain = new Map([["gain", { shape: [], data: Float32Array.of(0.5) }]]);
  const sessions = createSessions({ name: "half", kind }, async () => ({ tensors: gain }), { device: "cpu" });
  opened.push(sessions);
  const ask = async (side: number) => {
    const before = sessions.made;
    await sessions.of(graph, { width: side, height: side });
    return sessions.made - before;
  };
  // Three at once are within the bytes, and then the one of 16 x 16 is asked for last.
  for (const side of [8, 16, 4]) expect(await ask(side)).toBe(1);
  for (const side of [8, 4, 16]) expect(await ask(side)).toBe(0);
  // One of 20 x 20 is in use; of the others that of 8 x 8 is too much.
  expect(await ask(20)).toBe(1);
  expect(await ask(16)).toBe(0);
  expect(await ask(4)).toBe(0);
  expect(await ask(8)).toBe(1);
});

it("begins with the session that is kept, which the first tile then finds", async () => {
  const found: string[] = [];
  const begun = async (isThere: boolean) => {
    const graph: TileGraph = {
      ...{ name: "doubled", output: "hr", timed: "network", sizedBy: "lq" },
      build: (_, { lq }) => o.mul(lq, 2),
    };
    const kind = kindOfGraph(graph, 2 ** 20);
    const kept: KeptSessions = {
      ...{ graph: "doubled", some: isThere, has: (size) => isThere && !size },
      find: async (size) => void found.push(size ? "one size" : "all"),
      keep: (_, make) => make({}),
    };
    const sessions = createSessions(
      { name: "doubled", kind },
      async () => ({ tensors: new Map() }),
      { device: "cpu" },
      kept,
    );
    opened.push(sessions);
    await sessions.begin();
    const made = sessions.made;
    await sessions.of(graph, { width: 8, height: 8 });
    return [made, sessions.made, found.splice(0)];
  };
  expect(await begun(true)).toEqual([1, 1, ["all"]]);
  expect(await begun(false)).toEqual([0, 1, ["all"]]);
});

it("keeps one session for all sizes, or the first of one size where a graph has none for all", async () => {
  const asked: string[] = [];
  const kept: KeptSessions = {
    graph: "doubled",
    some: false,
    has: () => false,
    find: async () => undefined,
    keep: (size, make) => {
      asked.push(size ? `${size.width}x${size.height}` : "all");
      return make({});
    },
  };
  const made = async (sizedBy: "lq" | undefined) => {
    const graph: TileGraph = {
      ...{ name: "doubled", output: "hr", timed: "network", sizedBy },
      build: (_, { lq }) => o.mul(lq, 2),
    };
    const kind = kindOfGraph(graph, 2 ** 20);
    const weights = async () => ({ tensors: new Map() });
    const sessions = createSessions({ name: "doubled", kind }, weights, { device: "cpu" }, kept);
    opened.push(sessions);
    for (const side of [8, 12, 8]) await sessions.of(graph, { width: side, height: side });
    return [sessions.made, asked.splice(0)];
  };
  expect(await made("lq")).toEqual([1, ["all"]]);
  expect(await made(undefined)).toEqual([2, ["8x8", "12x12"]]);
});
