import { expect, it } from "vitest";
import { keyOf, newKey, parseKeys } from "./keys.js";

it("a new key is known by its entry, and by nothing else", async () => {
  const { key, entry } = newKey("shop", ["submit", "read"]);
  const other = newKey("other", ["read"]);
  const keys = await parseKeys(JSON.stringify([entry, other.entry]), "keys.yaml");
  expect(JSON.stringify(keys)).not.toContain(key);
  expect(keyOf(keys, `Bearer ${key}`)).toEqual({ ...entry, scopes: ["submit", "read"] });
  expect(keyOf(keys, `bearer ${other.key}`)?.name).toBe("other");
  for (const wrong of [
    undefined,
    "",
    "Bearer",
    "Bearer ",
    `Basic ${key}`,
    `Bearer ${key}x`,
    `Bearer ${key} x`,
  ]) {
    expect(keyOf(keys, wrong)).toBeUndefined();
  }
});

const entry = `{ name: a, sha256: "${"0".repeat(64)}" }`;

it.each([
  ["[1", /this is no YAML/],
  ["a: 1", /expected a list of keys/],
  ["[]", /expected a list of keys/],
  ["[null]", /key 1 needs a name/],
  ["[{ name: a, sha256: 12 }]", /key 1 needs a name, a sha256 of 64 digits/],
  [`[{ name: a, sha256: "${"0".repeat(64)}", scopes: [all] }]`, /scopes of submit, read, metrics/],
  [`[{ name: ../a, sha256: "${"0".repeat(64)}" }]`, /key 1 needs a name/],
  [`[${entry}, ${entry}]`, /two keys have the name a/],
])("refuses keys of %s", async (text, line) => {
  await expect(parseKeys(text, "keys.yaml")).rejects.toThrow(line);
});
