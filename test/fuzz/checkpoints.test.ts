/**
 * Hostile and broken files of weights, the same ones in every run (SAMSR_FUZZ asks for another number of
 * them, SAMSR_FUZZ_SEED for others). Each is read through every door, and is either read in full or refused
 * in one line that names it: within a second, without a gigabyte, and without anything being run or written.
 */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { SamsrError } from "../../src/base/errors.js";
import { createRandom, type Random } from "../../src/base/random.js";
import {
  openCheckpoint,
  readPth,
  readShapes,
  recogniseNetwork,
  type Shapes,
  writeSafetensors,
} from "../../src/checkpoints/index.js";
import { TINY } from "../../src/networks/index.js";
import { sizeOf } from "../../src/onnx/index.js";
import {
  mutateArchive,
  mutatePickle,
  mutateRecords,
  mutateSafetensors,
  pick,
  safetensors,
  scramble,
  withChecksums,
} from "../fixtures/mutate.js";
import { swinUNetShapes, vqParameters } from "../fixtures/network-shapes.js";
import { FakeTensor, pickle, pickled, writeLegacy, type ZipPart, zip } from "../fixtures/pth.js";
import { countOf, watchdog } from "./fuzz.js";

const COUNT = countOf(2000);
const SEED = Number(process.env.SAMSR_FUZZ_SEED ?? 1);
const LONGEST = 1000;
const LARGEST_GROWTH = 1e9;

// Thousands of files are written: in memory, where the system has a place for that.
const directory = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "samsr-fuzz-"));
afterAll(() => rmSync(directory, { recursive: true }));

const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const autoencoder = vqParameters({
  channels: 32,
  channelMult: [1],
  resBlocks: 1,
  latentChannels: 3,
  codes: 16,
});

/** Checkpoints that are right, values and storages: every type of numbers, and a network to recognise. */
const CHECKPOINTS: readonly (readonly [root: unknown, storages: readonly ArrayBufferView[]])[] = [
  [
    new Map<string, unknown>([
      ["epoch", 3],
      [
        "state_dict",
        new Map([
          ["module.a", new FakeTensor("FloatStorage", "0", 6, [2, 3])],
          ["module.b", new FakeTensor("FloatStorage", "0", 6, [3, 2], [1, 3])],
          ["module.c", new FakeTensor("HalfStorage", "1", 4, [4])],
          ["module.d", new FakeTensor("BFloat16Storage", "2", 4, [2, 2])],
          ["module.e", new FakeTensor("DoubleStorage", "3", 2, [1, 2])],
          ["module.f", new FakeTensor("LongStorage", "4", 2, [])],
        ]),
      ],
      ["list", [1.5, "two", null, true]],
    ]),
    [
      Float32Array.of(1, 2, 3, 4, 5, 6),
      Uint16Array.of(1, 2, 3, 4),
      Uint16Array.of(5, 6, 7, 8),
      Float64Array.of(1, 2),
      BigInt64Array.of(1n, 2n),
    ],
  ],
  [
    new Map(
      autoencoder.map(({ name, shape }, i) =>
        i < 2
          ? [name, new FakeTensor("FloatStorage", String(i), sizeOf(shape), shape)]
          : // One byte, shown again and again: what `recogniseNetwork` looks at is the shape.
            [
              name,
              new FakeTensor(
                "ByteStorage",
                "2",
                1,
                shape,
                shape.map(() => 0),
              ),
            ],
      ),
    ),
    [
      ...autoencoder.slice(0, 2).map(({ shape }) => new Float32Array(sizeOf(shape)).fill(0.5)),
      Uint8Array.of(7),
    ],
  ],
];

/** As the entries of their archives. */
const ARCHIVES = CHECKPOINTS.map(([root, storages]) => archive(root, storages));

function archive(root: unknown, storages: readonly ArrayBufferView[]): ZipPart[] {
  return [
    { name: "archive/data.pkl", bytes: pickle(pickled(root)) },
    { name: "archive/byteorder", bytes: Buffer.from("little") },
    ...storages.map((data, key) => ({ name: `archive/data/${key}`, bytes: bytesOf(data) })),
    { name: "archive/version", bytes: Buffer.from("3\n") },
  ];
}

const WHOLE = ARCHIVES.map((parts) => zip(parts));

/** The same in the format from before PyTorch 1.6. */
const OLD = CHECKPOINTS.map(([root, storages]) => writeLegacy(root, Object.fromEntries(storages.entries())));

const SAFETENSORS: readonly Uint8Array[] = [
  writeSafetensors(
    new Map([
      ["a", { shape: [2, 3], data: Float32Array.of(1, 2, 3, 4, 5, 6) }],
      ["b", { shape: [], data: Float32Array.of(7) }],
      ["c", { shape: [0, 2], data: new Float32Array(0) }],
    ]),
    { metadata: { step: "3" } },
  ),
  byteNetwork(),
];

/** The network in a file of a few kilobytes: most of its tensors have been left without numbers. */
function byteNetwork(): Uint8Array {
  let at = 0;
  const header = Object.fromEntries(
    autoencoder.slice(0, 12).map(({ name, shape }) => {
      const from = at;
      at += sizeOf(shape);
      return [name, { dtype: "U8", shape, data_offsets: [from, at] }];
    }),
  );
  return safetensors(
    { ...header, f: { dtype: "F16", shape: [2], data_offsets: [at, at + 4] } },
    new Uint8Array(at + 4),
  );
}

const KINDS: Readonly<Record<string, (random: Random) => Uint8Array>> = {
  "a scrambled archive": (random) => scramble(random, pick(random, WHOLE)),
  "a scrambled archive with right checksums": (random) =>
    withChecksums(scramble(random, pick(random, WHOLE))),
  "an archive of other entries": (random) => mutateArchive(random, pick(random, ARCHIVES)),
  "an archive with another pickle": (random) => {
    const [first, ...rest] = pick(random, ARCHIVES);
    return zip([{ ...first, bytes: mutatePickle(random, first.bytes) }, ...rest]);
  },
  "a scrambled old file": (random) => scramble(random, pick(random, OLD)),
  "an old file with another pickle": (random) => {
    const [root, storages] = pick(random, CHECKPOINTS);
    const body = mutatePickle(random, pickle(pickled(root))).subarray(2, -1);
    return writeLegacy(null, Object.fromEntries(storages.entries()), { body: [...body] });
  },
  "an archive with other records": (random) => mutateRecords(random, pick(random, WHOLE)),
  "a scrambled safetensors file": (random) => scramble(random, pick(random, SAFETENSORS)),
  "a safetensors file with another header": (random) => mutateSafetensors(random, pick(random, SAFETENSORS)),
};

/**
 * What comes of it, "read" or the one line: anything else than a value or a `SamsrError` in one line that
 * names the file is thrown on.
 */
function outcome(name: string, read: () => Promise<unknown>): Promise<string> {
  return read().then(
    () => "read",
    (error: unknown) => {
      if (!(error instanceof SamsrError)) throw error;
      const { message } = error;
      if (!isOneLine(message, name)) throw new Error(`no error for people: ${JSON.stringify(message)}`);
      return message;
    },
  );
}

async function checkWeights(file: Uint8Array | string | Blob, name?: string): Promise<void> {
  const { weights, shapes } = await openCheckpoint(file, name);
  for (const [key, { shape, data }] of weights) {
    if (!(data instanceof Float32Array) || data.length !== sizeOf(shape) || !shapes.has(key)) {
      throw new Error(`tensor ${key} [${shape}] was read as ${data.length} numbers`);
    }
  }
  recognised(shapes);
}

/** Whether it is a network or not: only how that is told matters. */
function recognised(shapes: Shapes): void {
  try {
    recogniseNetwork(shapes, "weights");
  } catch (error) {
    if (!(error instanceof SamsrError) || !isOneLine(error.message, "weights")) throw error;
  }
}

function isOneLine(message: string, name: string): boolean {
  return message.startsWith(`${name}: `) && !/[\p{Cc}\u2028\u2029]/u.test(message) && message.length < 2000;
}

it(`${COUNT} hostile and broken files are read or refused in one line, quickly and in little memory`, async () => {
  const kinds = Object.entries(KINDS);
  const here = readdirSync(".");
  const counts = new Map<string, { read: number; refused: number }>();
  const messages = new Set<string>();
  const slow: string[] = [];
  const before = process.resourceUsage().maxRSS * 1024;
  const dog = watchdog("checkpoints");
  const path = join(directory, "weights");
  const disk = openSync(path, "w");
  for (let i = 0; i < COUNT; i++) {
    dog.input(i);
    const random = createRandom(SEED, i);
    const [kind, mutate] = kinds[i % kinds.length];
    const file = mutate(random);
    ftruncateSync(disk);
    writeSync(disk, file, 0, file.length, 0);
    // Time of this process alone, since other tests run beside it, and of all doors: to ask for it costs.
    const start = process.cpuUsage();
    const says = await outcome(path, () => checkWeights(file, path));
    const byPath = await outcome(path, () => checkWeights(path));
    if (i % 4 === 0) {
      await outcome(path, () => checkWeights(new Blob([file as BlobPart]), path));
      await outcome(path, () => readPth(file, path));
      await outcome(path, () => readShapes(path));
    }
    const { user, system } = process.cpuUsage(start);
    const took = (user + system) / 1000;
    if (says !== byPath) throw new Error(`mutation ${i}: as bytes "${says}", by its path "${byPath}"`);
    if (took > LONGEST) slow.push(`mutation ${i}, ${kind}: ${took.toFixed()} ms`);
    const count = counts.get(kind) ?? { read: 0, refused: 0 };
    count[says === "read" ? "read" : "refused"]++;
    counts.set(kind, count);
    messages.add(says.slice(path.length).replace(/[\d.]+|"[^"]*"/g, "#"));
  }
  await dog.end();
  closeSync(disk);
  const growth = process.resourceUsage().maxRSS * 1024 - before;
  if (process.env.SAMSR_FUZZ) console.log(counts, messages.size, `${(growth / 1e6).toFixed()} MB`);

  expect(slow).toEqual([]);
  expect(growth).toBeLessThan(LARGEST_GROWTH);
  expect(readdirSync(directory)).toEqual(["weights"]);
  expect(readdirSync(".")).toEqual(here);
  expect(existsSync("samsr-was-here")).toBe(false);
  // The mutations get into every layer, and do not only break the outermost.
  expect(messages.size).toBeGreaterThan(COUNT >= 2000 ? 60 : 10);
  for (const { read, refused } of counts.values()) expect(Math.min(read, refused)).toBeGreaterThan(0);
}, 600_000);

/**
 * Names with other numbers, sides with other sizes: a file can claim them at no cost, by tensors that hold no
 * number.
 */
function mutateShapes(random: Random, shapes: Shapes): Shapes {
  const entries = [...shapes].map(([name, shape]): [string, number[]] => [name, [...shape]]);
  for (let changes = 1 + random.integer(30); changes > 0; changes--) {
    const [from, to] = [random.integer(entries.length), random.integer(entries.length)];
    const [name, shape] = entries[from];
    const axis = random.integer(Math.max(1, shape.length));
    const number = pick(random, [0, 1, 2, 3, 11, 31, 63, 127, 128]);
    const side = pick(random, [0, 1, 2, 3, 32, 64, 225, 3969, 4096, 16384, 2 ** 40]);
    if (random.integer(2)) shape[axis] = side;
    else
      entries[to] = [name.replace(/\d+/g, (digits) => (random.integer(2) ? digits : String(number))), shape];
    // All of a kind at once: one that is damaged is outvoted.
    const kind = name.replace(/^.*\.(?=[^.]+\.[^.]+$)/, "");
    if (random.integer(4) === 0)
      for (const [key, other] of entries) if (key.endsWith(kind)) other[axis] = side;
  }
  return new Map(entries);
}

it("shapes of any kind are recognised or refused in one line, quickly and in little memory", () => {
  const swin = swinUNetShapes({
    ...TINY,
    channelMult: [1, 2],
    resBlocks: [1, 1],
    attentionResolutions: [TINY.imageSize],
  });
  const bases: Shapes[] = [swin, new Map(autoencoder.map(({ name, shape }) => [name, shape]))];
  const before = process.resourceUsage().maxRSS * 1024;
  for (let i = 0; i < Math.min(COUNT, 500); i++) {
    const random = createRandom(SEED, COUNT + i);
    const shapes = mutateShapes(random, pick(random, bases));
    const start = process.cpuUsage();
    recognised(shapes);
    const { user, system } = process.cpuUsage(start);
    expect((user + system) / 1000, `mutation ${i}`).toBeLessThan(LONGEST);
  }
  expect(process.resourceUsage().maxRSS * 1024 - before).toBeLessThan(LARGEST_GROWTH);
}, 240_000);
