/**
 * Sessions that are kept in files: the same numbers, and nothing that is damaged or another's is believed.
 */
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { smallWeights, tinyNetwork, writeSmallModel } from "../../test/fixtures/small-model.js";
import { writeSafetensors } from "../checkpoints/index.js";
import type { Backend } from "../runtime/backend.js";
import { loadBackend } from "../runtime/devices.js";
import { floatTensor, type Session } from "../runtime/index.js";
import { openKeptSessions } from "./kept-sessions.js";
import { kindOf } from "./kinds/index.js";
import { findPart, findUpscalingModel } from "./model.js";
import { createSessions } from "./sessions.js";
import { type TileSize, tileShapes } from "./tile-inputs.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-kept-"));
const size = { width: 32, height: 16 };
afterAll(() => rmSync(folder, { recursive: true }));

let backend: Backend;
let path: string;
beforeAll(async () => {
  backend = await loadBackend();
  path = writeSmallModel();
});

/** The numbers that a process with this build would make of a tile, and whether it found a session. */
async function run(build: string | undefined, of: TileSize = size, from = path) {
  const model = await findUpscalingModel(from);
  const kind = kindOf(model.description);
  const kept = await openKeptSessions(model, backend, folder, build);
  let found: Session | undefined;
  const watched = kept && {
    ...kept,
    find: async (...args: Parameters<typeof kept.find>) => (found = await kept.find(...args)),
  };
  const sessions = createSessions(
    { name: "small", kind },
    (part) => findPart(model, part),
    { device: "cpu", threads: 1 },
    watched,
  );
  await sessions.check();
  const session = await sessions.of(kind.onePass[0]!, of);
  const shapes = tileShapes(kind, of);
  const feeds = Object.fromEntries(
    (session.inputs as (keyof typeof shapes)[]).map((name) => {
      const { data, ...rest } = floatTensor(shapes[name]);
      return [name, { ...rest, data: data.map((_, i) => Math.sin(i)) }];
    }),
  );
  const { hr } = await session.run(feeds);
  await sessions.release();
  return { numbers: [...(hr!.data as Float32Array)], found: found !== undefined };
}

it("a session is kept once and found again, with the same numbers to the bit as one that is not kept", async () => {
  const plain = await run(undefined);
  expect(readdirSync(folder)).toEqual([]);
  const first = await run("build");
  const [name] = readdirSync(folder);
  expect(statSync(join(folder, name!)).mode & 0o777).toBe(0o600);
  const second = await run("build");
  expect([plain.found, first.found, second.found]).toEqual([false, false, true]);
  expect(first.numbers).toEqual(plain.numbers);
  expect(second.numbers).toEqual(plain.numbers);
});

it("a graph of any size is kept once for tiles of all sizes", async () => {
  const wide = writeSmallModel({ ...tinyNetwork, modelChannels: 64 });
  const other = { width: 16, height: 48 };
  const plain = await run(undefined, other, wide);
  expect((await run("build", size, wide)).found).toBe(false);
  const kept = await run("build", other, wide);
  expect(kept.found).toBe(true);
  expect(kept.numbers).toEqual(plain.numbers);
});

it("code or weights of another version find nothing, of any other graph another size neither", async () => {
  expect((await run("build", { width: 16, height: 16 })).found).toBe(false);
  expect((await run("newer")).found).toBe(false);
  const weights = join(path, "student.safetensors");
  const { atime, mtime } = statSync(weights);
  writeFileSync(weights, writeSafetensors(smallWeights(9)));
  // A time that was set back hides no change.
  utimesSync(weights, atime, mtime);
  expect((await run("build")).found).toBe(false);
  expect((await run("build")).found).toBe(true);
});

it("a change of either of the weights that are blended makes another session", async () => {
  const blended = writeSmallModel();
  const file = (name: string) => join(blended, name);
  const description = JSON.parse(readFileSync(file("model.json"), "utf8"));
  const weights = { ...description.weights, sharp: "sharp.safetensors" };
  writeFileSync(file("model.json"), JSON.stringify({ ...description, weights, detail: 0.4 }));
  writeFileSync(file("sharp.safetensors"), writeSafetensors(smallWeights(3)));
  const found = async () => (await run("build", size, blended)).found;
  expect([await found(), await found()]).toEqual([false, true]);
  writeFileSync(file("sharp.safetensors"), writeSafetensors(smallWeights(4)));
  expect(await found()).toBe(false);
});

it("a damaged file, a cut one, and one that others may write to are made again", async () => {
  const { numbers } = await run(undefined);
  const file = () => {
    const names = readdirSync(folder).map((name) => join(folder, name));
    return names.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0]!;
  };
  await run("build");
  const mine = file();
  const whole = readFileSync(mine);
  const flipped = Uint8Array.from(whole);
  flipped[whole.length >> 1]! ^= 1;
  const damages = [
    () => writeFileSync(mine, flipped),
    () => writeFileSync(mine, whole.subarray(0, whole.length >> 1)),
    () => writeFileSync(mine, ""),
    () => chmodSync(mine, 0o666),
  ];
  for (const damage of damages) {
    damage();
    const made = await run("build");
    expect(made.found).toBe(false);
    expect(made.numbers).toEqual(numbers);
    expect((await run("build")).found).toBe(true);
  }
});

it("two that keep the same session at the same time leave one whole file", async () => {
  const both = await Promise.all([run("twice"), run("twice")]);
  expect(both.map(({ found }) => found)).toEqual([false, false]);
  const again = await run("twice");
  expect(again.found).toBe(true);
  expect(again.numbers).toEqual(both[0]!.numbers);
  expect(readdirSync(folder).filter((name) => !name.endsWith(".ort"))).toEqual([]);
});
