// Lets the pages' own requests meet a server that is down, and prints what it saw, as JSON. `node test/retries.mjs`.
import { build } from "esbuild";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const out = await build({ entryPoints: [join(web, "src/http.ts")], bundle: true, format: "esm", write: false, logLevel: "warning" });

const seen = { requests: 0, waits: [] };
let status = 503;
globalThis.location = { search: "" };
globalThis.document = { documentElement: { toggleAttribute() {}, removeAttribute() {}, setAttribute() {} } };
if (!globalThis.navigator) globalThis.navigator = { languages: ["zh"] };
globalThis.localStorage = { getItem: () => null, setItem: () => undefined, removeItem: () => undefined };
globalThis.fetch = async () => {
  seen.requests += 1;
  const headers = { "content-type": "application/problem+json", ...(status === 503 ? { "retry-after": "5" } : {}) };
  return new Response(JSON.stringify(status === 503 ? { code: "overloaded" } : {}), { status, headers });
};
const later = globalThis.setTimeout;
globalThis.setTimeout = (act, ms) => {
  if (ms === 10_000) return later(act, ms); // a request's own limit
  seen.waits.push(ms);
  return later(act, 0);
};

const { askAgain } = await import(`data:text/javascript;base64,${Buffer.from(out.outputFiles[0].contents).toString("base64")}`);
const told = {};
async function asking(name, times, attempts) {
  seen.requests = 0;
  seen.waits = [];
  for (let i = 0; i < times; i += 1) await askAgain("/v1/state", {}, attempts).catch(() => undefined);
  told[name] = { requests: seen.requests, waits: seen.waits };
}

await asking("down", 100, 3);
status = 200;
await asking("well", 50, 3);
status = 503;
await asking("down again", 100, 3);
console.log(JSON.stringify(told));
process.exit(0);
