// Judges the cases on standard input ([{outcome, note, place, now, paper}, …]) as the inspector's page does without
// network, and prints the verdicts as JSON. `node test/judge.mjs < cases.json`, from web/.
import { build } from "esbuild";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const web = join(dirname(fileURLToPath(import.meta.url)), "..");
const out = await build({ entryPoints: [join(web, "src/codes/judge.ts")], bundle: true, format: "esm", write: false, logLevel: "warning" });
const { judge, policyFor } = await import(`data:text/javascript;base64,${Buffer.from(out.outputFiles[0].contents).toString("base64")}`);
const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(({ outcome, note, place, now, paper }) => {
  const policy = policyFor(note, place, now);
  const { verdict, reason, failed } = judge(outcome, policy, place.medical, now, paper);
  return [policy.id, verdict, reason, failed];
})));
