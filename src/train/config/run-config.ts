/**
 * The configuration of a training run: a file's or the bundled model's, and what the command line says over
 * it.
 */
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { stringify } from "yaml";
import { checkArgument, checkText, isObject } from "../../base/arguments.js";
import { SamsrError } from "../../base/errors.js";
import { readYaml } from "../../checkpoints/authors-config/yaml.js";
import { readAuthorsConfig, type Told } from "../../checkpoints/index.js";
import { writeFileAtomically } from "../../image/index.js";
import { demandNoRun } from "../trainer.js";
import { filledFromTeacher } from "./from-teacher.js";
import {
  type ConfigOf,
  checkedConfig,
  demandKind,
  fromAuthors,
  isAuthorsConfig,
  type Kind,
  readTrainingConfig,
  type TrainingConfig,
  tinyConfig,
  toldOf,
} from "./index.js";
import { checkKind } from "./parse.js";

/** What the command line may say over a configuration, by the names of the options. */
interface Overrides {
  readonly data?: readonly string[];
  readonly degradation?: string;
  readonly pool?: number;
  readonly batch?: number;
  readonly seed?: number;
  readonly steps?: number;
  readonly rate?: number;
  readonly timesteps?: number;
  readonly power?: number;
  readonly kappa?: number;
  readonly masks?: string;
  readonly variant?: string;
  readonly m?: number;
  readonly coefficients?: string;
  readonly noise?: string;
  readonly lambda?: number;
  readonly sam?: string;
  readonly coverage?: string;
  readonly teacher?: string;
  readonly start?: string;
  readonly secondTeacher?: string;
  readonly autoencoder?: string;
}

/** Where a configuration has what an option says. */
const PLACES: Readonly<Record<keyof Overrides, string>> = {
  data: "data.photos",
  degradation: "data.degradation",
  pool: "data.pool",
  batch: "data.batch",
  seed: "data.seed",
  steps: "optimiser.steps",
  rate: "optimiser.learningRate",
  timesteps: "schedule.steps",
  power: "schedule.power",
  kappa: "schedule.kappa",
  masks: "student.masks",
  variant: "student.variant",
  m: "student.m",
  coefficients: "student.coefficients",
  noise: "student.noise",
  lambda: "student.terms.sc",
  sam: "student.sam",
  coverage: "student.coverage",
  teacher: "teacher",
  start: "start",
  secondTeacher: "secondTeacher",
  autoencoder: "autoencoder",
};

/** A run may go on for longer, and with files that were moved. */
const MAY_CHANGE: readonly (keyof Overrides)[] = [
  ...(["steps", "data", "teacher", "start", "secondTeacher", "autoencoder"] as const),
];

export interface ConfigArguments extends Overrides {
  readonly config?: string;
  readonly out: string;
  readonly resume?: boolean;
}

type Data = Record<string, unknown>;

/**
 * Returns the configuration of a run, checked, and written to OUT/config.yaml. A run that goes on has the one
 * that lies there.
 * @param warn told of fields of the authors' that do not apply
 * @throws {SamsrError} when it is wrong, or a run shall go on in another way than it began
 */
export async function configFor<K extends Kind>(
  kind: K,
  args: ConfigArguments,
  warn: (line: string) => void,
): Promise<ConfigOf<K>> {
  checkKind(kind);
  checkArgument("configFor: arguments", args, isObject(args), "an object");
  checkText("configFor: the folder of the run", args.out);
  if (args.config !== undefined) checkText("configFor: the path of the configuration", args.config);
  checkArgument("configFor: warn", warn, typeof warn === "function", "a function");
  const path = join(args.out, "config.yaml");
  const own = args.resume ? await readIfThere(path) : undefined;
  const begun = own && readData(own, path);
  const file = args.config === undefined ? undefined : await fromFile(kind, args, warn);
  const name = begun ? path : (args.config ?? `samsr train ${kind}`);
  const base = begun ?? file ?? (await withoutFile(kind, args));
  const config = demandKind(checkedConfig(over(base, kind, args), name), kind, name);
  if (begun) {
    const before = demandKind(checkedConfig(begun, path), kind, path);
    const asked = file ? demandKind(checkedConfig(over(file, kind, args), args.config!), kind, name) : config;
    demandSame(before, asked, path);
  } else if (args.resume) return config;
  else await demandNoRun(args.out);
  await mkdir(args.out, { recursive: true });
  const text = `# What this run was told; --resume goes by it.\n${stringify(config, { lineWidth: 110 })}`;
  await writeFileAtomically(path, new TextEncoder().encode(text), { overwrite: true });
  return config;
}

/** Returns the configuration that lies in a run's folder, if any does. */
export async function runConfig(folder: string): Promise<TrainingConfig | undefined> {
  checkText("the folder of a run", folder);
  const path = join(folder, "config.yaml");
  const content = await readIfThere(path);
  return content && readTrainingConfig(content, path);
}

/**
 * Reads a configuration; a file that is empty, or holds nothing but comments, is none that could be filled
 * up.
 */
function readData(content: Uint8Array, path: string): Data {
  const data = readYaml(content, path);
  if (data !== null && data !== undefined) return data as Data;
  throw new SamsrError(`${path}: is empty; expected a configuration in YAML, with a field "train"`);
}

/**
 * Returns what a run's configuration, lying beside its weights, tells of them; nothing where none lies there.
 */
export async function toldBeside(weights: string): Promise<Told> {
  try {
    const config = await runConfig(dirname(weights));
    return config ? toldOf(config) : {};
  } catch (error) {
    // A file of that name may be anything.
    if (error instanceof SamsrError) return {};
    throw error;
  }
}

async function readIfThere(path: string): Promise<Uint8Array | undefined> {
  return readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
}

/** Returns what is trained where no file says it: the bundled model, or what follows from the teacher. */
async function withoutFile(kind: Kind, { teacher }: Overrides): Promise<Data> {
  if (kind !== "student" || teacher === undefined) return tinyConfig(kind) as unknown as Data;
  return filledFromTeacher(undefined, teacher);
}

async function fromFile(kind: Kind, args: ConfigArguments, warn: (line: string) => void): Promise<Data> {
  const data = await readConfig(kind, args.config!, warn);
  const teacher = args.teacher ?? data?.teacher;
  if (kind !== "student" || typeof teacher !== "string" || typeof data !== "object") return data;
  return filledFromTeacher(data, teacher);
}

async function readConfig(kind: Kind, path: string, warn: (line: string) => void): Promise<Data> {
  const content = await readIfThere(path);
  if (!content) throw new SamsrError(`${path}: there is no such file; expected a configuration in YAML`);
  const data = readData(content, path);
  if (!isAuthorsConfig(data)) return data;
  if (kind !== "teacher" && kind !== "student") {
    throw new SamsrError(`${path}: configurations of the authors are for samsr train teacher and student`);
  }
  const authors = readAuthorsConfig(content, path);
  const mapped = fromAuthors(authors.config, kind, path);
  for (const line of [...authors.warnings, ...mapped.warnings]) warn(line);
  return mapped.data;
}

/** Returns the configuration with the options in their places. */
function over(base: Data, kind: Kind, args: Overrides): Data {
  if (typeof base !== "object" || base === null) return base;
  const copy = structuredClone(base);
  for (const [option, place] of Object.entries(PLACES)) {
    const value = args[option as keyof Overrides];
    if (value === undefined) continue;
    // Of a coverage network, which Segment Anything is asked belongs to the run.
    if (kind === "coverage" && option === "sam") continue;
    const path = kind === "coverage" && option === "masks" ? ["masks"] : place.split(".");
    const last = path.pop()!;
    let at = copy;
    for (const key of path) {
      if (typeof at[key] !== "object" || at[key] === null) at[key] = {};
      at = at[key] as Data;
    }
    at[last] = value;
  }
  return copy;
}

/**
 * Demands the configuration that a run began with.
 * @throws {SamsrError} naming the first field that is another, but for those that may be
 */
function demandSame(before: object, after: object, path: string): void {
  const free = MAY_CHANGE.map((option) => PLACES[option]);
  const compare = (a: unknown, b: unknown, place: string): void => {
    if (free.includes(place)) return;
    const deeper = (v: unknown): v is Data => typeof v === "object" && v !== null && !Array.isArray(v);
    if (deeper(a) && deeper(b)) {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
        compare(a[key], b[key], place === "" ? key : `${place}.${key}`);
      }
    } else if (JSON.stringify(a) !== JSON.stringify(b)) {
      throw new SamsrError(
        `${path}: the run has "${place}" ${JSON.stringify(a) ?? "left out"}, and is to go on with ` +
          `${JSON.stringify(b) ?? "it left out"}; resume it as it began, or begin another`,
      );
    }
  };
  compare(before, after, "");
}
