/** Reads a `model.json`: every field is checked, so that what follows may rely on its type. */
import { brief } from "../base/brief.js";
import { SamsrError } from "../base/errors.js";
import { NETWORKS } from "../networks/index.js";
import { type ModelDescription, networkOfKind } from "./description.js";

/**
 * Parses the text of a `model.json`, each of its fields checked.
 * @param path what errors call it
 * @throws {SamsrError} that names the first field that is missing or makes no sense
 */
export function parseDescription(json: string, path: string): ModelDescription {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new SamsrError(`${path}: not JSON; install the model again`);
  }
  const kind = (value as { network?: unknown } | null)?.network;
  const network = typeof kind === "string" ? networkOfKind(kind) : undefined;
  if (!network) {
    const known = NETWORKS.map(({ model }) => model.kind).join(", ");
    throw new SamsrError(`${path}: unknown network ${brief(kind ?? "")}; this version knows ${known}`);
  }
  const fields = network.model.json;
  const complaint = fields.check(value, "");
  if (complaint) throw new SamsrError(`${path}: ${complaint}; install the model again`);
  return fields.fill(value) as ModelDescription;
}
