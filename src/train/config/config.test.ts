import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SamsrError } from "../../base/errors.js";
import { readYaml } from "../../checkpoints/authors-config/yaml.js";
import { COVERAGE_RECIPE, STUDENT_RECIPE, TEACHER_RECIPE } from "../recipe.js";
import { TERMS } from "../terms/index.js";
import {
  checkedConfig,
  configSchema,
  type Kind,
  readTrainingConfig,
  studentOptions,
  tinyConfig,
} from "./index.js";
import { coverageOptions, denoiserOptions } from "./options.js";

const folder = new URL("../../../configs/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".yaml"));
const textOf = (file: string) => readFileSync(new URL(file, folder), "utf8");
const configOf = (file: string) => readTrainingConfig(textOf(file), file);
const published = JSON.parse(readFileSync(new URL("schema.json", folder), "utf8"));

type Json = { [key: string]: unknown };

/**
 * Whether data are what a schema says: the words of JSON Schema that ours uses, as its specification has
 * them.
 */
function valid(schema: Json, data: unknown): boolean {
  const isObject = typeof data === "object" && data !== null && !Array.isArray(data);
  const own = isObject ? (data as Json) : {};
  const properties = (schema.properties ?? {}) as Record<string, Json>;
  const types: Record<string, boolean> = {
    object: isObject,
    array: Array.isArray(data),
    string: typeof data === "string",
    number: typeof data === "number",
    integer: Number.isInteger(data),
  };
  const rules: Record<string, (value: never) => boolean> = {
    type: (type: string) => types[type],
    enum: (words: unknown[]) => words.includes(data),
    const: (word: unknown) => data === word,
    minimum: (least: number) => typeof data !== "number" || data >= least,
    maximum: (most: number) => typeof data !== "number" || data <= most,
    pattern: (source: string) => typeof data !== "string" || new RegExp(source).test(data),
    items: (item: Json) => !Array.isArray(data) || data.every((one) => valid(item, one)),
    minItems: (least: number) => !Array.isArray(data) || data.length >= least,
    maxItems: (most: number) => !Array.isArray(data) || data.length <= most,
    required: (keys: string[]) => !isObject || keys.every((key) => Object.hasOwn(own, key)),
    properties: () => Object.entries(own).every(([key, v]) => !properties[key] || valid(properties[key], v)),
    additionalProperties: () => Object.keys(own).every((key) => Object.hasOwn(properties, key)),
    allOf: (all: Json[]) => all.every((one) => valid(one, data)),
    if: (condition: Json) => !valid(condition, data) || valid(schema.then as Json, data),
  };
  const silent = ["$schema", "title", "description", "default", "then"];
  return Object.entries(schema).every(([word, value]) => {
    if (silent.includes(word)) return true;
    if (!rules[word]) throw new Error(`the test knows no rule for ${word}`);
    return rules[word](value as never);
  });
}

/** What the parser says against data; nothing when it accepts them. */
function complaint(data: unknown): string | undefined {
  try {
    checkedConfig(data, "x.yaml");
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(SamsrError);
    const { message } = error as Error;
    expect(message).toMatch(/^x\.yaml: [^\n]+$/);
    return message;
  }
}

/** Of a single field; what contradicts another field is beyond a schema. */
const OF_ONE_FIELD = /must be (an? |true|")|is missing|is no field|expected one of/;

/**
 * The data with one place changed at a time: left out, of another type, out of range, with a key too many.
 */
function* changed(data: Json, root: Json = data, path: string[] = []): Generator<Json> {
  const put = (key: string, value: unknown): Json => {
    const copy = structuredClone(root);
    let at = copy;
    for (const step of path) at = at[step] as Json;
    if (value === undefined) delete at[key];
    else at[key] = value;
    return copy;
  };
  yield put("surplus", 1);
  for (const [key, value] of Object.entries(data)) {
    for (const other of [undefined, null, "word", "", -1, 1e12, 1.5, true, [], {}]) yield put(key, other);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) {
      yield* changed(value as Json, root, [...path, key]);
    }
  }
}

describe("training configurations", () => {
  it("have a schema, which is published", () => {
    expect(published).toEqual(JSON.parse(JSON.stringify(configSchema())));
  });

  it("come as files for every kind of training", () => {
    const kinds = new Set(files.map((file) => configOf(file).train));
    expect([...kinds].sort()).toEqual(["autoencoder", "coverage", "student", "teacher"]);
    for (const file of files)
      expect([file, valid(published, readYaml(textOf(file), file))]).toEqual([file, true]);
  });

  it.each(["paper-student.yaml", "tiny-coverage.yaml", "tiny-autoencoder.yaml"])(
    "are accepted by the parser as by the schema, whatever is changed in %s",
    (file) => {
      const counts = { accepted: 0, refused: 0 };
      for (const data of changed(readYaml(textOf(file), file) as Json)) {
        const said = complaint(data);
        const agrees = valid(published, data) ? !OF_ONE_FIELD.test(said ?? "") : said !== undefined;
        expect([data, said, agrees]).toEqual([data, said, true]);
        counts[said === undefined ? "accepted" : "refused"]++;
      }
      expect(counts.accepted).toBeGreaterThan(20);
      expect(counts.refused).toBeGreaterThan(100);
    },
  );

  it.each(["teacher", "student", "coverage", "autoencoder"] as const)(
    "of the tiny %s is the recipe",
    (kind: Kind) => {
      expect(configOf(`tiny-${kind}.yaml`)).toEqual(tinyConfig(kind));
    },
  );

  it("give the trainers what the recipes did", () => {
    expect(denoiserOptions(tinyConfig("teacher"))).toMatchObject(TEACHER_RECIPE);
    expect(studentOptions(tinyConfig("student"))).toMatchObject({
      ...STUDENT_RECIPE,
      ...{ masks: "regions", variant: "paper", coefficients: "both" },
    });
    expect(coverageOptions(tinyConfig("coverage"))).toMatchObject(COVERAGE_RECIPE);
  });

  it("give the student's terms beyond the paper no weight but what they say", () => {
    const beyond = Object.fromEntries(Object.keys(TERMS).map((name) => [name, 0]));
    expect(Object.keys(beyond)).toEqual(expect.arrayContaining(["absolute", "adversarial", "taught"]));
    const termsOf = (terms: string) => {
      const text = textOf("tiny-student.yaml").replace(/terms: .*/, `terms: ${terms}`);
      const config = readTrainingConfig(text, "x.yaml");
      if (config.train !== "student") throw new Error("not a student");
      return studentOptions(config).terms;
    };
    expect(termsOf("{}")).toEqual({ distill: 1, inverse: 1, gt: 1, sc: 1, ...beyond });
    const given = { ...beyond, absolute: 0.5, structure: 0.2 };
    expect(termsOf("{ absolute: 0.5, structure: 0.2 }")).toMatchObject(given);
  });

  it("take the paper's settings for what they leave out", () => {
    const { network } = readYaml(textOf("paper-student.yaml"), "x") as Json;
    const least = readTrainingConfig(JSON.stringify({ train: "student", network }), "x.yaml");
    const paper = configOf("paper-student.yaml");
    expect(least).toMatchObject({ space: "latents", schedule: (paper as Json).schedule });
    if (least.train !== "student" || paper.train !== "student") throw new Error("not a student");
    expect({ ...studentOptions(least), distilled: 0 }).toMatchObject({
      ...studentOptions(paper),
      ...{ batch: 64, accumulate: 1, distilled: 0, steps: 500_000 },
      // What this project has for itself where no file says otherwise.
      ...{ masks: "regions", warmup: 0, emaStart: "rising" },
    });
  });

  it.each([
    ["{}", /"train" is missing; expected one of teacher, student, coverage, autoencoder/],
    ["train: [teacher]", /"train" is \["teacher"\]; expected one of/],
    ["train: __proto__", /"train" is "__proto__"; expected one of/],
    ["- 1", /expected a training configuration/],
    ["train: teacher", /"network" is missing/],
    [
      textOf("tiny-student.yaml").replace("sc: 0", "lamda: 0"),
      /"student\.terms\.lamda" is no field .*; expected there: distill, inverse, gt, sc, fidelity/,
    ],
    [
      textOf("tiny-student.yaml").replace("m: 0.2", "m: 1"),
      /"student\.m" must be a number from 0 to 0\.999, not 1/,
    ],
    [
      textOf("tiny-student.yaml").replace("rollOut: 5", "rollOut: 16"),
      /"student\.rollOut" is 16, but the chain has 15/,
    ],
    [
      textOf("tiny-student.yaml").replace("distilled: 2", "distilled: 9"),
      /"student\.distilled" is 9, but a batch has 8/,
    ],
    [textOf("tiny-student.yaml").replace("sc: 0", "adversarial: 1"), /there is no "discriminator"/],
    [
      `${textOf("paper-student.yaml")}\ndiscriminator: { channels: [8], sees: grey, learningRate: 0.001, gamma: 1 }`,
      /"discriminator\.sees" is grey, but latents have no colours/,
    ],
    [textOf("tiny-teacher.yaml").replace("outChannels: 48", "outChannels: 3"), /must be 48 on pixels, not 3/],
    [textOf("tiny-teacher.yaml").replace("[2, 1, 1]", "[2, 1]"), /resBlocks" has 2 levels, .* 3/],
    [textOf("tiny-coverage.yaml").replace("groups: 8", "groups: 3"), /groups" 3 does not divide 16/],
    [
      textOf("tiny-autoencoder.yaml").replace("crop: 64", "crop: 66"),
      /"data\.crop" must divide by 4, not 66/,
    ],
  ])("that are wrong are refused in a line: %#", (text, message) => {
    expect(() => readTrainingConfig(text, "x.yaml")).toThrow(SamsrError);
    expect(() => readTrainingConfig(text, "x.yaml")).toThrow(message);
  });
});
