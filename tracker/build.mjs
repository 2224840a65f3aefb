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
  "footfall-more.js": { entry: "more-script.ts", budget: 4096 },
};

mkdirSync(served, { recursive: true });
let isTooLarge = false;
for (const [name, { entry, budget }] of Object.entries(SCRIPTS)) {
  const { outputFiles } = await build({ entryPoints: [here(`src/${entry}`)], bundle: true, format: "iife", target: "es2020", write: false, define: { WHOLE: String(!name.includes("core")) } });
  const { code } = await minify(outputFiles[0].text.replace('"use strict";', ""), {
    ecma: 2020,
    toplevel: true,
    compress: { passes: 3, unsafe: true, unsafe_arrows: true, booleans_as_integers: false },
    // names that end in `_` are known inside one script only
    mangle: { properties: { regex: /_$/ } },
  });
  const size = gzipSync(code, { level: 9 }).length;
  console.log(`${name.padEnd(20)} ${String(size).padStart(5)} bytes gzip of ${budget}`);
  isTooLarge ||= size > budget;
  writeFileSync(served + name, code);
}
await build({ entryPoints: { footfall: here("src/index.ts") }, bundle: true, splitting: true, format: "esm", target: "es2020", define: { WHOLE: "true" }, outdir: here("dist") });
writeFileSync(here("dist/footfall.d.ts"), 'export * from "./types/index";\n');
if (isTooLarge) {
  console.error("a script is larger than its budget: move what it does into a part that is loaded later");
  process.exit(1);
}
