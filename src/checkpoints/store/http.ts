/**
 * One GET, as downloads need it: through the proxy that the environment names, redirects followed by hand,
 * and given up when nothing has come for a while. What went wrong becomes a `NetworkError` that says whether
 * another try makes sense.
 */
import type { Dispatcher } from "undici";
import { SamsrError } from "../../base/errors.js";
import { shownAddress } from "./address.js";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /**
   * The answer's bytes, to be read once; leaving the loop early hangs up. Throws a NetworkError when the
   * connection breaks.
   */
  readonly body: AsyncIterable<Uint8Array>;
  /** Hangs up. To be called when the body is not wanted. */
  close(): void;
}

/** What a later try, or another network, may mend. */
export class NetworkError extends Error {
  constructor(
    message: string,
    readonly details: {
      /** The host could not be reached at all: trying again at once will not help. */
      readonly unreachable?: boolean;
      /** Seconds that the server asks us to wait. */
      readonly retryAfter?: number;
      /** Bytes came, and so slowly that they count for nothing. */
      readonly slow?: boolean;
    } = {},
  ) {
    super(message);
  }
}

const MOST_REDIRECTS = 10;
/** Bytes a second: less than the slowest network brings, and more than a server that means to hold us. */
const LEAST_RATE = 1000;
/** The rate is taken over so many times the patience. */
const RATE_WINDOW = 2;

/**
 * Asks for a page or file by one GET, through proxy and redirects.
 * @param options.patience milliseconds without a byte, connecting included, after which to give up
 * @throws {NetworkError} when the server cannot be reached or says nothing, or its bytes drip
 * @throws {SamsrError} for redirects that lead nowhere; the signal's reason
 */
export async function get(
  url: string,
  headers: Readonly<Record<string, string>>,
  options: { readonly patience: number; readonly signal?: AbortSignal },
): Promise<Answer> {
  // Large, so it is loaded here: most who reach the store fetch nothing.
  const { EnvHttpProxyAgent, request } = await import("undici");
  const watch = watchdog(options);
  const dispatcher = proxyAgent(() => new EnvHttpProxyAgent());
  const close = () => {
    watch.stop();
    void dispatcher.close().catch(() => {});
  };
  try {
    const visited = new Set<string>();
    for (let at = new URL(url); ; ) {
      if (visited.has(at.href))
        throw new SamsrError(`${shownAddress(url)}: redirected in a circle, at ${at.host}`);
      if (visited.size > MOST_REDIRECTS)
        throw new SamsrError(`${shownAddress(url)}: redirected more than ${MOST_REDIRECTS} times`);
      visited.add(at.href);
      const response = await request(at, {
        headers,
        dispatcher,
        signal: watch.signal,
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      watch.alive();
      // Nobody may be listening any more when we hang up.
      response.body.on("error", () => {});
      const status = response.statusCode;
      const fields = plainHeaders(response.headers);
      const { location } = fields;
      if ([301, 302, 303, 307, 308].includes(status) && location !== undefined) {
        await response.body.dump().catch(() => {});
        at = redirected(at, location, url);
        continue;
      }
      return { status, headers: fields, body: readBody(response.body, at, watch, close), close };
    }
  } catch (error) {
    close();
    throw watch.reason() ?? (error instanceof SamsrError ? error : networkError(error, new URL(url)));
  }
}

async function* readBody(
  body: AsyncIterable<Uint8Array>,
  url: URL,
  watch: Watchdog,
  close: () => void,
): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of body) {
      watch.alive(chunk.length);
      yield chunk;
    }
  } catch (error) {
    throw watch.reason() ?? networkError(error, url);
  } finally {
    close();
  }
}

interface Watchdog {
  readonly signal: AbortSignal;
  /** Notes that something has come: so many bytes of the body. */
  alive(bytes?: number): void;
  /** Hangs up, if there is something to hang up still. */
  stop(): void;
  /** Tells why the work was given up before its end, if it was. */
  reason(): unknown;
}

function watchdog({ patience, signal }: { patience: number; signal?: AbortSignal }): Watchdog {
  signal?.throwIfAborted();
  const controller = new AbortController();
  const seconds = Math.round(patience / 100) / 10;
  let reason: unknown;
  const giveUp = (why: unknown) => {
    reason = why;
    controller.abort();
  };
  const timer = setTimeout(() => giveUp(new NetworkError(`nothing came for ${seconds} seconds`)), patience);
  const abort = () => giveUp(signal!.reason);
  signal?.addEventListener("abort", abort, { once: true });
  let came = 0;
  let pace: NodeJS.Timeout | undefined;
  const least = (LEAST_RATE * RATE_WINDOW * patience) / 1000;
  const demandPace = () => {
    if (came < least) {
      const rate = Math.round((1000 * came) / (RATE_WINDOW * patience));
      giveUp(
        new NetworkError(`only ${rate} bytes a second come, ${LEAST_RATE} are the least`, { slow: true }),
      );
    }
    came = 0;
  };
  return {
    signal: controller.signal,
    alive(bytes = 0) {
      timer.refresh();
      came += bytes;
      if (bytes > 0) pace ??= setInterval(demandPace, RATE_WINDOW * patience);
    },
    stop() {
      clearTimeout(timer);
      clearInterval(pace);
      signal?.removeEventListener("abort", abort);
      controller.abort();
    },
    reason: () => reason,
  };
}

/** Reads HTTPS_PROXY, HTTP_PROXY and NO_PROXY, in either case of letters. */
function proxyAgent(make: () => Dispatcher): Dispatcher {
  const { emitWarning } = process;
  // Its warning that it is experimental would stand between our lines.
  process.emitWarning = () => {};
  try {
    return make();
  } catch (cause) {
    throw new SamsrError(
      `HTTP_PROXY or HTTPS_PROXY is no address of a proxy (${(cause as Error).message}); expected ` +
        "http://HOST:PORT",
      { cause },
    );
  } finally {
    process.emitWarning = emitWarning;
  }
}

function redirected(from: URL, location: string, url: string): URL {
  const to = URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (!to || !/^https?:$/.test(to.protocol)) {
    throw new SamsrError(`${shownAddress(url)}: redirected to something that is no web address`);
  }
  if (to.username !== "" || to.password !== "") {
    throw new SamsrError(`${shownAddress(url)}: redirected to an address with a user name or password`);
  }
  if (from.protocol === "https:" && to.protocol === "http:") {
    throw new SamsrError(
      `${shownAddress(url)}: redirected from https to http at ${to.host}, where anybody could ` +
        "change the file",
    );
  }
  return to;
}

function plainHeaders(
  headers: Record<string, string | string[] | undefined>,
): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([key, value]) => [key, Array.isArray(value) ? value[0] : value]),
  );
}

const unreachable: Record<string, string> = {
  ENOTFOUND: "its name is not known here",
  EAI_AGAIN: "its name is not known here",
  ECONNREFUSED: "it refuses connections",
  ENETUNREACH: "there is no network",
  EHOSTUNREACH: "there is no way to it",
  ETIMEDOUT: "it does not answer",
  UND_ERR_CONNECT_TIMEOUT: "it does not answer",
};

const broken: Record<string, string> = {
  ECONNRESET: "the connection was cut",
  EPIPE: "the connection was cut",
  UND_ERR_SOCKET: "the connection was cut",
};

function networkError(error: unknown, { protocol, host }: URL): NetworkError {
  const { code = "", message } = error as NodeJS.ErrnoException;
  const proxy =
    process.env[`${protocol.slice(0, -1)}_proxy`] ??
    process.env[`${protocol.slice(0, -1).toUpperCase()}_PROXY`];
  const by = proxy ? " (a proxy is set)" : "";
  if (/CERT|TLS|SSL|SIGNATURE/.test(code)) {
    const hint = "if your network has a certificate of its own, name its file in NODE_EXTRA_CA_CERTS";
    return new NetworkError(`the certificate of ${host} is not trusted (${code}); ${hint}`, {
      unreachable: true,
    });
  }
  if (code in unreachable)
    return new NetworkError(`cannot reach ${host}${by}: ${unreachable[code]}`, { unreachable: true });
  if (/HTTP Tunneling|Proxy/.test(message)) {
    return new NetworkError(`the proxy refuses to connect to ${host}: ${message}`, { unreachable: true });
  }
  return new NetworkError(`${broken[code] ?? message}${by}`);
}
