// Reads spec/vectors with the code of the phone pages (and test/sealed.ts, for what edges alone can open) and prints, as
// JSON, what each vector came to: the second implementation of every format. `node test/vectors.mjs`, from web/.
import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const entry = `
  export { passOpen, passShow } from "./src/codes/pass";
  export { paperOpen } from "./src/codes/paper";
  export { venueOpen } from "./src/codes/venue";
  export { Bundle, answerRead, cardOpen, headOpen, partsCheck } from "./src/codes/bundle";
  export { Refusal } from "./src/codes/refusal";
  export { liveOpen, sessionOpen, sealOpen } from "./test/sealed";
  export { hex, unhex } from "./src/codes/cose";
`;
const out = await build({ stdin: { contents: entry, resolveDir: web, loader: "ts" }, bundle: true, format: "esm", write: false, logLevel: "warning" });
const codes = await import(`data:text/javascript;base64,${Buffer.from(out.outputFiles[0].contents).toString("base64")}`);

/** A whole answer as a device reads it; the claim says what the vectors say. */
async function bundleOpen(trusted, one) {
  const answer = codes.answerRead(codes.unhex(one.text));
  const head = await codes.headOpen(trusted, answer.head, one.region);
  await codes.partsCheck(head, answer.parts);
  const card = await codes.cardOpen(trusted, answer.card, one.region);
  const bundle = new codes.Bundle(head, answer.parts);
  return { number: head.number, made: head.made, venue: card.venue, medical: card.medical, recalled: bundle.recalled(codes.unhex(one.handle)) };
}

/** A poster as a phone reads it, then the seal of a screen as an edge does. */
async function venueOpen(trusted, one) {
  const { sealed, ...claim } = await codes.venueOpen(trusted, one.text, one.region, one.hosts);
  return { ...claim, kind: sealed ? "rotating" : "static", minute: sealed ? await codes.sealOpen(one, one.text) : null };
}

const read = {
  pass: (trusted, one) => codes.passOpen(trusted, one.text, one.region, one.now_s),
  paper: (trusted, one) => codes.paperOpen(trusted, one.text, one.region, one.now),
  bundle: bundleOpen,
  venue: venueOpen,
  live: (_trusted, one) => codes.liveOpen(one, one.text),
  session: (_trusted, one) => codes.sessionOpen(one, one.text),
};

function plain(value) {
  if (value instanceof Uint8Array) return codes.hex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  return value;
}

const told = {};
for (const [name, open] of Object.entries(read)) {
  const file = JSON.parse(await readFile(join(web, "../spec/vectors", `${name}.json`), "utf8"));
  told[name] = {};
  for (const vector of file.vectors) {
    const one = { ...file.context, ...vector };
    const trusted = new Map(Object.entries(one.keys ?? {}).map(([kid, key]) => [kid, codes.unhex(key.public)]));
    try {
      told[name][one.name] = { verdict: "accepted", claim: plain(await open(trusted, one)) };
    } catch (error) {
      if (!(error instanceof codes.Refusal)) throw error;
      told[name][one.name] = { verdict: error.code, claim: null, stage: error.stage };
    }
  }
}
console.log(JSON.stringify(told));
