/**
 * API keys. A key is 32 random bytes, so a plain SHA-256 of it cannot be turned back; only that is kept.
 * Comparing takes as long whether a key is known or not.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import { describe } from "../base/describe.js";
import { SamsrError } from "../base/errors.js";
import { isPlainName } from "../base/plain-name.js";

/** What a key allows: to hand in and look after pictures, to look at jobs only, to look at the metrics. */
export const SCOPES = ["submit", "read", "metrics"] as const;
export type KeyScope = (typeof SCOPES)[number];

export interface ApiKey {
  /** Whose it is; jobs belong to this name. */
  readonly name: string;
  /** SHA-256 of the key, 64 hexadecimal digits. */
  readonly sha256: string;
  readonly scopes: readonly KeyScope[];
}

const digest = (key: string) => createHash("sha256").update(key).digest();

/** Makes a new key, and what the file of keys has of it. */
export function newKey(name: string, scopes: readonly KeyScope[]): { key: string; entry: ApiKey } {
  if (!isPlainName(name))
    throw new SamsrError(`"${name}" cannot be a key's name; expected letters and digits`);
  const key = `samsr_${randomBytes(32).toString("base64url")}`;
  return { key, entry: { name, sha256: digest(key).toString("hex"), scopes } };
}

/**
 * Reads the keys of a YAML file, or of SAMSR_KEYS_YAML's content.
 * @throws SamsrError that names the file and what is wrong
 */
export async function readKeys(file: string): Promise<readonly ApiKey[]> {
  const text = await readFile(file, "utf8").catch((error) => {
    throw new SamsrError(`the file of keys cannot be read: ${describe(error)}`);
  });
  return parseKeys(text, file);
}

export async function parseKeys(text: string, file: string): Promise<readonly ApiKey[]> {
  const { parse } = await import("yaml");
  let document: unknown;
  try {
    document = parse(text, { maxAliasCount: 0 });
  } catch (error) {
    throw new SamsrError(`${file}: this is no YAML (${describe(error)})`);
  }
  if (!Array.isArray(document) || document.length === 0) {
    throw new SamsrError(`${file}: expected a list of keys; "samsr serve --new-key NAME" prints one`);
  }
  const names = new Set<string>();
  return document.map((entry, i): ApiKey => {
    const { name, sha256, scopes = SCOPES } = (entry ?? {}) as Partial<ApiKey>;
    const known =
      typeof name === "string" &&
      isPlainName(name) &&
      typeof sha256 === "string" &&
      /^[0-9a-f]{64}$/.test(sha256) &&
      Array.isArray(scopes) &&
      scopes.every((scope) => SCOPES.includes(scope));
    if (!known) {
      throw new SamsrError(
        `${file}: key ${i + 1} needs a name, a sha256 of 64 digits, and scopes of ${SCOPES.join(", ")}`,
      );
    }
    if (names.has(name)) throw new SamsrError(`${file}: two keys have the name ${name}; give each its own`);
    names.add(name);
    return { name, sha256, scopes };
  });
}

/** Returns the key that an Authorization field of a request holds, if it is one of these. */
export function keyOf(keys: readonly ApiKey[], authorization: string | undefined): ApiKey | undefined {
  const [, given = ""] = /^Bearer +(\S{1,200})$/i.exec(authorization ?? "") ?? [];
  const asked = digest(given);
  let found: ApiKey | undefined;
  // All are looked at, so that time does not tell which one was near.
  for (const key of keys) if (timingSafeEqual(asked, Buffer.from(key.sha256, "hex"))) found = key;
  return given === "" ? undefined : found;
}
