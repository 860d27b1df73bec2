/** The markup of both pages is one file, index.html, whose lines may be of one of them. */
import type { Plugin } from "vite";

/**
 * Leaves out the lines that have `data-page` of another page, and puts words where the markup has their names
 * in double braces.
 */
export function markup(page: "browser" | "server", words: Readonly<Record<string, unknown>>): Plugin {
  const of = (line: string) => / data-page="(\w+)"/.exec(line)?.[1] ?? page;
  return {
    name: "markup",
    transformIndexHtml: {
      order: "pre",
      handler: (html) =>
        html
          .split("\n")
          .filter((line) => of(line) === page)
          .map((line) => line.replace(/ data-page="\w+"/, ""))
          .join("\n")
          .replace(/\{\{(\w+)\}\}/g, (_, name: string) => {
            const word = words[name];
            if (typeof word !== "string") throw new Error(`web/index.html: there is no word "${name}"`);
            return word;
          }),
    },
  };
}
