/** Training that is killed: its state is whole whenever that is, and the end is the same to the bit. */
import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, expect, it } from "vitest";
import { readSafetensors } from "../../src/checkpoints/index.js";
import { drawing, samsr, start, temporaryFolder } from "../fixtures/cli.js";
import { KILLED, killed, ROUNDS, roundOf } from "./soak.js";

const folder = temporaryFolder();
const { path } = folder;
const cwd = path(".");
afterAll(folder.remove);

const CONFIG = `
train: teacher
network:
  outChannels: 48
  modelChannels: 32
  channelMult: [1]
  resBlocks: [1]
  imageSize: 16
  attentionResolutions: []
  swin: { embed: 32, depth: 2, headChannels: 16, window: 8, mlpRatio: 1, masking: neighbours }
data: { photos: [photos], crop: 64, batch: 1 }
optimiser: { steps: 60, learningRate: 1e-3 }
`;

it(`a run that is killed ${ROUNDS} times ends with the weights of one that was not`, async () => {
  await drawing({ width: 160, height: 140 }).png().toFile(path("photos", "one.png"));
  writeFileSync(path("config.yaml"), CONFIG);
  const begin = (out: string) => ["train", "teacher", "--config", "config.yaml", "-o", out, "--threads", "1"];
  // Saves at every step.
  const resume = [...begin("killed"), "--resume", "--save-minutes", "1e-6"];
  const undisturbed = await start(begin("whole"), { cwd }).finished;
  expect(undisturbed.code, undisturbed.stderr).toBe(0);

  const step = () => {
    const { metadata } = readSafetensors(readFileSync(path("killed", "state.safetensors")), "state");
    return Number(metadata.step);
  };
  const lifetime = Math.ceil(undisturbed.milliseconds);
  let [kills, reached] = [0, 0];
  await killed([...begin("killed"), "--save-minutes", "1e-6"], lifetime / 2, cwd);
  for (let round = 0; kills < ROUNDS; round++) {
    const random = roundOf(3, round);
    const { code, stderr } = await killed(resume, random.integer(lifetime), cwd);
    if (code === KILLED) kills++;
    else expect(code, stderr).toBe(0);
    expect(step()).toBeGreaterThanOrEqual(reached);
    reached = step();
    if (reached >= 60) break;
  }
  // A run that is over goes on being killed from its beginning.
  const last = await samsr(resume, { cwd });
  expect(last.code, last.stderr).toBe(0);
  expect(step()).toBe(60);
  const weights = (out: string) => readFileSync(path(out, "teacher.safetensors"));
  expect(weights("killed").equals(weights("whole"))).toBe(true);
  console.log(`training: ${kills} kills, at steps up to ${reached} of 60; the same weights to the bit`);
});
