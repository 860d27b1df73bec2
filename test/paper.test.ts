/** docs/paper.md against what it names: files, what is in them, commands and their options, tests. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { samsr } from "./fixtures/cli.js";

interface Row {
  what: string;
  file: string;
  names: string[];
  command: string;
  test: string;
}

const inCode = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);

const rows: Row[] = readFileSync("docs/paper.md", "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (what|---) /.test(line))
  .map((line) => {
    const [what, file, names, command, test] = line.slice(1, -1).split("|");
    const only = (cell: string) => inCode(cell)[0] ?? "";
    return {
      what: what.trim(),
      ...{ file: only(file), names: inCode(names), command: only(command), test: only(test) },
    };
  });

describe("docs/paper.md", () => {
  it("has every equation, line of algorithm 1, table and figure", () => {
    const ofAll = (kind: RegExp, last: number) => {
      const found = new Set<number>();
      for (const { what } of rows) {
        const match = kind.exec(what);
        if (!match) continue;
        const [, from, joint = "and", to = from] = match;
        found.add(Number(from)).add(Number(to));
        if (joint === "to") for (let n = Number(from); n < Number(to); n++) found.add(n);
      }
      expect([...found].toSorted((a, b) => a - b)).toEqual(Array.from({ length: last }, (_, i) => i + 1));
    };
    ofAll(/equations? (\d+)(?: (and|to) (\d+))?/, 14);
    ofAll(/tables? (\d+)(?: (and|to) (\d+))?/, 5);
    ofAll(/figures? (\d+)(?: (and|to) (\d+))?/, 4);
    ofAll(/lines? (\d+)(?: (and|to) (\d+))?/, 25);
  });

  it.each(rows)("$what: file and test are there", ({ file, names, test }) => {
    const text = readFileSync(file, "utf8");
    for (const name of names)
      expect(text, name).toMatch(new RegExp(`export .*\\b${name}\\b|^ {2}function\\*? ${name}\\b`, "m"));
    expect(existsSync(test), test).toBe(true);
  });

  it("names commands and options that there are", async () => {
    const wanted = new Map<string, Set<string>>();
    for (const { command } of rows.filter(({ command }) => command !== "")) {
      const words = command.split(" ").slice(1);
      const options = words.filter((word) => word.startsWith("--"));
      const first = words.findIndex((word) => word.startsWith("--"));
      const name = words.slice(0, first < 0 ? words.length : first).join(" ");
      wanted.set(name, new Set([...(wanted.get(name) ?? []), ...options]));
    }
    for (const [name, options] of wanted) {
      const { code, stdout } = await samsr([...name.split(" "), "--help"]);
      expect(code, name).toBe(0);
      const help = stdout.toString();
      expect(help).toContain(`Usage: samsr ${name} `);
      for (const option of options) expect(help, `${name} ${option}`).toMatch(new RegExp(`${option}\\b`));
    }
  });
});
