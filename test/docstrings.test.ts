/**
 * The habits of the source that no linter knows: a docstring is a sentence that stands alone, an export has
 * somebody who imports it, and a line is no longer than people read.
 */
import { readFileSync } from "node:fs";
import glob from "fast-glob";
import { expect, it } from "vitest";

const root = new URL("..", import.meta.url);
const read = (pattern: string | string[], ignore: string[] = []) =>
  glob
    .sync(pattern, { cwd: root.pathname, ignore: ["**/node_modules/**", "**/dist/**", ...ignore] })
    .map((file) => ({ file, text: readFileSync(new URL(file, root), "utf8") }));
// The client's types are generated.
const sources = read("src/**/*.ts", ["src/**/*.test.ts", "src/client/api.ts"]);

/** A docstring's words up to its first tag, and the code behind it. */
function docstrings(text: string) {
  return [...text.matchAll(/\/\*\*(?=\s)((?:[^*]|\*(?!\/))*)\*\/\s*(?:\/\/.*\s*)*(.*)/g)].map((match) => ({
    words: match[1]!
      .replace(/^[^\S\n]*\* ?/gm, "")
      .trim()
      .split(/\n\s*\n/)[0]!
      .trim()
      .split(/(?:^|\s)@(?:param|throws|returns|example)\b/)[0]!
      .replace(/\s+/g, " ")
      .trim(),
    code: match[2]!,
    line: text.slice(0, match.index).split("\n").length,
  }));
}

/** Words by which a docstring hangs on the name that it stands at. */
const HANGING =
  /^(Of|As|And|Or|But|Also|Its|The same|Same|For(?! each)|By|From|To|In|On|At|Under|Over|Below|Behind|Those|That|These|This|It|They|Default)\b/;
const FUNCTION = /^(export )?(async )?function\b|^(get |set )?[a-zA-Z]+\??(<.*>)?\(/;

it("every docstring is a sentence, or a noun that says what the name is, and stands alone", () => {
  const wrong = sources.flatMap(({ file, text }) =>
    docstrings(text)
      .filter(({ words, code }) =>
        FUNCTION.test(code)
          ? // A function is said by a verb: "Returns", "Tells whether".
            !/^[A-Z][a-z]+s\b/.test(words) || HANGING.test(words)
          : HANGING.test(words) || !/^([A-Z"`{]|samsr\b)/.test(words) || !/[.:)?!`"]$/.test(words),
      )
      .map(({ words, line }) => `${file}:${line}: ${words.slice(0, 80)}`),
  );
  expect(wrong).toEqual([]);
});
