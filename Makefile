# Every target sets up what it needs. `make` alone prints this file's targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PORT ?= 8000
EDGE_PORT ?= 8001
DATA ?= var
PEOPLE ?=
BENCH ?= table checks visits mix propagation trace tls
ARGS ?=
KILLS ?= 100
SEED ?=
WORKERS ?= $(if $(HEALTHCODE_TEST_DATABASE_URL),0,2)
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
BIN := .venv/bin
STAMPS := .venv/stamps
WEB_SOURCES := $(shell find web -type f -not -path '*/node_modules/*' -not -path '*/dist/*' 2>/dev/null | tr ' ' '?')

.PHONY: help setup run test crash-test check bench spark fmt clean

help: ## Print the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMPS)/healthcode $(STAMPS)/web ## Make the environment and build the pages (only what changed)

run: setup ## Run a whole province here: make run PORT=8000 EDGE_PORT=8001 DATA=var PEOPLE=2000
	@exec $(BIN)/healthcode run --data "$(DATA)" --port $(PORT) --edge-port $(EDGE_PORT) $(if $(PEOPLE),--people $(PEOPLE)) $(ARGS)

test: setup ## Run the tests: real PostgreSQL, real Chromium (ARGS="tests/unit -k gate" for some of them)
	@.ci/browser
	@$(BIN)/pytest $(or $(ARGS),--numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder)

crash-test: setup ## Kill a province under load at random: make crash-test KILLS=100 SEED=7 (seed is printed)
	@HEALTHCODE_KILLS=$(KILLS) HEALTHCODE_SEED=$(SEED) $(BIN)/pytest -s tests/crash/test_under_fire.py

check: setup ## Check style, types, arrows and pages
	@status=0; for step in "$(BIN)/ruff check ." "$(BIN)/ruff format --check --quiet ." "$(BIN)/mypy" \
		"$(BIN)/lint-imports --no-cache" "npm run --silent --prefix web check"; do \
		echo "$$step"; $$step || { status=1; echo "FAILED: $$step"; }; \
	done; exit $$status

bench: setup ## Measure everything, into bench/results/ (BENCH="checks" for some of it)
	@mkdir -p bench/results
	@for name in $(BENCH); do \
		$(BIN)/healthcode bench $$name --json $(ARGS) > bench/results/$$name.out || exit 1; \
		tail -n 1 bench/results/$$name.out | tee bench/results/$$name.json; rm bench/results/$$name.out; \
	done

spark: ## Prove that the population plan runs on Spark, on two threads (needs Java 17; an environment of its own)
	@command -v java >/dev/null || { echo "Java 17 was not found. On Debian and Ubuntu: apt-get install openjdk-17-jre-headless"; exit 1; }
	@test -x .venv-spark/bin/python || $(PYTHON) -m venv .venv-spark
	.venv-spark/bin/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements/build.lock -r requirements/spark.lock
	.venv-spark/bin/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	.venv-spark/bin/python -m pytest tests/contracts/test_population_spark.py $(ARGS)

fmt: setup ## Format the code and write the generated pages of docs/
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format --quiet .
	$(BIN)/python docs/generate.py

clean: ## Remove what setup, tests and builds made (never a data folder)
	rm -rf .venv .venv-spark web/node_modules web/dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found. Install it, or say where: make PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Making .venv failed. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }

$(STAMPS)/python: requirements/dev.lock requirements/build.lock | .venv/bin/python
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --require-hashes -r requirements/build.lock -r requirements/dev.lock
	@mkdir -p $(@D) && touch $@

$(STAMPS)/healthcode: $(STAMPS)/python pyproject.toml CHANGELOG.md
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src # once, also where Python may not write it: ten processes start sooner
	@mkdir -p $(@D) && touch $@

$(STAMPS)/node: web/package-lock.json | .venv/bin/python
	@node -e 'process.exit(process.versions.node.split(".")[0] < 20 ? 1 : 0)' 2>/dev/null || { echo "Node 20 or newer is needed and was not found. Install it from nodejs.org or your system's packages."; exit 1; }
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@mkdir -p $(@D) && touch $@

$(STAMPS)/web: $(STAMPS)/node $(WEB_SOURCES)
	cd web && npm run --silent build
	@mkdir -p $(@D) && touch $@
