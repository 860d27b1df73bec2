/** Hostile and broken ncnn pairs. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { Random } from "../../src/base/random.js";
import { openCheckpoint, recogniseNetwork } from "../../src/checkpoints/index.js";
import { onnxIn } from "../../src/checkpoints/store/file-model.js";
import { pick, scramble } from "../fixtures/mutate.js";
import { mutateText } from "../fixtures/mutate-text.js";
import { bin, param } from "../fixtures/ncnn.js";
import { fuzz } from "./fuzz.js";

const directory = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "samsr-ncnn-"));
afterAll(() => rmSync(directory, { recursive: true }));

const BINS = [bin(false), bin(true)];

/** Writes a pair, and reads it by one of its files. */
const pair = (random: Random, text: string | Uint8Array, numbers: Uint8Array) => {
  const ending = pick(random, [".param", ".bin"]);
  return async () => {
    writeFileSync(join(directory, "net.param"), text);
    writeFileSync(join(directory, "net.bin"), numbers);
    const path = join(directory, `net${ending}`);
    // What is no known network, or damaged, is refused here or is a model of its own.
    if (await onnxIn(path)) return;
    const { shapes, weights } = await openCheckpoint(path);
    recogniseNetwork(shapes, path);
    for (const [name, { shape, data }] of weights) {
      if (data.length !== shape.reduce((a, b) => a * b, 1))
        throw new Error(`${name} has ${data.length} numbers`);
    }
  };
};

const WORDS = "-1 0 1 2 3 9 0.5 1e9 1e300 NaN 4294967296 -23310=2,1 -23301=1,2 0=1e12 6=1e15 11=0 x=y".split(
  " ",
);

/** Words of layers exchanged, doubled, taken out and put in. */
function otherLayers(random: Random): string {
  return param((lines) => {
    const out = lines.map((line) => line.split(" "));
    for (let changes = 1 + random.integer(4); changes > 0; changes--) {
      const line = pick(random, out);
      const at = random.integer(line.length);
      const word = pick(random, [...WORDS, ...pick(random, out)]);
      const [name, value] = line[at].split("=");
      switch (random.integer(6)) {
        case 0:
          line[at] = word;
          break;
        case 1:
          line[at] = value === undefined ? word : `${name}=${word}`;
          break;
        case 2:
          line.splice(at, 1);
          break;
        case 3:
          line.splice(at, 0, word);
          break;
        case 4:
          out.splice(random.integer(out.length), 1);
          break;
        default:
          out.splice(random.integer(out.length), 0, [...line]);
      }
      if (out.length === 0) out.push([...line]);
    }
    return out.map((line) => line.join(" "));
  });
}

fuzz("ncnn's pairs", {
  share: 300,
  bytes: 300e6,
  messages: 20,
  kinds: {
    "other layers": (random) => pair(random, otherLayers(random), pick(random, BINS)),
    "a scrambled text": (random) => pair(random, scramble(random, Buffer.from(param())), pick(random, BINS)),
    "another text": (random) => pair(random, mutateText(random, param()), pick(random, BINS)),
    "scrambled numbers": (random) => pair(random, param(), scramble(random, pick(random, BINS))),
  },
});
