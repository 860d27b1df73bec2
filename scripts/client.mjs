/**
 * npm run client: writes src/client/api.ts, the server's interface as types, from the document that a server
 * of this build publishes.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const OUT = "src/client/api.ts";
const folder = mkdtempSync(join(tmpdir(), "samsr-client-"));
const npx = (...words) => execFileSync("npx", words, { stdio: ["ignore", "ignore", "inherit"] });
const server = spawn(process.execPath, ["dist/cli/main.js", "serve", "--port", "0", "--data", folder], {
  stdio: ["ignore", "ignore", "pipe"],
});
try {
  const address = await new Promise((resolve, reject) => {
    let said = "";
    server.stderr.on("data", (chunk) => {
      said += chunk;
      const found = /listening on (\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
    server.on("exit", () => reject(new Error(said)));
  });
  const document = await (await fetch(`${address}/openapi.json`)).text();
  writeFileSync(join(folder, "openapi.json"), document);
  execFileSync("npm", ["ci", "--prefix", "scripts/client", "--no-audit", "--no-fund", "--ignore-scripts"], {
    stdio: "ignore",
  });
  npx("--prefix", "scripts/client", "openapi-typescript", join(folder, "openapi.json"), "-o", OUT);
  const digest = createHash("sha256").update(document).digest("hex");
  const types = readFileSync(OUT, "utf8").replace(/^\/\*\*[\s\S]*?\*\/\n/, "");
  writeFileSync(
    OUT,
    `/**
 * The interface of \`samsr serve\` as types, written by \`npm run client\` from its OpenAPI document.
 *
 * @example
 * import createClient from "openapi-fetch";
 * import type { paths } from "samsr/client";
 * const client = createClient<paths>({ baseUrl: "http://localhost:8080" });
 * const { data, error } = await client.GET("/v1/jobs/{id}", { params: { path: { id } } });
 */
// The document's SHA-256: ${digest}
${types}`,
  );
  execFileSync(process.execPath, ["scripts/wrap-comments.mjs", "src/client"], { stdio: "inherit" });
  npx("biome", "check", "--write", OUT);
} finally {
  server.kill();
  rmSync(folder, { recursive: true, force: true });
}
