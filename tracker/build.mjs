// Builds the scripts that Footfall serves and the ES module for npm, and fails when a script outgrows its budget.
import { build } from "esbuild";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { minify } from "terser";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const served = here("../src/footfall/web/static/tracker/");

// bytes after gzip
const SCRIPTS = {
  "footfall.js": { entry: "script.ts", budget: 2048 },
  "footfall-core.js": { entry: "core-script.ts", budget: 1024 },
  // what is loaded when the page is there: says whatever pages hand over, keeps what waits, hears components and late titles
  "footfall-more.js": { entry: "more-script.ts", budget: 5120 },
};

mkdirSync(served, { recursive: true });
// one for all: the script that is loaded later calls the first one's properties
const nameCache = {};
let isTooLarge = false;
for (const [name, { entry, budget }] of Object.entries(SCRIPTS)) {
  const { outputFiles } = await build({ entryPoints: [here(`src/${entry}`)], bundle: true, format: "iife", target: "es2020", write: false });
  const { code } = await minify(outputFiles[0].text.replace('"use strict";', ""), {
    ecma: 2020,
    toplevel: true,
    compress: { passes: 3, unsafe: true, unsafe_arrows: true, reduce_funcs: false, keep_fargs: false },
    nameCache,
    // names that end in `_` are known inside the tracker only
    mangle: { properties: { regex: /_$/ } },
  });
  const size = gzipSync(code, { level: 9 }).length;
  console.log(`${name.padEnd(20)} ${String(size).padStart(5)} bytes gzip of ${budget}`);
  isTooLarge ||= size > budget;
  writeFileSync(served + name, code);
}
await build({ entryPoints: { footfall: here("src/index.ts") }, bundle: true, splitting: true, format: "esm", target: "es2020", outdir: here("dist") });
writeFileSync(here("dist/footfall.d.ts"), 'export * from "./types/index";\n');
if (isTooLarge) {
  console.error("a script is larger than its budget: move what it does into a part that is loaded later");
  process.exit(1);
}
