/** Training that is killed: its state is whole whenever that is, and the end is the same to the bit. */
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { readSafetensors } from "../../src/checkpoints/index.js";
import { drawing, start, temporaryFolder } from "../fixtures/cli.js";
import { KILLED, killed, ROUNDS, roundOf } from "./soak.js";

const folder = temporaryFolder();
const { path } = folder;
const cwd = path(".");
afterAll(folder.remove);

const STEPS = 40;
const CONFIG = `
train: teacher
space: pixels
network:
  outChannels: 48
  modelChannels: 32
  channelMult: [1]
  resBlocks: [1]
  imageSize: 16
  attentionResolutions: []
  swin: { embed: 32, depth: 2, headChannels: 16, window: 8, mlpRatio: 1, masking: neighbours }
data: { photos: [photos], crop: 64, batch: 1 }
optimiser: { steps: ${STEPS}, learningRate: 1e-3 }
`;

it(`runs that are killed ${ROUNDS} times end with the weights of one that was not`, async () => {
  await drawing({ width: 160, height: 140 }).png().toFile(path("photos", "one.png"));
  writeFileSync(path("config.yaml"), CONFIG);
  const begin = (out: string) => ["train", "teacher", "--config", "config.yaml", "-o", out, "--threads", "1"];
  // Saves at every step.
  const often = [...begin("killed"), "--save-minutes", "1e-6"];
  // A process of its own, as those are that will be killed: its beginning counts.
  const undisturbed = await start([...begin("whole"), "--save-minutes", "1e-6"], { cwd }).finished;
  expect(undisturbed.code, undisturbed.stderr).toBe(0);
  const weights = (out: string) => readFileSync(path(out, "teacher.safetensors"));

  /** The step of the saved state; 0 before there is one. A torn one would be refused. */
  const step = () => {
    if (!readdirSync(cwd).includes("killed")) return 0;
    if (!readdirSync(path("killed")).includes("state.safetensors")) return 0;
    const { metadata } = readSafetensors(readFileSync(path("killed", "state.safetensors")), "state");
    return Number(metadata.step);
  };
  const lifetime = Math.ceil(undisturbed.milliseconds);
  const at: number[] = [];
  let ends = 0;
  for (let round = 0; at.length < ROUNDS || step() > 0; round++) {
    const random = roundOf(3, round);
    const before = step();
    // The last run goes on to its end.
    const after = at.length < ROUNDS ? random.integer(lifetime) : 1e8;
    const hasState =
      readdirSync(cwd).includes("killed") && readdirSync(path("killed")).includes("state.safetensors");
    const { code, stderr } = await killed(hasState ? [...often, "--resume"] : often, after, cwd);
    expect(step()).toBeGreaterThanOrEqual(before);
    if (code === KILLED) {
      at.push(step());
      continue;
    }
    expect(code, stderr).toBe(0);
    expect(step()).toBe(STEPS);
    expect(weights("killed").equals(weights("whole")), "the same weights").toBe(true);
    const left = readdirSync(path("killed")).filter((name) => name.startsWith("."));
    expect(left).toEqual([]);
    rmSync(path("killed"), { recursive: true });
    ends++;
  }
  console.log(
    `training: ${at.length} kills at steps ${at.join(", ")} of ${STEPS}; ${ends} runs ended, all the same to the bit`,
  );
});
