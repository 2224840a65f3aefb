// Builds the pages that Footfall serves at /, and fails when what a first view loads outgrows its budget.
import { build } from "esbuild";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const served = here("../src/footfall/web/static/dashboard/");
const FIRST_VIEW_BUDGET = 150 * 1024; // bytes after gzip, of all that the overview loads
const FIRST_VIEW = ["src/main.tsx", "src/views/overview.tsx"];

rmSync(served, { recursive: true, force: true });
mkdirSync(served, { recursive: true });
const { metafile } = await build({
  entryPoints: [here("src/main.tsx")],
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  metafile: true,
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".svg": "file" },
  publicPath: "/dashboard",
  outdir: served,
  legalComments: "none",
});

const outputs = Object.entries(metafile.outputs).map(([path, output]) => ({ path: path.replace(/^.*static\/dashboard\//, ""), ...output }));
const of = (name) => outputs.find(({ path }) => path === name);
const entry = (source) => outputs.find(({ entryPoint, path }) => entryPoint?.endsWith(source) && path.endsWith(".js"));

// every file that a first view needs: the entries, what they import at once, and the style
const needed = new Set();
const need = (output) => {
  if (!output || needed.has(output.path)) return;
  needed.add(output.path);
  output.imports.filter(({ kind }) => kind === "import-statement").forEach(({ path }) => need(of(basename(path))));
  if (output.cssBundle) need(of(basename(output.cssBundle)));
};
FIRST_VIEW.forEach((source) => need(entry(source)));

const main = entry(FIRST_VIEW[0]);
const scripts = [...needed].filter((path) => path.endsWith(".js") && path !== main.path);
const styles = outputs.map(({ path }) => path).filter((path) => path.endsWith(".css"));
const page = readFileSync(here("index.html"), "utf8")
  .replace("{{style}}", styles.map((path) => `<link rel="stylesheet" href="/dashboard/${path}">`).join(""))
  .replace("{{preload}}", scripts.map((path) => `<link rel="modulepreload" href="/dashboard/${path}">`).join(""))
  .replace("{{icon}}", `/dashboard/${outputs.find(({ path }) => path.endsWith(".svg")).path}`)
  .replace("{{script}}", `/dashboard/${main.path}`);
writeFileSync(served + "index.html", page);

const size = [...needed].reduce((sum, path) => sum + gzipSync(readFileSync(served + path), { level: 9 }).length, 0);
console.log(`first view           ${(size / 1024).toFixed(1)} KB gzip of ${FIRST_VIEW_BUDGET / 1024} in ${needed.size} files`);
if (size > FIRST_VIEW_BUDGET) {
  console.error("the first view is larger than its budget: load what it does not show at once later");
  process.exit(1);
}
