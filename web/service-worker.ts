/**
 * Keeps the page for times without a network, and adds the headers that threads need where the host does not
 * send them. `build.ts` writes the list of files and its version in the place of the two names below.
 */
declare const PRECACHE: readonly string[];
declare const VERSION: string;

/** The service worker's own scope, as far as it is used; the library of types for pages lacks it. */
interface Scope {
  addEventListener(type: "install" | "activate", listener: (event: Extendable) => void): void;
  addEventListener(type: "fetch", listener: (event: Fetching) => void): void;
  skipWaiting(): Promise<void>;
  readonly clients: { claim(): Promise<void> };
  readonly location: Location;
}
interface Extendable {
  waitUntil(work: Promise<unknown>): void;
}
interface Fetching extends Extendable {
  readonly request: Request;
  respondWith(response: Promise<Response>): void;
}

const scope = self as unknown as Scope;
const name = `samsr ${VERSION}`;

scope.addEventListener("install", (event) => {
  const keep = async () => {
    const cache = await caches.open(name);
    // Each by itself: one that fails is fetched when it is asked for.
    await Promise.all(
      PRECACHE.map((path) => cache.add(new Request(path, { cache: "no-cache" })).catch(() => {})),
    );
    await scope.skipWaiting();
  };
  event.waitUntil(keep());
});

scope.addEventListener("activate", (event) => {
  const clean = async () => {
    for (const other of await caches.keys())
      if (other !== name && other.startsWith("samsr ")) await caches.delete(other);
    await scope.clients.claim();
  };
  event.waitUntil(clean());
});

scope.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== scope.location.origin) return;
  event.respondWith(answer(event));
});

/** What is kept, or else what the host sends. A browser that can keep nothing, or no more, serves all the same. */
async function answer(event: Fetching): Promise<Response> {
  const { request } = event;
  const cache = await caches.open(name).catch(() => undefined);
  const options = { ignoreSearch: true, ignoreVary: true };
  const kept = await cache?.match(request, options).catch(() => undefined);
  if (kept) return isolated(kept);
  const response = await fetch(request);
  if (cache && response.status === 200) {
    event.waitUntil(cache.put(request, response.clone()).catch(() => {}));
  }
  return isolated(response);
}

/** The same answer with the headers under which threads may share memory. */
function isolated(response: Response): Response {
  if (response.type === "opaque" || response.status === 0) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  headers.set("Cross-Origin-Resource-Policy", "same-origin");
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
