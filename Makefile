# The commands of this project; `make` alone lists them. Everything is set up in .venv beside this file.
PYTHON ?= python3
BIN := .venv/bin
# A process that may not keep what it compiles, as some machines have it, compiles all of Footfall at each start: a third of it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help lists setup browser browsers prometheus spark servers demo docs wheel pins test test-browsers test-readme soak lint golden screenshots bench bench-reports

help:  ## list these commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

STATIC := src/footfall/web/static
setup: .venv/.installed $(STATIC)/swagger-ui/.built $(STATIC)/tracker/.built $(STATIC)/dashboard/.built $(STATIC)/guide/.built src/footfall/third_party/notices.txt  ## install what is needed, pinned, into .venv; build the scripts and pages

.venv/.installed: requirements-dev.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@# it asks for an older typer than ours, and runs with ours: only tests use it
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps openapi-python-client==0.29.1
	@touch $@

# Scripts of packages are not run: the page needs only files of theirs.
$(STATIC)/swagger-ui/.built: docs-ui/package-lock.json docs-ui/build.js docs-ui/start.js
	cd docs-ui && npm ci --silent --no-audit --no-fund --ignore-scripts && node build.js
	@touch $@

# Fails when a script outgrows its budget.
$(STATIC)/tracker/.built: tracker/package-lock.json tracker/build.mjs tracker/tsconfig.json $(wildcard tracker/src/*)
	cd tracker && npm ci --silent --no-audit --no-fund --ignore-scripts && npm run --silent build
	@touch $@

# Fails when the first view outgrows its budget.
$(STATIC)/dashboard/.built: dashboard/package-lock.json dashboard/build.mjs dashboard/tsconfig.json dashboard/index.html dashboard/icon.svg $(wildcard dashboard/src/* dashboard/src/*/*)
	cd dashboard && npm ci --silent --no-audit --no-fund --ignore-scripts && npm run --silent build
	@touch $@

# The guide that is served at /guide, out of the same Markdown that is read in the repository.
$(STATIC)/guide/.built: mkdocs.yml README.md tools/guide.py .venv/.installed $(shell find docs guide -type f)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict
	@touch $@

# What of others is inside a wheel, and what it needs: their notices, and a bill of materials.
src/footfall/third_party/notices.txt: tools/third_party.py requirements.txt .venv/.installed $(patsubst %,$(STATIC)/%/.built,swagger-ui tracker dashboard)
	$(BIN)/python tools/third_party.py

# Tests drive a real browser: Debian's, as Playwright's own downloads are not for every network. Its headless shell, half the
# work, is not for every Debian: then the browser does all.
browser:
	@command -v chromium >/dev/null && command -v chromium-headless-shell >/dev/null || { SUDO=$$([ $$(id -u) = 0 ] || echo sudo); $$SUDO apt-get update -qq \
	  && { $$SUDO apt-get install -qq -y chromium chromium-headless-shell || $$SUDO apt-get install -qq -y chromium; } || command -v chromium >/dev/null; }

# The matrix also drives Firefox (by Marionette) and WebKit (by its WebDriver, which needs a screen).
browsers: browser
	@command -v chromedriver >/dev/null && command -v firefox-esr >/dev/null && command -v WebKitWebDriver >/dev/null && command -v Xvfb >/dev/null && command -v locale-gen >/dev/null || { \
	  SUDO=$$([ $$(id -u) = 0 ] || echo sudo); $$SUDO apt-get update -qq && $$SUDO apt-get install -qq -y chromium-driver firefox-esr webkit2gtk-driver xvfb locales; }

# Tests check the alert rules with promtool and have a Prometheus scrape: without it they are skipped.
# Beside Python, not installed: Debian would start it as a service.
prometheus: .venv/.installed
	@command -v promtool >/dev/null || [ -x $(BIN)/promtool ] || { FOLDER=$$(mktemp -d) && (cd $$FOLDER && apt-get download -qq prometheus && dpkg -x prometheus_*.deb .) \
	  && cp $$FOLDER/usr/bin/prometheus $$FOLDER/usr/bin/promtool $(BIN)/ && rm -r $$FOLDER; }

# Tests have a local Spark count over the archive's files, where Java is: without it they are skipped. 435 MB are loaded, 490 laid out.
spark: .venv/.installed
	@$(BIN)/python -c 'import pyspark' 2>/dev/null || $(BIN)/pip install --quiet --disable-pip-version-check pyspark==4.3.0

# What people put before and behind Footfall, what encrypts backups, and an older PostgreSQL that is refused: Debian's.
servers:
	@command -v caddy >/dev/null && test -x /usr/sbin/nginx && test -x /usr/sbin/pgbouncer && command -v stunnel >/dev/null && command -v age >/dev/null || { \
	  SUDO=$$([ $$(id -u) = 0 ] || echo sudo); $$SUDO apt-get update -qq && $$SUDO apt-get install -qq -y caddy nginx-light openssl pgbouncer stunnel4 postgresql-15 age; }

demo: setup  ## run everything on the embedded database, with eight tenants and live traffic
	$(BIN)/footfall demo

docs: .venv/.installed $(STATIC)/guide/.built  ## build the guide, which Footfall serves at /guide

# Files have the last commit's time: who builds the wheel again gets the same bytes.
wheel: setup  ## build the wheel and the source distribution into dist/
	rm -rf dist
	SOURCE_DATE_EPOCH=$$(git log -1 --format=%ct 2>/dev/null || date +%s) $(BIN)/python -m build --no-isolation --outdir dist .

# Names come from pyproject.toml; what is pinned already stays, but for UPGRADE="NAME …". For Linux; hashes are of all files of a version.
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make pins" $(BIN)/uv pip compile --quiet --generate-hashes --no-emit-index-url \
  --python-version 3.11.5 --python-platform linux --annotation-style line
pins:  ## write what pyproject.toml names into requirements.txt and requirements-dev.txt, pinned, with hashes
	$(COMPILE) --extra dev $(UPGRADE:%=--upgrade-package %) --output-file requirements-dev.txt pyproject.toml
	$(COMPILE) --constraint requirements-dev.txt --output-file requirements.txt pyproject.toml

# Half of a test's time is waiting, for servers and pages: three for two cores.
WORKERS ?= $(shell expr $$(nproc) '*' 3 / 2)
test: setup browser prometheus servers  ## run all tests, on a real PostgreSQL and in a real browser
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-browsers: setup browsers  ## tell the tracker's and the dashboard's story in Chromium, Firefox and WebKit
	$(BIN)/python -m pytest -m browsers -n auto --dist loadfile $$(grep -rl --include='*.py' mark.browsers tests)

test-readme: setup browser  ## try the README's five minutes in a fresh clone with an empty home
	$(BIN)/python -m pytest -m clone tests/docs

soak: setup  ## kill servers, workers and the store under load for ten minutes each
	FOOTFALL_SOAK_SECONDS=600 $(BIN)/python -m pytest tests/durability

lint: setup  ## style, types, directions of imports, generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tools/generate.py --check

golden: setup  ## write what is generated and kept under review: rendered schema, diagram, reference
	$(BIN)/python tools/generate.py

lists: setup  ## write the lists that judgements go by anew; ENGINES and CATEGORIES are clones (tools/lists/origins.py)
	$(BIN)/python tools/lists/agents.py
	@test -z "$(ENGINES)" || $(BIN)/python tools/lists/origins.py $(ENGINES) $(CATEGORIES)

screenshots: setup browser  ## take pictures of every page on the demo's data, at two widths, light and dark; about 3 minutes
	$(BIN)/python tools/screenshots.py

bench: setup  ## measure the whole cost of an event, load, door and the whole way beside the plan's own functions, then growth; 25 minutes, and what the cost takes
	$(BIN)/python benchmarks/cost.py
	$(BIN)/python benchmarks/load.py
	$(BIN)/python benchmarks/door.py
	$(BIN)/python benchmarks/way.py
	$(BIN)/python benchmarks/growth.py
	$(BIN)/python benchmarks/neighbours.py

bench-reports: setup  ## measure the reports over HTTP on 20 million events, beside the plan's own query; then a year in columns; about three quarters of an hour
	$(BIN)/python benchmarks/reports.py
	$(BIN)/python benchmarks/columns.py
