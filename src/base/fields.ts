/**
 * A configuration's fields, each described once: from the description come the check of a file, the values
 * that stand for what it leaves out, the TypeScript type and the published JSON Schema.
 */
import * as checks from "./checks.js";

/** A schema in the words of JSON Schema, draft 2020-12, that are used here. */
export type Schema = { readonly [key: string]: unknown };

export interface Field<T> {
  readonly check: checks.Check;
  readonly schema: Schema;
  /** Whether a file must have it. */
  readonly required: boolean;
  /** Returns a checked value with the standard ones put in; of undefined, the standard value. */
  fill(value: unknown): T;
  /** The fields of a section; a field of any other kind has none. */
  readonly fields?: Readonly<Record<string, Field<unknown>>>;
}

/** What a file that passed the check holds, filled up. */
export type Filled<F> = F extends Field<infer T> ? T : never;

/** Makes a field of any other kind, from its check and its schema. */
export function field<T>(check: checks.Check, schema: Schema): Field<T> {
  return { check, schema, required: true, fill: (value) => value as T };
}

export const whole = (description: string, least = 1, most = 2 ** 20) =>
  field<number>(checks.whole(least, most), {
    ...{ description, type: "integer", minimum: least, maximum: most },
  });

export const number = (description: string, least: number, most: number) =>
  field<number>(checks.number(least, most), {
    ...{ description, type: "number", minimum: least, maximum: most },
  });

export const oneOf = <const Word extends string>(description: string, ...words: readonly Word[]) =>
  field<Word>(checks.oneOf(...words), { description, enum: words });

export const text = (description: string) =>
  field<string>(checks.text, { description, type: "string", pattern: "\\S" });

export const list = <T>(description: string, element: Field<T>, least = 0, most = 1000) =>
  field<readonly T[]>(checks.list(element.check, least, most, "a list"), {
    ...{ description, type: "array", items: element.schema, minItems: least, maxItems: most },
  });

/**
 * Adds a condition to a field, which concerns several of its values at once and which no schema can state.
 * @param complaint says what is wrong with a value that passed the field's own check, or nothing; `at` names
 *   a place in it
 */
export function checked<T>(
  one: Field<T>,
  complaint: (value: T, at: (key: string) => string) => string | undefined,
) {
  const check: checks.Check = (value, at, unknown) =>
    one.check(value, at, unknown) ??
    (value === undefined
      ? undefined
      : complaint(one.fill(value), (key) => `"${at === "" ? key : `${at}.${key}`}"`));
  return { ...one, check };
}

/** Makes a field that may be left out, and then has no value. */
export function optional<T>(one: Field<T>): Field<T | undefined> {
  return {
    ...one,
    check: checks.optional(one.check),
    required: false,
    fill: (value) => (value === undefined ? undefined : one.fill(value)),
  };
}

/** Makes a field that may be left out, and then has the value `standard`. */
export function standing<T>(standard: NoInfer<T>, one: Field<T>): Field<T> {
  return {
    ...one,
    check: checks.optional(one.check),
    schema: { ...one.schema, default: standard },
    required: false,
    fill: (value) => (value === undefined ? standard : one.fill(value)),
  };
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/**
 * The object that a section describes: what may be left out of a file, without a value that stands for it,
 * may be absent.
 */
type FilledSection<F extends Fields> = Flat<
  { readonly [Key in keyof F as undefined extends Filled<F[Key]> ? never : Key]: Filled<F[Key]> } & {
    readonly [Key in keyof F as undefined extends Filled<F[Key]> ? Key : never]?: Filled<F[Key]>;
  }
>;
type Flat<T> = T extends object ? { [Key in keyof T]: T[Key] } : T;

/** Makes a field that is an object; it may be left out when all of its fields may. */
export function section<const F extends Fields>(description: string, fields: F): Field<FilledSection<F>> {
  const entries = Object.entries(fields);
  const due = entries.filter(([, { required }]) => required).map(([key]) => key);
  const check = checks.object(Object.fromEntries(entries.map(([key, { check }]) => [key, check])));
  return {
    check: due.length > 0 ? check : checks.optional(check),
    required: due.length > 0,
    schema: {
      ...{ description, type: "object" },
      properties: Object.fromEntries(entries.map(([key, { schema }]) => [key, schema])),
      ...(due.length > 0 && { required: due }),
      additionalProperties: false,
    },
    fill(value) {
      const own = (value ?? {}) as Record<string, unknown>;
      const filled = entries.map(([key, one]) => [key, one.fill(own[key])] as const);
      return Object.fromEntries(filled.filter(([, v]) => v !== undefined)) as never;
    },
    fields,
  };
}

/** Returns the names that may stand at a place such as `student.terms`; none where no section is. */
export function namesAt(root: Field<unknown>, place: readonly string[]): string[] {
  let at: Field<unknown> | undefined = root;
  for (const key of place) at = at?.fields?.[key];
  return Object.keys(at?.fields ?? {});
}
