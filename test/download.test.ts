import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { afterAll, afterEach, beforeEach, describe, expect, it } from "vitest";
import { SamsrError } from "../src/base/errors.js";
import { addressDigest } from "../src/checkpoints/store/address.js";
import { type DownloadOptions, download, type RemoteFile } from "../src/checkpoints/store/download.js";
import { temporaryFolder } from "./fixtures/cli.js";
import { serveFile, startProxy, startServer, type TestServer } from "./fixtures/servers.js";

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * i) >> 7);
const sha256 = createHash("sha256").update(content).digest("hex");
const DATES = ["Mon, 01 Jan 2024 00:00:00 GMT", "Tue, 02 Jan 2024 00:00:00 GMT"];
const folder = temporaryFolder();
afterAll(folder.remove);

let count = 0;
let place: string;
let server: TestServer | undefined;
beforeEach(() => {
  place = folder.path(`download${count++}`, "file.bin");
});
afterEach(() => server?.close());

type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

async function fetchFrom(answer: Answer, remote: Partial<RemoteFile> = {}, options: DownloadOptions = {}) {
  server ??= undefined;
  server = await startServer(answer);
  return again(remote, options);
}

/** From the server that is there. */
const again = (remote: Partial<RemoteFile> = {}, options: DownloadOptions = {}) =>
  download({ url: `${server!.url}/file.bin`, ...remote }, place, { pause: 5, patience: 300, ...options });

async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => undefined,
    (e) => e,
  );
  expect(error).toBeInstanceOf(SamsrError);
  expect(error.message).not.toContain("\n");
  return error.message;
}

const names = () => readdirSync(folder.path(`download${count - 1}`)).sort();
const expectWhole = (expected = content) => {
  expect(Buffer.compare(readFileSync(place), expected)).toBe(0);
  expect(names()).toEqual(["file.bin", ...(existsSync(note()) ? ["file.bin.part.json"] : [])]);
};
const note = () => `${place}.part.json`;
/** Another port is another place: the note is changed to it, as if the server had stayed. */
const asIfItStayed = (url: string) => {
  const origin = JSON.parse(readFileSync(note(), "utf8"));
  expect(origin.address).toBe(addressDigest(`${url}/file.bin`));
  writeFileSync(note(), JSON.stringify({ ...origin, address: addressDigest(`${server!.url}/file.bin`) }));
};

describe("a download", () => {
  it("brings the file whole, with its progress", async () => {
    const seen: unknown[] = [];
    await fetchFrom(
      serveFile(content),
      { size: content.length, sha256 },
      { onProgress: (p) => seen.push(p) },
    );
    expectWhole();
    expect(seen[0]).toEqual({ stage: "fetch", done: 0, total: content.length });
    expect(seen.at(-1)).toEqual({ stage: "verify", done: content.length, total: content.length });
    // What is there and fits is not fetched again.
    await again({ sha256 });
    expect(server!.requests.length).toBe(1);
  });

  it("goes on where the connection broke off, asking for the same version", async () => {
    await fetchFrom((request, response, n) =>
      serveFile(content, { only: n < 4 ? 70_000 : undefined })(request, response),
    );
    expectWhole();
    expect(server!.requests.length).toBe(4);
    const [first, second] = server!.requests;
    expect(first.range).toBeUndefined();
    expect(second.range).toMatch(/^bytes=[1-9]\d+-$/);
    expect(second.ifRange).toBe('"one"');
  });

  it("goes on in a later run, and starts over when the file has changed meanwhile", async () => {
    const old = content.map((byte) => byte ^ 1);
    const broken: Answer = (request, response, n) =>
      n === 1
        ? serveFile(old, { etag: '"old"', only: 100_000 })(request, response)
        : response.writeHead(500).end();
    expect(await messageOf(fetchFrom(broken))).toMatch(
      /^file\.bin was not fetched: 127\.0\.0\.1:\d+ answers 500 .*; [1-9]\d+ bytes are kept, and the same command goes on/,
    );
    expect(names()).toEqual(["file.bin.part", "file.bin.part.json"]);
    const { url } = server!;
    await server!.close();
    server = await startServer(serveFile(content, { etag: '"new"' }));
    asIfItStayed(url);
    await again();
    expect(server.requests[0]).toMatchObject({ ifRange: '"old"' });
    expectWhole();
  });

  it("starts over where the server ignores ranges, has no name for its version, or sends another part", async () => {
    const ignoring: Answer = (_, response, n) => {
      response.writeHead(200, { "content-length": content.length, etag: '"one"' });
      if (n === 1)
        response.write(content.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 20));
      else response.end(content);
    };
    await fetchFrom(ignoring);
    expectWhole();

    place = folder.path(`download${count++}`, "file.bin");
    await server!.close();
    const nameless: Answer = (request, response, n) => {
      expect(request.headers.range).toBeUndefined();
      response.writeHead(200, { "content-length": content.length, etag: 'W/"weak"' });
      if (n === 1)
        response.write(content.subarray(0, 50_000), () => setTimeout(() => response.destroy(), 20));
      else response.end(content);
    };
    await fetchFrom(nameless);
    expectWhole();

    place = folder.path(`download${count++}`, "file.bin");
    await server!.close();
    const wrongPart: Answer = (request, response, n) => {
      if (n !== 2) return serveFile(content, { only: n === 1 ? 50_000 : undefined })(request, response);
      response.writeHead(206, { "content-range": `bytes 7-${content.length - 1}/${content.length}` });
      return response.end(content.subarray(7));
    };
    await fetchFrom(wrongPart);
    expectWhole();
  });

  it("that was complete but for its name is only verified", async () => {
    const good = serveFile(content);
    await fetchFrom((request, response, n) =>
      n < 6 ? response.writeHead(500).end() : good(request, response),
    ).catch(() => {});
    writeFileSync(`${place}.part`, content);
    await again({ sha256 });
    expect(server!.requests.at(-1)!.range).toBe(`bytes=${content.length}-`);
    expectWhole();
  });

  it.each<[string, Answer, Partial<RemoteFile>, RegExp]>([
    [
      "claims more bytes than come",
      (_, response) => {
        response.writeHead(200, { "content-length": 2 * content.length });
        response.write(content, () => setTimeout(() => response.destroy(), 20));
      },
      {},
      /not fetched: (the connection was cut|the connection ended at 300000 of 600000 bytes)/,
    ],
    [
      "claims fewer bytes than expected",
      serveFile(content.subarray(7)),
      { size: content.length },
      /the server has 299993 bytes, expected 300000: it is another file/,
    ],
    [
      "sends fewer bytes than expected, unannounced",
      (_, response) => {
        response.write(content.subarray(7));
        response.end();
      },
      { size: content.length },
      /it has 299993 bytes, expected 300000; it was thrown away/,
    ],
    [
      "has more bytes than such a file can have",
      serveFile(content),
      { most: 299_999 },
      /the server has 300000 bytes, 299999 at most were expected: it is another file/,
    ],
    [
      "sends more bytes than such a file can have, unannounced",
      (_, response) => {
        response.write(content);
        response.end(content);
      },
      { most: 400_000 },
      /more than 400000 bytes come; it was thrown away/,
    ],
    [
      "sends more bytes than expected, unannounced",
      (_, response) => {
        response.write(content);
        response.end(content);
      },
      { size: content.length },
      /more than 300000 bytes come; it was thrown away/,
    ],
    [
      "sends wrong bytes",
      serveFile(content.map((b) => b ^ 1)),
      { sha256 },
      /its SHA-256 is \w{64}, expected \w{64}; it was thrown/,
    ],
    [
      "sends a web page",
      (_, response) =>
        void response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>"),
      {},
      /a web page came instead of the file/,
    ],
    [
      "has no such file",
      (_, response) => void response.writeHead(404).end(),
      {},
      /answers 404: there is no such file/,
    ],
    [
      "wants a login",
      (_, response) => void response.writeHead(401).end(),
      {},
      /answers 401: it wants a login/,
    ],
    [
      "is in trouble",
      (_, response) => void response.writeHead(500).end(),
      {},
      /answers 500 \(it is in trouble\)/,
    ],
    [
      "asks for a long pause",
      (_, response) => void response.writeHead(429, { "retry-after": "3600" }).end(),
      {},
      /answers 429 \(too many requests\); it asks to wait 3600 seconds/,
    ],
    ["says nothing", () => {}, {}, /nothing came for 0\.3 seconds/],
    [
      "redirects in a circle",
      (request, response) =>
        void response.writeHead(302, { location: request.url === "/a" ? "/file.bin" : "/a" }).end(),
      {},
      /redirected in a circle/,
    ],
    [
      "redirects without end",
      (_, response, n) => void response.writeHead(302, { location: `/${n}` }).end(),
      {},
      /redirected more than 10 times/,
    ],
    [
      "redirects to a file of this machine",
      (_, response) => void response.writeHead(302, { location: "file:///etc/passwd" }).end(),
      {},
      /redirected to something that is no web address/,
    ],
    ["talks nonsense", (_, response) => void response.socket!.end("hello\r\n\r\n"), {}, /not fetched: /],
  ])("from a server that %s is refused in one line", async (_, answer, remote, message) => {
    const error = await messageOf(fetchFrom(answer, remote));
    expect(error).toMatch(message);
    expect(error).toContain(server!.url);
    expect(existsSync(place)).toBe(false);
  });

  it("waits as long as a server asks, and tries again", async () => {
    await fetchFrom((request, response, n) => {
      if (n === 1) response.writeHead(429, { "retry-after": "1" }).end();
      else serveFile(content)(request, response);
    });
    expectWhole();
  });

  it("goes on after a stall in the middle", async () => {
    await fetchFrom((request, response, n) => {
      if (n > 1) return serveFile(content)(request, response);
      response.writeHead(200, { "content-length": content.length, etag: '"one"' });
      response.write(content.subarray(0, 90_000));
    });
    expect(server!.requests[1].range).toBe("bytes=90000-");
    expectWhole();
  });

  it("is given up where bytes drip, with what has come kept; a slow but honest server is waited for", async () => {
    const drip: Answer = (request, response) => {
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const range = { "content-range": `bytes ${from}-${content.length - 1}/${content.length}` };
      response.writeHead(from > 0 ? 206 : 200, { etag: '"one"', ...(from > 0 && range) });
      const dripping = setInterval(() => response.write(Uint8Array.of(7)), 10);
      response.on("close", () => clearInterval(dripping));
    };
    expect(await messageOf(fetchFrom(drip, {}, { patience: 250 }))).toMatch(
      /not fetched: only \d+ bytes a second come, 1000 are the least; [1-9]\d* bytes are kept/,
    );
    expect(server!.requests).toHaveLength(5);
    await server!.close();
    place = folder.path(`download${count++}`, "file.bin");
    let sent = 0;
    const slow: Answer = (_, response) => {
      response.writeHead(200, { "content-length": 3000, etag: '"one"' });
      const sending = setInterval(() => {
        response.write(content.subarray(sent, (sent += 100)));
        if (sent < 3000) return;
        clearInterval(sending);
        response.end();
      }, 10);
    };
    await fetchFrom(slow, {}, { patience: 250 });
    expectWhole(content.subarray(0, 3000));
  });

  it("leaves no part that nothing could be added to", async () => {
    const breaking =
      (headers: Record<string, string>): Answer =>
      (_, response, n) => {
        if (n > 1) return response.writeHead(500).end();
        response.writeHead(200, { "content-length": content.length, ...headers });
        return response.write(content.subarray(0, 90_000), () => setTimeout(() => response.destroy(), 150));
      };
    const nameless = await messageOf(fetchFrom(breaking({ etag: 'W/"weak"' })));
    expect(nameless).toMatch(/answers 500/);
    expect(nameless).not.toMatch(/kept/);
    expect(names()).toEqual([]);
    await server!.close();
    // A sum would tell that the parts belong together.
    expect(await messageOf(fetchFrom(breaking({}), { sha256 }))).toMatch(/90000 bytes are kept/);
    expect(names()).toEqual(["file.bin.part", "file.bin.part.json"]);
  });

  it("follows redirects to another host", async () => {
    const other = await startServer(serveFile(content));
    await fetchFrom(
      (_, response) => void response.writeHead(302, { location: `${other.url}/elsewhere` }).end(),
    );
    expectWhole();
    expect(other.requests[0].path).toBe("/elsewhere");
    await other.close();
  });

  it("without a network names the host and another way", async () => {
    const dead = await startServer(() => {});
    await dead.close();
    const url = `${dead.url}/file.bin`;
    expect(await messageOf(download({ url }, place))).toBe(
      `file.bin was not fetched: cannot reach ${new URL(url).host}: it refuses connections; or fetch ${url} in another way and run "samsr models add FILE"`,
    );
    const unknown = "https://nobody.invalid/file.bin";
    expect(await messageOf(download({ url: unknown }, place))).toMatch(/cannot reach nobody\.invalid/);
  });

  it("stops when it is told to, and keeps what has come", async () => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const fetching = fetchFrom(
      (_, response) => {
        response.writeHead(200, { "content-length": content.length, etag: '"one"' });
        response.write(content.subarray(0, 90_000));
      },
      {},
      {
        signal: controller.signal,
        patience: 10_000,
        onProgress: ({ done }) => done > 0 && controller.abort(reason),
      },
    );
    await expect(fetching).rejects.toBe(reason);
    expect(names()).toEqual(["file.bin.part", "file.bin.part.json"]);
    expect(readFileSync(`${place}.part`).length).toBeGreaterThan(0);
  });

  it("that was whole before counts only while the server has the same version", async () => {
    const old = content.map((byte) => byte ^ 1);
    await fetchFrom(serveFile(old, { etag: '"old"' }));
    expectWhole(old);
    // The same version: asked for, and not fetched again.
    await again();
    expect(server!.requests.map(({ range }) => range)).toEqual([undefined, `bytes=${old.length}-`]);
    expectWhole(old);
    // Another version, in the same place and in another.
    const { url } = server!;
    await server!.close();
    server = await startServer(serveFile(content, { etag: '"new"' }));
    asIfItStayed(url);
    await again();
    expectWhole();
    await server.close();
    server = await startServer(serveFile(old, { etag: '"new"' }));
    await again();
    expectWhole(old);
    // Nobody knows where it comes from.
    rmSync(note());
    await again();
    expect(server.requests.at(-1)!.range).toBeUndefined();
    expectWhole(old);
  });

  it("with a sum is fetched anew when what was there has another", async () => {
    writeFileSync(folder.path(`download${count - 1}`, "file.bin"), content.subarray(7));
    await fetchFrom(serveFile(content), { sha256 });
    expect(server!.requests[0].range).toBeUndefined();
    expectWhole();
  });

  it.each<[string, Record<string, string>, Record<string, string>]>([
    ["another entity tag", { etag: '"one"' }, { etag: '"two"' }],
    ["no entity tag any more", { etag: '"one"' }, {}],
    ["another date", { "last-modified": DATES[0] }, { "last-modified": DATES[1] }],
    [
      "the same date and another tag",
      { etag: '"1"', "last-modified": DATES[0] },
      { etag: '"2"', "last-modified": DATES[0] },
    ],
  ])("starts over where a server goes on with another version, which has %s", async (_, before, after) => {
    const old = content.map((byte) => byte ^ 1);
    await fetchFrom((request, response, n) => {
      const [bytes, headers] = n === 1 ? [old, before] : [content, after];
      // It heeds no if-range.
      const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      const range = { "content-range": `bytes ${from}-${bytes.length - 1}/${bytes.length}` };
      response.writeHead(from > 0 ? 206 : 200, {
        ...{ "content-length": bytes.length - from, ...headers },
        ...(from > 0 && range),
      });
      if (n > 1) response.end(bytes.subarray(from));
      else response.write(bytes.subarray(0, 90_000), () => setTimeout(() => response.destroy(), 150));
    });
    expect(server!.requests.map(({ range }) => range)).toEqual([undefined, "bytes=90000-", undefined]);
    expectWhole();
  });

  it("starts over where a server goes on with a file of another length, under the same date", async () => {
    const longer = Buffer.concat([content, content]);
    const headers = { "last-modified": DATES[0] };
    await fetchFrom((request, response, n) => {
      if (n === 1) {
        response.writeHead(200, { "content-length": content.length, ...headers });
        response.write(content.subarray(0, 90_000), () => setTimeout(() => response.destroy(), 150));
      } else if (request.headers.range === undefined) response.writeHead(200, headers).end(longer);
      else {
        const range = `bytes 90000-${longer.length - 1}/${longer.length}`;
        response.writeHead(206, { ...headers, "content-range": range }).end(longer.subarray(90_000));
      }
    });
    expect(server!.requests).toHaveLength(3);
    expectWhole(longer);
  });

  it("follows no link that lies where it is to go", async () => {
    const victim = folder.path(`victim${count}`, "precious.txt");
    writeFileSync(victim, "precious");
    for (const ending of [".part", ".part.json"]) {
      place = folder.path(`download${count++}`, "file.bin");
      symlinkSync(victim, `${place}${ending}`);
      await server?.close();
      expect(await messageOf(fetchFrom(serveFile(content)))).toMatch(/cannot be written: it is a link/);
      expect(readFileSync(victim, "utf8")).toBe("precious");
    }
  });

  it("tells nobody what is in the query of an address, nor keeps it", async () => {
    server = await startServer((_, response, n) => {
      if (n > 1) response.writeHead(500).end();
      else {
        response.writeHead(200, { "content-length": content.length, etag: '"one"' });
        response.write(content.subarray(0, 90_000), () => setTimeout(() => response.destroy(), 150));
      }
    });
    const message = await messageOf(again({ url: `${server.url}/file.bin?token=secret` }));
    expect(server.requests[0].path).toBe("/file.bin?token=secret");
    expect(message).toContain(`${server.url}/file.bin in another way`);
    expect(message).not.toContain("secret");
    expect(readFileSync(note(), "utf8")).not.toContain("secret");
  });

  it("into a place that is a file, or is not there to be written, is an error of one line", async () => {
    const file = folder.path("a-file");
    writeFileSync(file, "");
    const into = (path: string) => messageOf(download({ url: `${server!.url}/x` }, path));
    server = await startServer(serveFile(content));
    expect(await into(`${file}/sub/file.bin`)).toMatch(
      /a-file\/sub\/file\.bin\.part cannot be written: .*SAMSR_HOME/,
    );
    expect(await into("/dev/null/file.bin")).toMatch(/SAMSR_HOME/);
  });
});

describe("a proxy", () => {
  const variables = ["HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"];
  const before = variables.map((name) => process.env[name]);
  afterEach(() => {
    for (const [i, name] of variables.entries()) {
      if (before[i] === undefined) delete process.env[name];
      else process.env[name] = before[i];
    }
  });

  it("in the environment is used, except for the hosts in NO_PROXY", async () => {
    const proxy = await startProxy();
    for (const name of variables) delete process.env[name];
    process.env.HTTP_PROXY = proxy.url;
    await fetchFrom(serveFile(content));
    expectWhole();
    expect(proxy.hosts).toEqual([new URL(server!.url).host]);
    place = folder.path(`download${count++}`, "file.bin");
    process.env.NO_PROXY = "127.0.0.1";
    await again();
    expectWhole();
    expect(proxy.hosts.length).toBe(1);
    await proxy.close();
  });

  it("that is not there, or is no address, is named", async () => {
    for (const name of variables) delete process.env[name];
    const dead = await startProxy();
    await dead.close();
    process.env.HTTP_PROXY = dead.url;
    expect(await messageOf(fetchFrom(serveFile(content)))).toMatch(
      /cannot reach 127\.0\.0\.1:\d+ \(a proxy is set\)/,
    );
    process.env.HTTP_PROXY = "not an address";
    expect(await messageOf(again())).toMatch(/HTTP_PROXY or HTTPS_PROXY is no address of a proxy/);
  });
});
