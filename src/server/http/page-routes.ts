/** The page at `/`, by which people hand in pictures and see what becomes of them. */
import { readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { FastifyInstance } from "fastify";

/** Where `npm run build` puts it: web/ has its source. */
const FOLDER = fileURLToPath(new URL("../page/", import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The policy of the page, which has its own files and asks its own server for the rest. */
const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' blob:"],
  ...["connect-src 'self'", "form-action 'none'", "base-uri 'none'", "frame-ancestors 'none'"],
].join("; ");

/** Returns a route for each file of the page, which is read once; none where it was not built. */
export function pageRoutes(app: FastifyInstance): void {
  for (const name of filesOf("")) {
    const bytes = readFileSync(join(FOLDER, name));
    const isPage = name === "index.html";
    app.get(isPage ? "/" : `/${name}`, { schema: { hide: true } }, (_request, reply) =>
      reply
        .headers({
          "content-security-policy": POLICY,
          // Names of the other files change with what they hold.
          ...(!isPage && { "cache-control": "public, max-age=31536000, immutable" }),
        })
        .type(TYPES[extname(name)] ?? "application/octet-stream")
        .send(bytes),
    );
  }
}

function filesOf(folder: string): string[] {
  try {
    return readdirSync(join(FOLDER, folder), { withFileTypes: true }).flatMap((entry) => {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      return entry.isDirectory() ? filesOf(path) : [path];
    });
  } catch {
    return [];
  }
}
