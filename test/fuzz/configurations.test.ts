/**
 * What describes: configurations of users and authors, descriptions of models, state of runs, and kept masks.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterAll } from "vitest";
import type { Random } from "../../src/base/random.js";
import { seal } from "../../src/base/sealed-file.js";
import { readAuthorsConfig, scheduleOf } from "../../src/checkpoints/index.js";
import { parseDescription } from "../../src/checkpoints/parse-description.js";
import { zeros } from "../../src/nn/index.js";
import { input } from "../../src/onnx/index.js";
import { readCached } from "../../src/semantics/sam/mask-cache.js";
import { createTrainingState, loadTrainingState, saveTrainingState } from "../../src/train/checkpoint.js";
import { readTrainingConfig } from "../../src/train/config/index.js";
import { createFlatWeights } from "../../src/train/weights.js";
import { AUTHORS_YAML } from "../fixtures/authors-config.js";
import { mutateSafetensors, pick, scramble } from "../fixtures/mutate.js";
import { mutateJson, mutateText } from "../fixtures/mutate-text.js";
import { smallLatentDescription } from "../fixtures/small-latent-model.js";
import { fuzz } from "./fuzz.js";

// Thousands of files are written: in memory, where the system has a place for that.
const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "samsr-fuzz-"));
afterAll(() => rmSync(folder, { recursive: true }));

const own = readdirSync("configs")
  .filter((name) => name.endsWith(".yaml"))
  .map((name) => readFileSync(join("configs", name), "utf8"));

const models = [
  smallLatentDescription,
  ...["samsr-tiny", "coverage-tiny"].map((name) =>
    JSON.parse(readFileSync(join("models", name, "model.json"), "utf8")),
  ),
];

const state = () => {
  const spec = { name: "w", shape: [3], initializer: zeros, value: input("w", [3]) };
  return createTrainingState(createFlatWeights([spec]));
};
const statePath = join(folder, "state.safetensors");
await saveTrainingState(statePath, state());
const wholeState = readFileSync(statePath);

const KEY = "a".repeat(64);
const SIZE = { width: 40, height: 30 };
const facts = {
  ...{ asked: 60, points: 64, size: [40, 30] },
  facts: [2, 4].map((edges) => ({
    ...{ edges, box: [3, 0, 17, 29], area: 1171, predictedIou: 0.9, stabilityScore: null },
    ...{ point: [10.5, 7.25], cropBox: [0, 0, 40, 30] },
  })),
};

/** A file of kept masks, whose sum is right whatever is in it. */
function keptMasks(random: Random): Uint8Array {
  const json = Buffer.from(random.integer(3) > 0 ? mutateJson(random, facts) : JSON.stringify(facts));
  const whole = Buffer.alloc(4 + json.length + 24);
  whole.writeUInt32LE(random.integer(20) > 0 ? json.length : pick(random, [0, 1, 2 ** 31, 2 ** 32 - 1]));
  json.copy(whole, 4);
  for (let i = 0; i < 6; i++) {
    const step = random.integer(12) > 0 ? 1 + random.integer(200) : pick(random, [0, 1200, 2 ** 32 - 1]);
    whole.writeUInt32LE(step, 4 + json.length + 4 * i);
  }
  const bomb = random.integer(50) === 0 ? Buffer.alloc(pick(random, [1e6, 7e7])) : Buffer.alloc(0);
  const packed = deflateRawSync(
    random.integer(6) === 0 ? scramble(random, whole) : Buffer.concat([whole, bomb]),
  );
  const file = seal(packed);
  return random.integer(20) === 0 ? scramble(random, file) : file;
}

async function readKept(): Promise<boolean> {
  const found = await readCached(KEY, SIZE, folder);
  for (const { runs } of found?.masks ?? []) {
    if (runs.edges.some((edge, i) => edge > 1200 || (i > 0 && edge <= runs.edges[i - 1]))) {
      throw new Error(`masks that are none were believed: ${runs.edges}`);
    }
  }
  return found !== undefined;
}

fuzz("configurations", {
  share: 1000,
  messages: 60,
  kinds: {
    "a training configuration": (random) => {
      const content = mutateText(random, pick(random, own));
      return () => readTrainingConfig(content, "c.yaml");
    },
    "a configuration of the authors": (random) => {
      const content = mutateText(random, AUTHORS_YAML);
      return () => {
        const { config } = readAuthorsConfig(content, "a.yaml");
        return config.diffusion === undefined || scheduleOf(config, "a.yaml");
      };
    },
    "a model's description": (random) => {
      const json = mutateJson(random, pick(random, models));
      return () => parseDescription(json, "model.json");
    },
    "the state of a run": (random) => {
      const bytes = random.integer(2) ? scramble(random, wholeState) : mutateSafetensors(random, wholeState);
      return async () => {
        writeFileSync(statePath, bytes);
        await loadTrainingState(statePath, state());
      };
    },
    "kept masks": (random) => {
      const bytes = keptMasks(random);
      return () => {
        writeFileSync(join(folder, `${KEY}.masks`), bytes);
        return readKept();
      };
    },
  },
});
