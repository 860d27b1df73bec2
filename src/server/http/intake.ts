/**
 * Takes in what a request brings: pictures go to files as they come, and what cannot be taken is refused as
 * soon as that is known, most of it before the rest has come.
 */
import { createHash } from "node:crypto";
import { open, rm } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import type { Readable } from "node:stream";
import { SamsrError } from "../../base/errors.js";
import { printable } from "../../base/printable.js";
import { claimedSize } from "../../image/claimed-size.js";
import { readableFormat } from "../../image/decode.js";
import { defaultLimits } from "../../image/limits.js";
import { Problem } from "../problem.js";
import type { ServeSettings } from "../settings.js";

type IntakeLimits = Pick<ServeSettings, "bodyLimit" | "stallSeconds" | "pixelLimit" | "sideLimit">;

/** A picture that has come in whole. */
export interface Received {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly pixels?: number;
}

/** How many bytes of a file tell what it is, and of most JPEGs its size, behind profile and EXIF. */
const [TELLS_FORMAT, TELLS_SIZE] = [4096, 2 ** 17];

const LONGEST_NAME = 200;

const gone = () => new Problem(400, "the request ended before all of it had come");

/**
 * Refuses by its header fields alone what would be refused later.
 * @throws Problem 411, 413, 415
 */
export function checkHeaders(request: IncomingMessage, mostBytes: number): void {
  const { headers } = request;
  const encoding = headers["content-encoding"] ?? "identity";
  if (encoding !== "identity") {
    throw new Problem(415, `the body is encoded by ${encoding}; send the picture as it is`);
  }
  const type = headers["content-type"] ?? "";
  if (/^(text\/|application\/(json|xml|javascript)\b|multipart\/(?!form-data\b))/i.test(type)) {
    throw new Problem(
      415,
      `${type} is no type of a picture; send image/png or another, or multipart/form-data`,
    );
  }
  const length = headers["content-length"];
  if (length !== undefined && Number(length) > mostBytes) throw tooLarge(mostBytes);
}

function tooLarge(mostBytes: number): Problem {
  return new Problem(
    413,
    `the body is larger than ${Math.floor(mostBytes / 2 ** 20)} MiB, the most that is taken`,
  );
}

/** Returns what a client calls a picture, fit for a line; never a path. */
export function shownName(name: string | undefined): string {
  const last = (name ?? "").split(/[/\\]/).at(-1) ?? "";
  const shown = printable(last.replace(/\s+/g, " ")).trim().slice(0, LONGEST_NAME);
  return shown === "" ? "the picture" : shown;
}

/**
 * Writes one picture to a file while it comes.
 * @throws Problem 413 for too many bytes or pixels, 415 for what is no picture, 422 for an empty one, 408 for
 * a sender that pauses too long; then there is no file
 */
export async function receive(
  body: Readable,
  { path, name, limits }: { path: string; name: string; limits: IntakeLimits },
): Promise<Received> {
  const mostBytes = limits.bodyLimit * 2 ** 20;
  const hash = createHash("sha256");
  const head: Uint8Array[] = [];
  let bytes = 0;
  let known: { pixels?: number } | undefined;
  const stall = createStall(limits.stallSeconds);
  const file = await open(path, "wx", 0o600);
  // A form's parser waits for the rest of a file that was refused, so its stream stays open; so does one
  // that is answered still.
  const chunks = body.iterator({ destroyOnReturn: false }) as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const { value: chunk, done } = await stall.unless(chunks.next());
      if (done) break;
      bytes += chunk.length;
      if (bytes > mostBytes) throw tooLarge(mostBytes);
      if (!known) {
        head.push(chunk);
        if (bytes >= TELLS_FORMAT) known = look(head, name, limits, bytes >= TELLS_SIZE);
      }
      hash.update(chunk);
      await file.writeFile(chunk);
    }
    const { pixels } = known ?? look(head, name, limits, true)!;
    return { path, name, bytes, sha256: hash.digest("hex"), ...(pixels !== undefined && { pixels }) };
  } catch (error) {
    await rm(path, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ECONNRESET" || code === "ERR_STREAM_PREMATURE_CLOSE") throw gone();
    throw error;
  } finally {
    stall.end();
    // Else what is left would wait for this reader. One that still waits for a piece never ends, nor is it
    // waited for.
    void chunks.return?.();
    await file.close();
  }
}

/** Creates a waiting that ends when it takes too long. */
function createStall(seconds: number) {
  let late = (_: Problem) => {};
  const clock = setTimeout(() => {
    late(new Problem(408, `nothing came for ${seconds} s; send the picture again`));
  }, seconds * 1000);
  return {
    unless<T>(work: Promise<T>): Promise<T> {
      clock.refresh();
      return new Promise((resolve, reject) => {
        late = reject;
        work.then(resolve, reject);
      });
    },
    end: () => clearTimeout(clock),
  };
}

/**
 * Looks at what has come of a file by now.
 * @param all there is no more, or enough: what is not known now is not looked for
 */
function look(
  head: readonly Uint8Array[],
  name: string,
  limits: IntakeLimits,
  all: boolean,
): { pixels?: number } | undefined {
  const bytes = Buffer.concat(head);
  let size: ReturnType<typeof claimedSize>;
  try {
    size = claimedSize(readableFormat(bytes, name), bytes);
  } catch (error) {
    if (error instanceof SamsrError) throw new Problem(bytes.length === 0 ? 422 : 415, error.message);
    throw error;
  }
  if (size === undefined) return all ? {} : undefined;
  const { width, height } = size;
  const { pixelLimit, sideLimit = defaultLimits.sideLimit } = limits;
  if (width * height > pixelLimit || Math.max(width, height) > sideLimit) {
    const most = `${pixelLimit} pixels and ${sideLimit} a side are the most`;
    throw new Problem(413, `${name} has ${width} x ${height} pixels; ${most}; make it smaller.`);
  }
  return { pixels: width * height };
}

/** What a form brought. */
interface Form {
  readonly fields: readonly (readonly [name: string, text: string])[];
  /** Pictures, and those that were refused, in their order. */
  readonly files: readonly (Received | { readonly name: string; readonly refused: Problem })[];
}

/**
 * Takes in a form of type multipart/form-data.
 * @param most files that it may have
 * @param path of the next file
 * @param patient goes on when a picture is refused; else that is thrown
 * @throws Problem 400 for a broken form, 413 for too many parts, and what {@link receive} throws
 */
export async function receiveForm(
  request: IncomingMessage,
  options: { most: number; path: () => string; patient: boolean; limits: IntakeLimits },
): Promise<Form> {
  const { Busboy } = await import("@fastify/busboy");
  const { most, path, patient, limits } = options;
  const fields: [string, string][] = [];
  const files: Promise<Form["files"][number]>[] = [];
  const streams = new Set<Readable>();
  try {
    await new Promise<void>((resolve, reject) => {
      const parser = new Busboy({
        headers: request.headers as { "content-type": string },
        limits: { files: most, fields: 100, fieldNameSize: 100, fieldSize: 1000, headerPairs: 50 },
      });
      const fail = (error: Error) => {
        request.unpipe(parser);
        for (const stream of streams) stream.destroy(error);
        reject(error);
      };
      const cut = () => (request.complete ? undefined : fail(gone()));
      const over = (what: string) => () => fail(new Problem(413, `the form has more than ${what}`));
      request.once("close", cut);
      request.on("error", () => fail(gone()));
      parser.on("field", (name, text, nameCut, textCut) => {
        if (nameCut || textCut) fail(new Problem(413, `the form's field ${shownName(name)} is too long`));
        else fields.push([name, text]);
      });
      parser.on("file", (_, stream, filename) => {
        const name = shownName(filename);
        streams.add(stream as Readable);
        // Whoever reads it hears of it there; one that is read already must not bring down the server.
        stream.on("error", () => {});
        const received = receive(stream as Readable, { path: path(), name, limits }).catch((error) => {
          if (!(error instanceof Problem) || !patient || error.status === 400 || error.status === 408) {
            fail(error);
            throw error;
          }
          stream.resume();
          return { name, refused: error };
        });
        received.catch(() => {}).finally(() => streams.delete(stream as Readable));
        files.push(received);
      });
      parser.on("filesLimit", over(`${most} files`));
      parser.on("fieldsLimit", over("100 fields"));
      parser.on("error", (error) => {
        const line = error instanceof Error ? error.message : String(error);
        fail(new Problem(400, `the form is broken (${printable(line).slice(0, 200)})`));
      });
      parser.on("finish", () => {
        request.off("close", cut);
        resolve();
      });
      request.pipe(parser);
    });
    return { fields, files: await Promise.all(files) };
  } catch (error) {
    // What had come in whole goes too.
    for (const file of await Promise.allSettled(files)) {
      if (file.status === "fulfilled" && "path" in file.value) await rm(file.value.path, { force: true });
    }
    throw error instanceof SamsrError ? error : asBroken(error);
  }
}

/** Makes a refusal of what the parser throws at once for a form whose header is wrong. */
function asBroken(error: unknown): unknown {
  const known = error instanceof Error && /boundary|content-type|multipart|form/i.test(error.message);
  return known ? new Problem(400, `the form is broken (${(error as Error).message})`) : error;
}
