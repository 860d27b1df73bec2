/**
 * node scripts/wrap-comments.mjs [--check] PATH...: wraps comments of TypeScript whose lines are longer
 * than 110 characters, which the formatter leaves alone. With --check it writes nothing, and fails where
 * there is one.
 *
 * A paragraph of a comment is filled anew only where one of its lines is too long. Paragraphs end at empty
 * lines, tags, list items and lines that are indented as code is.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const WIDTH = 110;
const check = process.argv.includes("--check");
const named = process.argv.slice(2).filter((word) => !word.startsWith("--"));
const files = named
  .flatMap((path) => (statSync(path).isDirectory() ? within(path) : [path]))
  .filter(isSource);

let failed = false;
for (const file of files) {
  const text = readFileSync(file, "utf8");
  const lines = text.split("\n");
  if (!lines.some(isTooLong)) continue;
  if (check) {
    for (const [i, line] of lines.entries()) if (isTooLong(line)) complain(file, i);
    continue;
  }
  const wrapped = wrap(lines);
  writeFileSync(file, wrapped.join("\n"));
  for (const [i, line] of wrapped.entries()) if (isTooLong(line)) complain(file, i);
}
process.exit(failed ? 1 : 0);

function within(folder) {
  return readdirSync(folder, { recursive: true }).map((file) => join(folder, file));
}

function isSource(file) {
  return /\.m?[tj]s$/.test(file) && !/(^|[\\/])(dist|node_modules)[\\/]/.test(file);
}

function isTooLong(line) {
  return line.length > WIDTH && /^\s*(\/\/|\/?\*)/.test(line);
}

function complain(file, at) {
  const fix = check ? 'run "npm run format"' : "break it by hand";
  console.error(`${file}:${at + 1}: a comment of more than ${WIDTH} characters; ${fix}`);
  failed = true;
}

function wrap(lines) {
  const out = [];
  for (let at = 0; at < lines.length; ) {
    const [, indent, mark] = /^(\s*)(\/\/|\* |\/\*\*(?= .*\*\/$))/.exec(lines[at]) ?? [];
    if (mark === undefined) {
      out.push(lines[at++]);
    } else if (mark === "/**") {
      const line = lines[at++];
      if (!isTooLong(line)) out.push(line);
      else {
        const words = line.trim().slice(4, -3);
        out.push(
          `${indent}/**`,
          ...paragraphsOf([words]).flatMap((part) => fill(part, `${indent} * `)),
          `${indent} */`,
        );
      }
    } else {
      const prefix = `${indent}${mark.trim()} `;
      let end = at;
      while (end < lines.length && lines[end].startsWith(prefix)) end++;
      if (end === at) end = at + 1;
      const bodies = lines.slice(at, end);
      if (!bodies.some(isTooLong)) out.push(...bodies);
      else {
        for (const part of paragraphsOf(bodies.map((line) => line.slice(prefix.length)))) {
          const long = part.some((words) => prefix.length + words.length > WIDTH);
          out.push(...(long ? fill(part, prefix) : part.map((words) => prefix + words)));
        }
      }
      at = end;
    }
  }
  return out;
}

/** Lines that belong together: a tag or an item begins a new part, and a line of code is one by itself. */
function paragraphsOf(lines) {
  const parts = [];
  let open = false;
  let example = false;
  for (const line of lines) {
    if (line.startsWith("@") || line === "") example = line.startsWith("@example");
    const alone = example || /^ {4}|^\||^biome-ignore/.test(line);
    if (open && !alone && !/^(@|- |\d+\. )/.test(line)) parts.at(-1).push(line);
    else parts.push([line]);
    open = !alone;
  }
  return parts;
}

/** Fills lines; all but the first are indented as the second one was, or as a tag's or an item's are. */
function fill(part, prefix) {
  const hanging = part.length > 1 ? /^ */.exec(part[1])[0] : /^(@|- )/.test(part[0]) ? "  " : "";
  const lines = [];
  let line = "";
  for (const word of part.join(" ").split(/ +/).filter(Boolean)) {
    const indent = lines.length > 0 ? hanging : "";
    if (line === "") line = indent + word;
    else if (prefix.length + line.length + 1 + word.length <= WIDTH) line += ` ${word}`;
    else {
      lines.push(line);
      line = hanging + word;
    }
  }
  lines.push(line);
  return lines.map((words) => prefix + words);
}
