# Every target works in a fresh clone; the environment is made on first use. `make help` lists them.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
JOBS ?= 2
MODE ?= cluster
KEEP ?= 0

.PHONY: help demo test test-simulator check format tools generate lock bench image clean

help: ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

$(READY): requirements/dev.lock pyproject.toml simulator/pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is %s" % sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	@echo "Making $(VENV) from requirements/dev.lock (about a minute)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . -e simulator
	@touch $(READY)

demo: $(READY) ## From nothing to a protected vault; MODE=local without Kubernetes, KEEP=1 leaves it running
	@$(BIN)/python -m tools.demo --mode $(MODE) $(if $(filter 1 true yes,$(KEEP)),--keep)

test: $(READY) lint ## Everything that CI runs: static checks and all tests, on real servers
	@$(BIN)/python -m tools.binaries --all
	@$(BIN)/python -m tools.clients >/dev/null
	@$(BIN)/pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder --durations=10

test-simulator: $(READY) ## The simulator's own tests: no network, no cluster
	@$(BIN)/pytest -q -n $(JOBS) --dist loadfile simulator/tests

check: $(READY) lint ## Static checks and unit tests: no network, no cluster, under a minute
	@$(BIN)/pytest -q -n $(JOBS) tests/unit

.PHONY: lint
lint: $(READY)
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo >/dev/null || $(BIN)/lint-imports
	@$(BIN)/lint-imports --no-logo --config simulator/pyproject.toml >/dev/null || $(BIN)/lint-imports --config simulator/pyproject.toml
	@$(BIN)/python -m tools.generate --check

format: $(READY) ## Format the code and mend what can be mended by itself
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

tools: $(READY) ## Fetch or build kube-apiserver, etcd, Helm and what else is missing into the cache
	@$(BIN)/python -m tools.binaries --all

generate: $(READY) ## Write the files that follow from others: reference pages, the chart's CRDs
	@$(BIN)/python -m tools.generate

lock: $(READY) ## Pin the newest allowed dependencies, with hashes
	@$(BIN)/pip install --quiet uv
	@$(BIN)/uv pip compile pyproject.toml simulator/pyproject.toml --extra dev --upgrade --generate-hashes --python-version 3.11 -o requirements/dev.lock --quiet --custom-compile-command "make lock"
	@$(BIN)/uv pip compile pyproject.toml --generate-hashes --python-version 3.11 -o requirements/runtime.lock --quiet --constraint requirements/dev.lock --custom-compile-command "make lock"

bench: $(READY) ## Measure, and write the figures to build/bench.json
	@$(BIN)/python -m bench

clean: ## Remove what the targets made in the tree
	@rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
