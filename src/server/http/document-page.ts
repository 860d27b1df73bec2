/** The published document as a page for people. */
import { createHash } from "node:crypto";
import { escapeHtml } from "../../base/html.js";

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly description?: string;
    readonly schema?: Readonly<Record<string, unknown>>;
  }[];
  readonly responses?: Readonly<Record<string, { readonly description?: string }>>;
}

const STYLE = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code { font: 14px ui-monospace, monospace; } table { border-collapse: collapse; width: 100%; }
td, th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #ccc; }
summary { cursor: pointer; } h2 { margin-top: 2.5rem; }`;

/** Returns the page, and the policy under which it is shown. */
export function documentPage(document: object): { html: string; policy: string } {
  const { info, paths = {} } = document as {
    readonly info: { readonly title: string; readonly version: string; readonly description?: string };
    readonly paths?: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  };
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(method, path, operation)),
  );
  const html = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${escapeHtml(info.title)} ${escapeHtml(info.version)}</title>
<meta name="viewport" content="width=device-width"><style>${STYLE}</style>
<main><h1>${escapeHtml(info.title)} ${escapeHtml(info.version)}</h1><p>${escapeHtml(info.description ?? "")}</p>
<p>The same as a document: <a href="/openapi.json">/openapi.json</a> (OpenAPI 3.1).</p>
${operations.join("\n")}</main></html>`;
  const hash = createHash("sha256").update(STYLE).digest("base64");
  return { html, policy: `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'` };
}

function section(method: string, path: string, operation: Operation): string {
  const { summary = "", description = "", parameters = [], responses = {} } = operation;
  const rows = parameters.map(
    ({ name, in: place, description = "", schema = {} }) =>
      `<tr><td><code>${escapeHtml(name)}</code></td><td>${escapeHtml(place)}</td><td>${escapeHtml(kind(schema))}</td><td>${escapeHtml(description)}</td></tr>`,
  );
  const answers = Object.entries(responses).map(
    ([status, { description = "" }]) =>
      `<tr><td>${escapeHtml(status)}</td><td>${escapeHtml(description)}</td></tr>`,
  );
  const table = rows.length
    ? `<details><summary>${rows.length} parameters</summary><table>${rows.join("")}</table></details>`
    : "";
  return `<section><h2>${escapeHtml(summary)}</h2><p><code>${escapeHtml(method.toUpperCase())} ${escapeHtml(path)}</code></p>
<p>${escapeHtml(description)}</p>${table}<table>${answers.join("")}</table></section>`;
}

/** Returns a schema of one value in a few words. */
function kind(schema: Readonly<Record<string, unknown>>): string {
  if (Array.isArray(schema.enum)) return schema.enum.join(", ");
  return String(schema.type ?? "");
}
