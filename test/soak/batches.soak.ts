/** Batches that are killed: what is there is whole, and a later run finishes it and clears away. */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { afterAll, beforeAll, expect, it } from "vitest";
import { drawing, samsr, start, temporaryFolder } from "../fixtures/cli.js";
import { writeSmallModel } from "../fixtures/small-model.js";
import { KILLED, killed, ROUNDS, roundOf } from "./soak.js";

const folder = temporaryFolder();
const { path } = folder;
const cwd = path(".");
const model = ["--model", writeSmallModel()];
afterAll(() => {
  folder.remove();
  rmSync(model[1]!, { recursive: true });
});

const names = Array.from({ length: 8 }, (_, i) => `${i}.${["png", "jpg", "webp", "tif"][i % 4]}`);
const words = (out: string, ...more: string[]) => ["upscale", "in", "-o", out, "--quiet", ...model, ...more];
let wholes: Map<string, Buffer>;
/** Milliseconds that an undisturbed run takes. */
let lifetime: number;
beforeAll(async () => {
  for (const [i, name] of names.entries()) {
    await drawing({ width: 100 + 8 * i, height: 90 }).toFile(path("in", name));
  }
  const { stderr, code, milliseconds } = await start(words("whole"), { cwd }).finished;
  expect([stderr, code]).toEqual(["", 0]);
  wholes = contents("whole");
  expect([...wholes.keys()]).toEqual(names);
  lifetime = milliseconds;
});

/** What is in a folder under its names, which is right to the byte. */
function contents(out: string, right?: Map<string, Buffer>): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (const name of readdirSync(path(out)).sort()) {
    if (name.startsWith(".")) continue;
    found.set(name, readFileSync(path(out, name)));
    if (right) expect(found.get(name)!.equals(right.get(name)!), `${out}/${name} is whole`).toBe(true);
  }
  return found;
}

it(`a batch that is killed ${ROUNDS} times leaves whole files, and the last run finishes it`, async () => {
  let kills = 0;
  let lost = 0;
  for (let round = 0; kills < ROUNDS; round++) {
    const random = roundOf(1, round);
    const how = random.integer(2) ? "--overwrite" : "--skip-existing";
    path("killed", "x");
    const { code, stderr } = await killed(words("killed", how), random.integer(Math.ceil(lifetime)), cwd);
    if (code === KILLED) kills++;
    else expect([stderr, code]).toEqual(["", 0]);
    lost += readdirSync(path("killed")).filter((name) => name.startsWith(".samsr-")).length;
    contents("killed", wholes);
    // From the beginning, now and then, else all would soon be there.
    if (random.integer(3) === 0) rmSync(path("killed"), { recursive: true });
  }
  const { stderr, code } = await samsr(words("killed", "--skip-existing"), { cwd });
  expect([stderr, code]).toEqual(["", 0]);
  expect([...contents("killed", wholes).keys()]).toEqual(names);
  expect(readdirSync(path("killed")).sort()).toEqual(names);
  console.log(`batches: ${kills} kills, ${lost} temporary files left by them, all swept`);
});

it(`two processes on one folder, one of them killed ${ROUNDS} times, make every result once and whole`, async () => {
  let kills = 0;
  for (let round = 0; kills < ROUNDS; round++) {
    const random = roundOf(2, round);
    const after = random.integer(Math.ceil(lifetime));
    const share = words("shared", "--skip-existing", "--json");
    const [one, other] = await Promise.all([killed(share, after, cwd), start(share, { cwd }).finished]);
    if (one!.code === KILLED) kills++;
    else expect([one!.stderr, one!.code]).toEqual(["", 0]);
    expect([other!.stderr, other!.code]).toEqual(["", 0]);
    contents("shared", wholes);
    // What the killed one was at is left to it by the other, and done by the next run.
    const last = await samsr(share, { cwd });
    expect([last.stderr, last.code]).toEqual(["", 0]);
    expect(readdirSync(path("shared")).sort()).toEqual(names);
    contents("shared", wholes);
    rmSync(path("shared"), { recursive: true });
  }
  console.log(`two processes: ${kills} kills of one of them`);
});
