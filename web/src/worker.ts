/// <reference lib="webworker" />
/**
 * The service worker keeps the shell of the phone pages, nothing personal, and never an answer of an API.
 *
 * A new build has a new version: it is fetched whole, then replaces the old one at once, so that files of two builds
 * never mix. Pages are taken from the network first (a recalled build must be replaceable), the parts from the cache.
 */

export {};

declare const self: ServiceWorkerGlobalScope;
declare const SHELL_VERSION: string;
declare const SHELL_FILES: readonly string[];

const NAME = `shell-${SHELL_VERSION}`;
const PAGE_WAIT_MS = 2500;

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(SHELL_FILES)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (name: string) => name.startsWith("shell-") && name !== NAME;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

/** The page from the network, or the kept one when the network is slow, broken or answers with an error. */
async function page(request: Request, path: string): Promise<Response> {
  const kept = await caches.match(path);
  const slow = new Promise<never>((_, fail) => setTimeout(() => fail(new Error("slow")), kept ? PAGE_WAIT_MS : 60_000));
  try {
    const answer = await Promise.race([fetch(request), slow]);
    return answer.ok || !kept ? answer : kept;
  } catch {
    return kept ?? Response.error();
  }
}

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin) return;
  const path = url.pathname === "/v" || url.pathname === "/v/" ? "/" : url.pathname;
  if (!SHELL_FILES.includes(path)) return;
  if (request.mode === "navigate") event.respondWith(page(request, path));
  else event.respondWith(caches.match(path).then((kept) => kept ?? fetch(request)));
});
