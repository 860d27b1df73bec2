/** What a request asks for: the command's options as parameters of the address or as fields of a form. */
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { SamsrError } from "../../base/errors.js";
import { type Described, parseWords } from "../../base/words.js";
import { enlarges, type UpscalingModel } from "../../checkpoints/description.js";
import { findModel, type InstalledModel, listModels } from "../../checkpoints/store/find.js";
import { SAMPLERS } from "../../diffusion/index.js";
import { SAM_WORDS } from "../../semantics/sam/words.js";
import { kindOf } from "../../upscale/kinds/index.js";
import { resolveSettings } from "../../upscale/settings.js";
import { settingsOf, UPSCALE_WORDS } from "../../upscale/words.js";
import type { Asked } from "../jobs/job.js";
import { Problem } from "../problem.js";

/** Every option of a request. */
const REQUEST_WORDS: Readonly<Record<string, Described>> = {
  model: { value: "name", words: "an installed model (default: the server's)", schema: { type: "string" } },
  ...UPSCALE_WORDS,
  ...SAM_WORDS,
};

/** The schema of all of them, as parameters of an address. */
export const REQUEST_SCHEMA = {
  type: "object",
  properties: Object.fromEntries(
    Object.entries(REQUEST_WORDS).map(([name, { words, schema }]) => [
      name,
      { description: words, ...schema },
    ]),
  ),
  additionalProperties: false,
};

const refused = (detail: string) => new Problem(422, detail);

/**
 * Returns what was asked, checked against the model, all of it before any work.
 * @param said names and texts; a name that comes twice is refused
 * @throws Problem 422 with the command's line
 */
export async function askedOf(
  said: Iterable<readonly [name: string, text: unknown]>,
  models: Models,
  standard: string,
): Promise<{ asked: Asked; model: KnownModel }> {
  const values = new Map<string, unknown>();
  for (const [name, text] of said) {
    const one = Object.hasOwn(REQUEST_WORDS, name) ? REQUEST_WORDS[name] : undefined;
    if (one === undefined) {
      throw refused(`there is no option "${name}"; there are ${Object.keys(REQUEST_WORDS).join(", ")}`);
    }
    if (typeof text !== "string" || values.has(name))
      throw refused(`the option ${name} is said more than once`);
    values.set(name, wordsOf(name, one, text));
  }
  for (const [name, { conflicts = [] }] of Object.entries(REQUEST_WORDS)) {
    const other = values.has(name) ? conflicts.find((conflict) => values.has(conflict)) : undefined;
    if (other) throw refused(`the options ${name} and ${other} cannot be used together`);
  }
  const asked = { seed: 0, model: standard, ...Object.fromEntries(values) } as Asked;
  const model = await models.find(asked.model);
  checkAsked(asked, model.description);
  return { asked, model };
}

function wordsOf(name: string, one: Described, text: string): unknown {
  try {
    return parseWords(one, text);
  } catch (error) {
    throw error instanceof SamsrError
      ? refused(`the option ${name}: "${text}" is invalid. ${error.message}`)
      : error;
  }
}

/** Refuses what cannot work whatever the picture. */
function checkAsked(asked: Asked, model: UpscalingModel): void {
  const { width: _w, height: _h, longest: _l, ...settings } = settingsOf(asked);
  const { masks } = asked;
  try {
    const { diffusion } = resolveSettings(settings, { width: 1, height: 1 }, kindOf(model));
    const asksSam = Object.values(settings.samOptions ?? {}).some((value) => value !== undefined);
    if (masks !== "sam" && asksSam) throw new SamsrError("the options of Segment Anything go with masks sam");
    if (masks !== undefined && masks !== "none" && !(diffusion && SAMPLERS[diffusion.method].semantic)) {
      throw new SamsrError(`masks ${masks} has no meaning with this method; only samsr looks at masks`);
    }
  } catch (error) {
    throw error instanceof SamsrError ? refused(error.message) : error;
  }
}

/**
 * Returns what a model offers to choose: whether it looks at masks, and its own detail where that has two
 * ends.
 */
export function offersOf(model: UpscalingModel): { readonly masks: boolean; readonly detail?: number } {
  const kind = kindOf(model);
  const { diffusion } = resolveSettings({}, { width: 1, height: 1 }, kind);
  const masks = diffusion !== undefined && SAMPLERS[diffusion.method].semantic;
  return { masks, detail: kind.detail?.standard };
}

type KnownModel = InstalledModel<UpscalingModel> & {
  /** What tells this model from another of its name. */
  readonly digest: string;
};

/** The models that requests may name: those that are installed. */
export interface Models {
  /**
   * Finds a model by its name.
   * @throws Problem 422 where there is none of this name
   */
  find(name: string): Promise<KnownModel>;
}

/** Milliseconds for which a model that was looked up counts as unchanged. */
const FRESH = 5000;

/**
 * Opens the models that a server enlarges by.
 * @param standard the server's own, which may also be a model's folder
 */
export function openModels(standard: string): Models {
  const known = new Map<string, { readonly model: Promise<KnownModel>; readonly at: number }>();
  return {
    async find(name) {
      const before = known.get(name);
      if (before && Date.now() - before.at < FRESH) return before.model;
      const model = look(name);
      if (known.size > 100) known.clear();
      known.set(name, { model, at: Date.now() });
      return model;
    },
  };

  async function look(name: string): Promise<KnownModel> {
    const model = name === standard ? await findModel(name) : await installed(name);
    const { description, missing } = model;
    if (!enlarges(description)) throw refused(`the model ${name} enlarges no pictures; choose another`);
    if (missing.length > 0) throw refused(`the model ${name} is not complete; choose another`);
    const files = Object.values<string>(description.weights).map((file) => stat(join(model.folder, file)));
    const facts = (await Promise.all(files)).map(({ size, mtimeMs }) => [size, mtimeMs]);
    return { ...model, description, digest: JSON.stringify([description, facts]) };
  }
}

/** Looks for a name in the list of what is there, so that a client's word never becomes a path. */
async function installed(name: string): Promise<InstalledModel> {
  const found = (await listModels()).find(({ description }) => description.name === name);
  if (found === undefined) throw refused(`there is no model "${name}"; /v1/models lists them`);
  return found;
}
