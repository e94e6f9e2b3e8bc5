// Builds web/dist: the phone pages, their service worker, and the stylesheet, sprite and keyboard of the consoles.
// Nothing is fetched and nothing is inlined, so a page works under `default-src 'self'`.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const root = dirname(fileURLToPath(import.meta.url));
const dist = join(root, "dist");
const LIMIT = 60_000; // bytes on the wire of everything the resident page loads before it can show a code

const shared = { bundle: true, minify: true, target: ["es2020"], outdir: dist, logLevel: "warning", legalComments: "none" };

/** The shapes and icons as one sprite: `<svg class="shape"><use href="/sprite.svg#circle-check"/></svg>`. */
async function spriteWrite() {
  const out = await build({ ...shared, entryPoints: [join(root, "src/shapes.ts")], format: "esm", write: false });
  const { SHAPES, ICONS, shapeMarkup } = await import(`data:text/javascript;base64,${Buffer.from(out.outputFiles[0].contents).toString("base64")}`);
  const symbol = (id, inner) => `<symbol id="${id}" viewBox="0 0 32 32">${inner}</symbol>`;
  const symbols = [
    ...Object.entries(SHAPES).map(([id, shape]) => symbol(id, shapeMarkup(shape))),
    ...Object.entries(ICONS).map(([id, path]) => symbol(`icon-${id}`, `<path d="${path}" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round"/>`)),
  ];
  await writeFile(join(dist, "sprite.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`);
}

/** The service worker keeps the shell under a name made of its content, so that a new build replaces it whole. */
async function workerWrite(shell) {
  const digest = createHash("sha256");
  for (const name of shell) digest.update(await readFile(join(dist, name)));
  const define = {
    SHELL_VERSION: JSON.stringify(digest.digest("hex").slice(0, 12)),
    SHELL_FILES: JSON.stringify(["/", "/inspect", ...shell.filter((name) => !name.endsWith(".html")).map((name) => `/${name}`)]),
  };
  await build({ ...shared, entryPoints: { sw: join(root, "src/worker.ts") }, format: "iife", define });
}

async function sizes(names) {
  let raw = 0;
  let packed = 0;
  for (const name of names) {
    const bytes = await readFile(join(dist, name));
    raw += bytes.length;
    packed += gzipSync(bytes, { level: 9 }).length;
  }
  return { raw, packed };
}

await rm(dist, { recursive: true, force: true });
await mkdir(dist, { recursive: true });
await build({
  ...shared,
  entryPoints: { style: join(root, "style/style.css"), phone: join(root, "style/phone-all.css") },
});
await build({
  ...shared,
  entryPoints: {
    resident: join(root, "src/resident/main.tsx"),
    inspect: join(root, "src/inspect/main.tsx"),
    console: join(root, "src/console/main.ts"),
  },
  format: "esm",
  splitting: true,
  chunkNames: "part-[hash]",
  jsx: "automatic",
  jsxImportSource: "preact",
});
await cp(join(root, "public"), dist, { recursive: true });
await spriteWrite();
const built = (await readdir(dist)).sort();
await workerWrite(built.filter((name) => /\.(html|js|css|png|svg|webmanifest)$/.test(name) && !["sprite.svg", "style.css", "console.js"].includes(name)));

const text = await readFile(join(dist, "resident.js"), "utf8");
const parts = [...text.matchAll(/from"\.\/(part-[\w-]+\.js)"/g)].map((match) => match[1]);
const first = await sizes(["index.html", "phone.css", "resident.js", ...new Set(parts)]);
console.log(`resident page: ${first.packed} bytes gzipped (limit ${LIMIT}), ${first.raw} unpacked`);
if (first.packed > LIMIT) throw new Error(`The resident page has grown to ${first.packed} bytes gzipped; the limit is ${LIMIT}.`);
for (const name of await readdir(dist)) {
  const bytes = await readFile(join(dist, name));
  await writeFile(join(dist, `${name}.gz`), gzipSync(bytes, { level: 9 }));
  await writeFile(join(dist, `${name}.br`), brotliCompressSync(bytes));
}
