/** Names from the command line that become paths lead nowhere else. */
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, expect, it } from "vitest";
import { defineCompare } from "./compare/index.js";
import { defineTrain } from "./train/index.js";

const folder = mkdtempSync(join(tmpdir(), "samsr-names-"));
afterAll(() => rmSync(folder, { recursive: true }));

async function refusal(...words: string[]): Promise<string> {
  const output = { outputError: () => {}, writeErr: () => {} };
  const program = new Command("samsr").exitOverride().configureOutput(output);
  const signal = new AbortController().signal;
  const interrupts = { signal, allow() {}, trigger() {}, async leave() {} };
  for (const define of [defineCompare, defineTrain]) define(program, { interrupts, done: () => {} });
  for (const command of program.commands) {
    for (const one of [command, ...command.commands]) one.exitOverride().configureOutput(output);
  }
  return program.parseAsync(words, { from: "user" }).then(
    () => "accepted",
    (error: Error) => error.message,
  );
}

it.each(["..", ".", "...", ".hidden", "index.html", "scores.json"])(
  "compare --with %s=DIR is refused",
  async (name) => {
    const out = join(folder, "out", "deep");
    const message = await refusal("compare", folder, "-o", out, "--with", `${name}=${folder}`);
    expect(message).toMatch(/^--with .*: ".*" cannot be a folder's name here/);
    expect(await refusal("compare", folder, "-o", out, "--with", `a/b=${folder}`)).toMatch(
      /expected NAME=FOLDER/,
    );
    expect(readdirSync(folder)).toEqual([]);
  },
);

it.each(["..", "../x", "a/b", "a\\b", "C:", ""])("train --name %j is refused", async (name) => {
  const out = join(folder, "out");
  const bundle = ["bundle", "--teacher", "t", "--student", "s"];
  for (const words of [["coverage", "--data", folder], bundle]) {
    const message = await refusal("train", ...words, "-o", out, "--name", name);
    expect(message).toMatch(/Expected a name without slashes/);
  }
  expect(readdirSync(folder)).toEqual([]);
});
