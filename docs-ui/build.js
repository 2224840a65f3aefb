// Copies what the page at /docs needs into the Python package, so that an installed wheel needs no Node.
const fs = require("node:fs");
const path = require("node:path");

const from = path.dirname(require.resolve("swagger-ui-dist/package.json"));
const to = path.join(__dirname, "..", "src", "footfall", "web", "static", "swagger-ui");

fs.mkdirSync(to, { recursive: true });
for (const file of ["swagger-ui.css", "swagger-ui-bundle.js", "LICENSE"]) {
  fs.copyFileSync(path.join(from, file), path.join(to, file));
}
fs.copyFileSync(path.join(__dirname, "start.js"), path.join(to, "start.js"));
