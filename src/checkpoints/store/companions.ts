/**
 * Weights in the store that another model can use: which autoencoder a denoiser takes that comes without one.
 */
import { SamsrError } from "../../base/errors.js";
import type { Companion, Network, ReadConfig } from "../../networks/index.js";
import { networksIn } from "../description.js";
import { type InstalledModel, surveyModels } from "./find.js";

interface StoredCompanion {
  /** The model in whose folder it lies. */
  readonly name: string;
  readonly config: unknown;
  /** The file's name, as `weights` of the model's description has it. */
  readonly file: string;
}

/** Returns the networks that a network cannot run without, by the names of their weights. */
export function companionsOf({
  model,
}: Network): (readonly [part: string, Companion<ReadConfig<unknown>>])[] {
  return Object.entries(model.weights).flatMap(([part, held]) => (held === "self" ? [] : [[part, held]]));
}

/**
 * Finds the files in the store that go together with a network, each file once, however many models use it.
 */
export async function companionsFor(
  companion: Companion<ReadConfig<unknown>>,
  found: ReadConfig<unknown>,
): Promise<StoredCompanion[]> {
  const { models } = await surveyModels();
  return models.flatMap((model) =>
    companionsIn(model, companion).filter(({ config }) => !companion.conflict(found, config)),
  );
}

function companionsIn(
  { place, description, missing }: InstalledModel,
  { network }: Companion<ReadConfig<unknown>>,
): StoredCompanion[] {
  if (place !== "stored") return [];
  const { name } = description;
  return networksIn(description).flatMap((held) => {
    const own = !held.file.startsWith("../") && !missing.includes(held.file);
    return own && held.network === network
      ? [{ name, config: held.config, file: `../${name}/${held.file}` }]
      : [];
  });
}

/**
 * Finds the model whose weights another one cannot run without.
 * @param part what the companion is called, such as "autoencoder"
 * @param path of the file that needs one, for errors
 * @param wanted the model to take it from, where the user says so
 * @throws {SamsrError} when there is none, or which of several is not said
 */
export async function companionFor(
  part: string,
  companion: Companion<ReadConfig<unknown>>,
  found: ReadConfig<unknown>,
  path: string,
  wanted?: string,
): Promise<StoredCompanion> {
  const fitting = await companionsFor(companion, found);
  const names = fitting.map(({ name }) => name).join(", ");
  if (wanted !== undefined) {
    const chosen = fitting.find(({ name }) => name === wanted);
    if (chosen) return chosen;
    throw new SamsrError(
      `--${part} ${wanted}: no stored model of that name has an ${part} that fits ${path}; those ` +
        `that fit: ${names || "none"}`,
    );
  }
  if (fitting.length === 1) return fitting[0];
  if (fitting.length === 0) {
    const [published] = Object.keys(companion.network.published ?? {});
    const pull = published === undefined ? "" : `, or first "samsr models pull ${published}"`;
    throw new SamsrError(
      `${path} needs an ${part}, and none that fits is installed; give its file too${pull}`,
    );
  }
  throw new SamsrError(`${path}: several installed ${part}s fit (${names}); choose one with --${part} NAME`);
}
