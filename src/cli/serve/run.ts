/** `samsr serve`: settings from everywhere, and the server's life. */
import { readFile } from "node:fs/promises";
import { describe } from "../../base/describe.js";
import { SamsrError } from "../../base/errors.js";
import { type KeyScope, newKey, SCOPES } from "../../server/keys.js";
import { SERVER_PACKAGES, withPackages } from "../../server/packages.js";
import {
  configurationSchema,
  fromDocument,
  fromEnvironment,
  SERVE_WORDS,
  type ServeSaid,
  serveSettings,
} from "../../server/settings.js";
import type { Interrupts } from "../interrupt.js";
import { version } from "../options.js";
import { UsageError } from "../report.js";
import { print, printJson, say } from "../streams.js";
import type { ServeArguments } from "./arguments.js";

/** Milliseconds beyond the time for draining until the process is ended. */
const GRACE = 5000;

/**
 * Runs `samsr serve` until it is told to stop.
 * @returns the exit code
 */
export async function serveCommand(options: ServeArguments, interrupts: Interrupts): Promise<number> {
  const { config, newKey: name, scopes, schema, ...said } = options;
  if (schema) {
    printJson(configurationSchema());
    return 0;
  }
  if (name !== undefined) return printKey(name, scopes);
  const settings = serveSettings({
    ...(config === undefined ? {} : await readConfiguration(config)),
    ...fromEnvironment(SERVE_WORDS, process.env),
    ...said,
  });
  // SIGTERM is how a server is asked to end, so that is no failure.
  interrupts.allow(settings.drainSeconds * 1000 + GRACE, 0);
  const { serve } = await withPackages(SERVER_PACKAGES, () => import("../../server/index.js"));
  await serve(settings, {
    ...{ version: version(), signal: interrupts.signal },
    listening: (address) => say(`samsr: listening on ${address}`),
  });
  return 0;
}

async function readConfiguration(file: string): Promise<ServeSaid> {
  const { parse } = await import("yaml");
  let document: unknown;
  try {
    document = parse(await readFile(file, "utf8"), { maxAliasCount: 0 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SamsrError(
      code?.startsWith("E") ? describe(error) : `${file}: this is no YAML (${describe(error)})`,
    );
  }
  return fromDocument(SERVE_WORDS, document, file);
}

function printKey(name: string, scopes = SCOPES.join(",")): number {
  const asked = scopes.split(/[\s,]+/).filter((scope) => scope !== "");
  const unknown = asked.find((scope) => !SCOPES.includes(scope as KeyScope));
  if (unknown !== undefined || asked.length === 0) {
    throw new UsageError(`--scopes are some of ${SCOPES.join(", ")}, not "${unknown ?? scopes}"`);
  }
  const { key, entry } = newKey(name, asked as KeyScope[]);
  print(
    `- name: ${JSON.stringify(entry.name)}\n  sha256: "${entry.sha256}"\n  scopes: [${asked.join(", ")}]\n`,
  );
  say(`the key of ${name}, which is kept nowhere: ${key}`);
  return 0;
}
