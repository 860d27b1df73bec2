/**
 * How a server or a worker is set up, each setting described once: from the description come the flags of
 * `samsr serve`, the variables of the environment, the fields of a configuration in YAML, and their schema.
 */
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { SamsrError } from "../base/errors.js";
import { type Described, oneOf, parseWords, type Said, wholeNumber } from "../base/words.js";
import { storeFolder } from "../checkpoints/store/places.js";
import { DEFAULT_MODEL } from "../upscale/default-model.js";
import { DEVICES, LIMIT_WORDS } from "../upscale/words.js";

const text = { type: "string" } as const;
const onOff = { type: "boolean" } as const;

/** The settings of whoever enlarges pictures, in a server or a worker. */
const WORK_WORDS = {
  data: {
    value: "folder",
    words: "where pictures and jobs lie (default: the platform's place)",
    schema: text,
  },
  queue: { value: "url", words: "redis://... by which servers and workers share jobs", schema: text },
  store: {
    ...{
      value: "url",
      words: "s3://BUCKET/PREFIX, in which pictures lie for servers and workers of a queue",
    },
    schema: text,
  },
  prefix: { value: "name", words: "of the queue's names in Redis (default: samsr)", schema: text },
  leaseSeconds: {
    ...{ value: "n", words: "after which a silent worker's picture is given to another (default: 15)" },
    schema: wholeNumber(1),
  },
  processes: {
    ...{ value: "n", words: "processes that enlarge pictures (default: 1)" },
    schema: wholeNumber(1, 256),
  },
  threads: {
    ...{ value: "n", words: "threads of each process (default: its share of the cores)" },
    schema: wholeNumber(1, 1024),
  },
  device: {
    ...{ value: "name", words: "where the network runs (default: auto)" },
    schema: oneOf(DEVICES),
  },
  processMemory: {
    ...{ value: "mib", words: "the most memory of a process, in MiB (default: 4096)" },
    schema: wholeNumber(256),
  },
  jobSeconds: {
    ...{ value: "n", words: "the longest that a picture may take (default: 600)" },
    schema: wholeNumber(1),
  },
  attempts: {
    ...{ value: "n", words: "how often a picture may end its process before it is parked (default: 3)" },
    schema: wholeNumber(1, 100),
  },
  ...LIMIT_WORDS,
  pixelLimit: {
    ...{ value: "n", words: "the most pixels a picture may have (default: 16000000)" },
    schema: wholeNumber(1),
  },
  frameLimit: { value: "n", words: "the most pages or frames (default: 100)", schema: wholeNumber(1) },
} as const satisfies Record<string, Described>;

const drainSeconds = {
  ...{ value: "n", words: "how long SIGTERM waits for work under way (default: 60)" },
  schema: wholeNumber(0),
} as const satisfies Described;

export const WORKER_WORDS = { ...WORK_WORDS, drainSeconds } as const satisfies Record<string, Described>;

/** The settings of a server alone. */
export const SERVE_WORDS = {
  host: { value: "name", words: "the address to listen on (default: 127.0.0.1)", schema: text },
  port: { value: "n", words: "the port; 0 takes a free one (default: 8080)", schema: wholeNumber(0, 65535) },
  model: { value: "name", words: "the model of requests that name none (default: samsr-tiny)", schema: text },
  keys: { value: "file", words: "the API keys: YAML, as --new-key prints it", schema: text },
  open: { value: "yes", words: "serve without keys though other machines can ask", schema: onOff },
  ...WORK_WORDS,
  bodyLimit: {
    ...{ value: "mib", words: "the largest file of a picture, in MiB (default: 64)" },
    schema: wholeNumber(1),
  },
  asyncAbove: {
    ...{ value: "mib", words: "larger files are answered by a job, in MiB (default: 8)" },
    schema: wholeNumber(1),
  },
  batchLimit: { value: "n", words: "the most pictures of a batch (default: 1000)", schema: wholeNumber(1) },
  queueLimit: { value: "n", words: "the most jobs that wait (default: 2000)", schema: wholeNumber(1) },
  storeLimit: {
    ...{ value: "mib", words: "the most that pictures and results take, in MiB (default: 10240)" },
    schema: wholeNumber(1),
  },
  keepSeconds: { value: "n", words: "how long a result is kept (default: 3600)", schema: wholeNumber(1) },
  receiveSeconds: {
    ...{ value: "n", words: "the longest that a request may take to come in (default: 300)" },
    schema: wholeNumber(1),
  },
  sendSeconds: {
    ...{ value: "n", words: "the longest that a result may take to be fetched (default: 300)" },
    schema: wholeNumber(1),
  },
  stallSeconds: {
    ...{ value: "n", words: "the longest that a sender or reader may pause (default: 20)" },
    schema: wholeNumber(1),
  },
  connections: { value: "n", words: "the most connections at once (default: 1000)", schema: wholeNumber(1) },
  drainSeconds,
  log: {
    ...{ value: "level", words: "of the log on standard output (default: info)" },
    schema: oneOf(["error", "warn", "info", "debug", "silent"]),
  },
} as const satisfies Record<string, Described>;

type WorkSaid = Said<typeof WORK_WORDS>;
export type ServeSaid = Said<typeof SERVE_WORDS>;

type Filled<T, Key extends keyof T> = T & { readonly [K in Key]-?: NonNullable<T[K]> };

export type WorkSettings = Filled<
  WorkSaid,
  | "data"
  | "prefix"
  | "processes"
  | "leaseSeconds"
  | "device"
  | "processMemory"
  | "jobSeconds"
  | "attempts"
  | "pixelLimit"
  | "frameLimit"
>;

export type ServeSettings = WorkSettings &
  Filled<ServeSaid, Exclude<keyof ServeSaid, keyof WorkSaid | "keys">>;

/** Tells where jobs lie that nobody named a folder for: beside the store of models. */
function jobsFolder(): string {
  return join(dirname(storeFolder()) || homedir(), "jobs");
}

export function workSettings(said: WorkSaid): WorkSettings {
  return {
    ...{
      data: jobsFolder(),
      prefix: "samsr",
      leaseSeconds: 15,
      processes: 1,
      device: "auto",
      processMemory: 4096,
    },
    ...{ jobSeconds: 600, attempts: 3, pixelLimit: 16_000_000, frameLimit: 100 },
    ...said,
  };
}

export function serveSettings(said: ServeSaid): ServeSettings {
  return {
    ...{ host: "127.0.0.1", port: 8080, model: DEFAULT_MODEL, open: false, bodyLimit: 64, asyncAbove: 8 },
    ...{ batchLimit: 1000, queueLimit: 2000, storeLimit: 10_240, keepSeconds: 3600, receiveSeconds: 300 },
    ...{ sendSeconds: 300, stallSeconds: 20, connections: 1000, drainSeconds: 60, log: "info" },
    ...said,
    ...workSettings(said),
  };
}

type Words = Readonly<Record<string, Described>>;

/** Returns a setting's name in the environment: SAMSR_RECEIVE_SECONDS for `receiveSeconds`. */
function variableOf(name: string): string {
  return `SAMSR_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/** Returns what the environment says of these. @throws SamsrError that names the variable */
export function fromEnvironment<W extends Words>(words: W, environment: NodeJS.ProcessEnv): Said<W> {
  const said = Object.entries(words).flatMap(([name, one]) => {
    const value = environment[variableOf(name)];
    return value === undefined || value === "" ? [] : [[name, read(one, value, variableOf(name))]];
  });
  return Object.fromEntries(said);
}

/** Returns what a document, such as a YAML file, says of these. @throws SamsrError that names the place */
export function fromDocument<W extends Words>(words: W, document: unknown, file: string): Said<W> {
  if (document === null || document === undefined) return {} as Said<W>;
  if (typeof document !== "object" || Array.isArray(document)) {
    throw new SamsrError(`${file}: expected settings by name, such as "port: 8080"`);
  }
  const said = Object.entries(document).map(([name, value]) => {
    if (!Object.hasOwn(words, name)) {
      throw new SamsrError(
        `${file}: there is no setting "${name}"; there are ${Object.keys(words).join(", ")}`,
      );
    }
    return [name, read(words[name]!, String(value), `${file}: ${name}`)];
  });
  return Object.fromEntries(said);
}

function read(one: Described, value: string, place: string): unknown {
  try {
    return parseWords(one, value);
  } catch (error) {
    throw error instanceof SamsrError
      ? new SamsrError(`${place}: "${value}" is wrong. ${error.message}`)
      : error;
  }
}

/** Returns the schema of a configuration file, draft 2020-12. */
export function configurationSchema(words: Words = SERVE_WORDS): object {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "samsr serve",
    type: "object",
    properties: Object.fromEntries(
      Object.entries(words).map(([name, { words, schema }]) => [name, { description: words, ...schema }]),
    ),
    additionalProperties: false,
  };
}
