import { checkArgument, checkText } from "../../base/arguments.js";
import { brief } from "../../base/brief.js";
import { SamsrError } from "../../base/errors.js";
import { type Field, namesAt, type Schema } from "../../base/fields.js";
import { readYaml } from "../../checkpoints/authors-config/yaml.js";
import { factorOf, LATENT_CHANNELS, SCALE } from "../../networks/index.js";
import { maskContextOf } from "../data/batch-noise.js";
import {
  type ConfigOf,
  KINDS,
  type Kind,
  type StudentConfig,
  type TeacherConfig,
  type TrainingConfig,
} from "./description.js";

/** Returns the schema that `configs/schema.json` publishes. */
export function configSchema(): Schema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A training configuration of samsr",
    // Without this, a wrong value would be reported for all four kinds at once.
    required: ["train"],
    properties: { train: { enum: Object.keys(KINDS) } },
    allOf: Object.entries(KINDS).map(([kind, { schema }]) => ({
      if: { properties: { train: { const: kind } } },
      // biome-ignore lint/suspicious/noThenProperty: JSON Schema's word
      then: schema,
    })),
  };
}

/**
 * Reads a training configuration in YAML, or JSON, and fills up what it leaves out.
 * @param name of the file, for errors
 * @throws {SamsrError} naming file and field, what was expected there and what was found
 *
 * @example
 * const config = readTrainingConfig(await readFile("tiny-teacher.yaml"), "tiny-teacher.yaml");
 */
export function readTrainingConfig(content: Uint8Array | string, name: string): TrainingConfig {
  const readable = typeof content === "string" || content instanceof Uint8Array;
  checkArgument("a training configuration", content, readable, "its text or bytes");
  return checkedConfig(readYaml(content, name), name);
}

/** Checks a training configuration whose YAML or JSON is parsed already. */
export function checkedConfig(data: unknown, name: string): TrainingConfig {
  checkText("the name of a training configuration", name);
  if (typeof data !== "object" || data === null || Array.isArray(data)) {
    throw new SamsrError(`${name}: expected a training configuration, with a field "train"`);
  }
  const { train } = data as { train?: unknown };
  if (typeof train !== "string" || !Object.hasOwn(KINDS, train)) {
    const found = train === undefined ? "is missing" : `is ${brief(train)}`;
    throw new SamsrError(`${name}: "train" ${found}; expected one of ${Object.keys(KINDS).join(", ")}`);
  }
  const fields = KINDS[train as Kind] as Field<TrainingConfig>;
  const unknown: string[] = [];
  const complaint = fields.check(data, "", unknown);
  if (unknown.length > 0) throw new SamsrError(`${name}: ${noField(fields, unknown[0])}`);
  if (complaint) throw new SamsrError(`${name}: ${complaint}`);
  const config = fields.fill(data);
  const conflict = conflictIn(config);
  if (conflict) throw new SamsrError(`${name}: ${conflict}`);
  return config;
}

/** Refuses what is no kind of training. @throws {SamsrError} that lists the kinds */
export function checkKind(kind: Kind): void {
  const good = typeof kind === "string" && Object.hasOwn(KINDS, kind);
  checkArgument("what is trained", kind, good, `one of ${Object.keys(KINDS).join(", ")}`);
}

/**
 * Demands a configuration of one kind.
 * @throws {SamsrError} unless it trains what is asked for
 */
export function demandKind<K extends Kind>(config: TrainingConfig, kind: K, name: string): ConfigOf<K> {
  if (config.train === kind) return config as ConfigOf<K>;
  throw new SamsrError(`${name}: is for samsr train ${config.train}, not samsr train ${kind}`);
}

function noField(fields: Field<unknown>, place: string): string {
  const path = place.split(".").slice(0, -1);
  return (
    `${brief(place)} is no field of a training configuration; expected there: ` +
    `${namesAt(fields, path).join(", ")}`
  );
}

/** Returns what contradicts itself in a configuration whose sections each make sense. */
function conflictIn(config: TrainingConfig): string | undefined {
  if (config.train === "coverage") return undefined;
  if (config.train === "autoencoder") {
    const factor = factorOf(config.network);
    const { crop } = config.data;
    return crop % factor === 0 ? undefined : `"data.crop" must divide by ${factor}, not ${crop}`;
  }
  return conflictInDenoiser(config) ?? (config.train === "student" ? conflictInStudent(config) : undefined);
}

function conflictInDenoiser(config: TeacherConfig | StudentConfig): string | undefined {
  const { network, space, data } = config;
  const { outChannels } = network;
  const guided = config.train === "student" ? config.student : config.semantics;
  const ofPhotos = guided && maskContextOf(guided.masks, guided.maskContext) === "photo";
  if (data.crops === "rescaled" && ofPhotos && guided.masks !== "none") {
    return (
      `"data.crops" rescaled has no part in masks of whole photos; expected cut, or masks ` +
      "sought in each crop"
    );
  }
  if (space === "pixels" && outChannels !== LATENT_CHANNELS) {
    return `"network.outChannels" must be ${LATENT_CHANNELS} on pixels, not ${outChannels}`;
  }
  return data.crop % SCALE === 0 ? undefined : `"data.crop" must divide by ${SCALE}, not ${data.crop}`;
}

function conflictInStudent({
  space,
  student,
  schedule,
  data,
  discriminator,
  secondTeacher,
}: StudentConfig): string | undefined {
  const { rollOut, distilled, featureTimestep, detailTarget } = student;
  const { taught, ...others } = student.terms;
  const terms = { ...others, ...(secondTeacher !== undefined && { taught }) };
  if (student.masks !== "sam" && (student.sam !== undefined || student.samOptions)) {
    return `"student.sam" and "student.samOptions" go with "student.masks" sam, not ${student.masks}`;
  }
  if (rollOut !== undefined && rollOut > schedule.steps) {
    return `"student.rollOut" is ${rollOut}, but the chain has ${schedule.steps} steps`;
  }
  if (distilled !== undefined && distilled > data.batch) {
    return `"student.distilled" is ${distilled}, but a batch has ${data.batch} crops`;
  }
  if (terms.perceptual > 0 && featureTimestep >= schedule.steps) {
    return `"student.featureTimestep" is ${featureTimestep}, but the last timestep is ${schedule.steps - 1}`;
  }
  if (Object.values(terms).every((weight) => weight === 0)) return `"student.terms" are all 0`;
  if (detailTarget === "second teacher" && secondTeacher === undefined) {
    return `"student.detailTarget" is the second teacher, but there is no "secondTeacher"`;
  }
  if (secondTeacher !== undefined && taught === 0 && detailTarget === "original") {
    return (
      `nothing is taught by the "secondTeacher": "student.terms.taught" is 0, and ` +
      `"student.detailTarget" the original`
    );
  }
  if (terms.adversarial > 0 && !discriminator) {
    return `"student.terms.adversarial" is ${terms.adversarial}, but there is no "discriminator"`;
  }
  if (discriminator?.sees === "grey" && space !== "pixels") {
    return `"discriminator.sees" is grey, but latents have no colours; expected colour`;
  }
  return undefined;
}
