/**
 * Downloads that survive bad networks: what has come stays in `FILE.part` and the next try, in this run or a
 * later one, asks for the rest of the same version (Range with If-Range, RFC 9110). The file gets its name
 * only when its size and its SHA-256, where these are known, are right.
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat, statfs } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SamsrError } from "../../base/errors.js";
import { addressDigest, shownAddress } from "./address.js";
import { type Answer, get, NetworkError } from "./http.js";
import { type Origin, openPartial, type PartialFile } from "./partial.js";

export interface RemoteFile {
  readonly url: string;
  /** The size of the whole file in bytes, where it is known. */
  readonly size?: number;
  /** The hash of the file in hexadecimal digits, where it is known; or only the first of them. */
  readonly sha256?: string;
  /** Bytes beyond which it cannot be the file, where the size is not known; default 16e9. */
  readonly most?: number;
}

export interface DownloadOptions {
  readonly signal?: AbortSignal;
  /** `total` is left out while nobody has said it. */
  readonly onProgress?: (progress: { stage: "fetch" | "verify"; done: number; total?: number }) => void;
  /** Milliseconds without a byte after which a connection is given up; default 30 s. */
  readonly patience?: number;
  /** Milliseconds before the second try, doubled for each further one; default 1 s. */
  readonly pause?: number;
  /** The command that takes a file which was fetched in another way; default "samsr models add FILE". */
  readonly adds?: string;
}

const ADDS = "samsr models add FILE";

/** How many tries in a row may bring nothing new before a download is given up. */
const VAIN_TRIES = 5;
const MOST_TRIES = 200;
/** A server may ask us to wait this long, in seconds. */
const LONGEST_WAIT = 60;
/** What is larger is not what we ask for, in bytes. */
const LARGEST = 16e9;

/**
 * Fetches a file, or what is missing of it. One that is there already counts when its SHA-256 is right, or
 * when the server says that it is still the same version; so `discardDownload` is due when it is put away.
 * What has come of a file whose version has no name, and whose sum is not known, goes when the work ends
 * before its end, since nothing could be added to it.
 * Only one at a time may fetch to a path, which `whileLocked` sees to.
 * @param path its final name; its folder is made
 * @throws {SamsrError} of one line: no network, no such file, another file than the one expected, no space;
 * what has come is kept when a later try could go on with it. The signal's reason, likewise.
 */
export async function download(
  remote: RemoteFile,
  path: string,
  options: DownloadOptions = {},
): Promise<void> {
  const { size, sha256 } = remote;
  const url = shownAddress(remote.url);
  const file = await openPartial(path);
  try {
    if (file.finishedBefore && sha256 !== undefined) {
      if ((size ?? file.size()) === file.size() && (await hashOf(file.path, options)).startsWith(sha256)) {
        return await file.finish();
      }
      await file.restart();
    }
    await fetchAll(remote, file, options);
    if (size !== undefined && file.size() !== size) {
      await refuse(file, `${url}: it has ${file.size()} bytes, expected ${size}`);
    }
    if (sha256 !== undefined) {
      const found = await hashOf(file.path, options);
      if (!found.startsWith(sha256))
        await refuse(file, `${url}: its SHA-256 is ${found}, expected ${sha256}`);
    }
    options.signal?.throwIfAborted();
    await file.finish();
  } catch (error) {
    if (!canGoOn(remote, file)) await file.discard().catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

async function refuse(file: PartialFile, message: string): Promise<never> {
  await file.discard();
  throw new SamsrError(`${message}; it was thrown away, try again or fetch it from somewhere else (--from)`);
}

async function hashOf(path: string, { onProgress, signal }: DownloadOptions): Promise<string> {
  const { size: total } = await stat(path);
  const hash = createHash("sha256");
  let done = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20, signal })) {
    hash.update(chunk);
    onProgress?.({ stage: "verify", done: (done += chunk.length), total });
  }
  return hash.digest("hex");
}

/** Tries again until all is there. */
async function fetchAll(remote: RemoteFile, file: PartialFile, options: DownloadOptions): Promise<void> {
  const { signal, pause = 1000 } = options;
  const atFirst = file.size();
  let most = atFirst;
  let vain = 0;
  for (let tries = 1; ; tries++) {
    try {
      return await fetchRest(remote, file, options);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof NetworkError)) throw error;
      const { unreachable, slow, retryAfter = 0 } = error.details;
      vain = file.size() > most && !slow ? 1 : vain + 1;
      most = Math.max(most, file.size());
      const hopeless = unreachable && most === atFirst;
      if (hopeless || vain >= VAIN_TRIES || tries >= MOST_TRIES || retryAfter > LONGEST_WAIT) {
        throw givenUp(remote, file, error, options.adds);
      }
      await sleep(Math.max(retryAfter * 1000, pause * 2 ** (vain - 1)), undefined, { signal });
    }
  }
}

function givenUp(remote: RemoteFile, file: PartialFile, error: NetworkError, adds = ADDS): SamsrError {
  const { url } = remote;
  const { retryAfter } = error.details;
  const wait = retryAfter === undefined ? "" : `; it asks to wait ${retryAfter} seconds`;
  const kept =
    file.size() > 0 && canGoOn(remote, file)
      ? `; ${file.size()} bytes are kept, and the same command goes on from there`
      : "";
  return new SamsrError(
    `${basename(new URL(url).pathname)} was not fetched: ${error.message}${wait}${kept}; or fetch ` +
      `${shownAddress(url)} in another way and run "${adds}"`,
    { cause: error },
  );
}

/** Tries once: asks for what is missing, and appends what comes. */
async function fetchRest(remote: RemoteFile, file: PartialFile, options: DownloadOptions): Promise<void> {
  const { url, size, most = LARGEST } = remote;
  const { signal, onProgress, patience = 30_000 } = options;
  const { headers, offset } = rangeOf(remote, file);
  const answer = await get(
    url,
    { "user-agent": "samsr", "accept-encoding": "identity", ...headers },
    { patience, signal },
  );
  try {
    const total = await settleStart(answer, offset, remote, file, options.adds);
    if (total === file.size()) return;
    await checkSpace(file, total);
    const limit = total ?? size ?? most;
    onProgress?.({ stage: "fetch", done: file.size(), total });
    for await (const chunk of answer.body) {
      if (file.size() + chunk.length > limit)
        await refuse(file, `${shownAddress(url)}: more than ${limit} bytes come`);
      await file.append(chunk);
      onProgress?.({ stage: "fetch", done: file.size(), total });
    }
    if (total !== undefined && file.size() < total) {
      throw new NetworkError(`the connection ended at ${file.size()} of ${total} bytes`);
    }
  } finally {
    answer.close();
  }
}

/** Returns the headers that ask for the rest, where the rest can be known to belong to what is there. */
function rangeOf(remote: RemoteFile, file: PartialFile) {
  const offset = file.size();
  if (offset === 0 || !canGoOn(remote, file)) return { offset: 0, headers: {} };
  const validator = validatorOf(remote, file);
  const condition = validator === undefined ? undefined : { "if-range": validator };
  return { offset, headers: { range: `bytes=${offset}-`, ...condition } };
}

/**
 * Tells whether a later try can add to what is there: without a name for its version, only the hash can tell
 * that the parts belong together.
 */
function canGoOn(remote: RemoteFile, file: PartialFile): boolean {
  return remote.sha256 !== undefined || validatorOf(remote, file) !== undefined;
}

/** Returns what the server called the version that is there, such that it may be asked to go on with it. */
function validatorOf({ url }: RemoteFile, file: PartialFile): string | undefined {
  const origin = originAt(url, file);
  const strong = origin?.etag?.startsWith("W/") ? undefined : origin?.etag;
  return strong ?? origin?.lastModified;
}

/** Tells where what is there comes from, if that is the address. */
function originAt(url: string, file: PartialFile): Origin | undefined {
  const origin = file.origin();
  return origin?.address === addressDigest(url) ? origin : undefined;
}

/**
 * Reads status and headers, and cuts the file to where the answer begins.
 * @returns the size of the whole file, where the server says it
 */
async function settleStart(
  { status, headers }: Answer,
  offset: number,
  { url, size, sha256, most = LARGEST }: RemoteFile,
  file: PartialFile,
  adds?: string,
): Promise<number | undefined> {
  const expect = (total: number | undefined) => {
    if (total !== undefined && size === undefined && total > most) {
      throw new SamsrError(
        `${shownAddress(url)}: the server has ${total} bytes, ${most} at most were expected: it is ` +
          "another file",
      );
    }
    if (total !== undefined && size !== undefined && total !== size) {
      throw new SamsrError(
        `${shownAddress(url)}: the server has ${total} bytes, expected ${size}: it is another file`,
      );
    }
    return total;
  };
  const version = { address: addressDigest(url), etag: headers.etag, lastModified: headers["last-modified"] };
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers["content-range"] ?? "");
  const whole = range && range[2] !== "*" ? Number(range[2]) : undefined;
  if (status === 206 || status === 416) {
    const fits = status === 206 ? offset > 0 && Number(range?.[1]) === offset : whole === offset;
    const before = originAt(url, file);
    const nameless = status === 206 && sha256 === undefined && version.etag === undefined;
    const same = !before || isSameVersion(before, { ...version, length: whole });
    if (fits && same && !(nameless && before?.etag !== undefined)) return expect(whole);
    await file.restart({ ...version, length: whole });
    throw new NetworkError(
      `the server sent ${fits ? "a part of another version" : "another part than the one asked for"}`,
    );
  }
  if (status === 200) {
    if (/^text\/html/i.test(headers["content-type"] ?? "")) {
      throw new SamsrError(
        `${shownAddress(url)}: a web page came instead of the file; is there a login in between?`,
      );
    }
    const length = headers["content-length"];
    const total = expect(length === undefined ? undefined : Number(length));
    await file.restart({ ...version, length: total });
    return total;
  }
  throw refusal(status, headers["retry-after"], url, adds);
}

/** Tells whether nothing that both say speaks against it. A server may ignore what `if-range` asks. */
function isSameVersion(before: Origin, now: Origin): boolean {
  const opaque = ({ etag }: Origin) => etag?.replace(/^W\//, "");
  const pairs = [
    [opaque(before), opaque(now)],
    [before.lastModified, now.lastModified],
    [before.length, now.length],
  ];
  return pairs.every(([a, b]) => a === undefined || b === undefined || a === b);
}

function refusal(status: number, retryAfter: string | undefined, url: string, adds = ADDS): Error {
  const { host } = new URL(url);
  if (status === 429 || status === 408 || status >= 500) {
    const seconds = retryAfter === undefined ? Number.NaN : Number(retryAfter);
    const meaning = status === 429 ? "too many requests" : "it is in trouble";
    return new NetworkError(
      `${host} answers ${status} (${meaning})`,
      Number.isNaN(seconds) ? {} : { retryAfter: seconds },
    );
  }
  const meanings: Record<number, string> = {
    401: "it wants a login",
    403: "it refuses",
    404: "there is no such file",
    410: "the file is gone",
  };
  const meaning = meanings[status] ?? "not what a file is answered with";
  return new SamsrError(
    `${shownAddress(url)}: the server answers ${status}: ${meaning}; fetch the file from somewhere ` +
      `else (--from) or run "${adds}"`,
  );
}

async function checkSpace(file: PartialFile, total: number | undefined): Promise<void> {
  if (total === undefined) return;
  const folder = dirname(file.path);
  const facts = await statfs(folder).catch(() => undefined);
  const free = facts && facts.bavail * facts.bsize;
  const needed = total - file.size();
  if (free !== undefined && free < needed) {
    const megabytes = (bytes: number) => Math.ceil(bytes / 1e6);
    throw new SamsrError(
      `${folder}: ${megabytes(needed)} MB are needed and ${megabytes(free)} MB are free; ` +
        "SAMSR_HOME names another place for models",
    );
  }
}
