/** How a page asks the server that it came from, with a key where that wants one. */
import type { components } from "../src/client/api.js";

export type JobDocument = components["schemas"]["Job"];
export type ModelDocument = components["schemas"]["Model"];
export type HealthDocument = components["schemas"]["Health"];

/** The key's place: one tab's storage, which goes with it. */
const KEY = "samsr key";

/** An answer that refuses. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    detail: string,
    /** Seconds after which to ask again, where the server says so. */
    readonly after: number | undefined,
  ) {
    super(detail);
  }
}

export interface Client {
  /**
   * @throws Refusal for an answer that refuses, once there is a key where one is wanted; TypeError where
   * there is no answer
   */
  ask(path: string, init?: RequestInit): Promise<Response>;
  json<T>(path: string): Promise<T>;
}

/**
 * @param askKey asks for a key; told whether one was given before that is not known
 */
export function createClient(askKey: (wrong: boolean) => Promise<string>): Client {
  let asking: Promise<void> | undefined;

  async function ask(path: string, init: RequestInit = {}): Promise<Response> {
    for (;;) {
      await asking;
      const key = sessionStorage.getItem(KEY);
      const headers = { ...(init.headers as object), ...(key && { authorization: `Bearer ${key}` }) };
      const response = await fetch(path, { ...init, headers });
      if (response.ok) return response;
      // Another request may have asked for a key meanwhile.
      if (response.status !== 401) throw await refusalOf(response);
      if (sessionStorage.getItem(KEY) !== key) continue;
      asking ??= askKey(key !== null).then((given) => {
        sessionStorage.setItem(KEY, given);
        asking = undefined;
      });
    }
  }
  return { ask, json: async <T>(path: string) => (await (await ask(path)).json()) as T };
}

async function refusalOf(response: Response): Promise<Refusal> {
  const { detail } = (await response.json().catch(() => ({}))) as { detail?: string };
  const after = Number(response.headers.get("retry-after") ?? Number.NaN);
  const line = detail ?? `${response.status} ${response.statusText}`;
  return new Refusal(response.status, line, Number.isFinite(after) ? after : undefined);
}
