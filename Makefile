# Every verb installs what it needs into .venv. A fresh machine needs Python (3.11 or newer, with venv) and make.

PYTHON ?= python3
JOBS ?= 2
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-input
LOCKED := $(PIP) --require-hashes
EDITABLE := $(PIP) --no-deps --no-build-isolation --editable .
PYTEST := -m pytest -n $(JOBS) --dist loadgroup

# Debian packages of the full suite: a browser, a font for it to draw with, and the server of shared limits.
SYSTEM_PACKAGES := chromium fonts-dejavu-core redis-server

# Nothing younger than two weeks enters the locks: most stolen releases are found sooner.
LOCK_DATE ?= $(shell $(PYTHON) -c "import datetime as d; print(d.date.today() - d.timedelta(days=14))")
LOCK_VENV := .venv-lock
ML_VENV := .venv-ml
LOCK_HEADER := \# Pinned and hashed by `make lock`; do not edit.
# Extras that only add somebody else's instrumentation are left out: they would narrow everything else.
LOCKED_EXTRAS := all ml optimize ray redis s3
COMPILE = $(LOCK_VENV)/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-emit-index-url --no-header --exclude-newer $(LOCK_DATE)

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test quick system test-ml lint types fmt bench faults docs screenshots lock clean

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.stamp-dev ## install everything that the other verbs need into .venv

demo: $(VENV)/.stamp-demo ## run the demo and open the dashboard (ARGS=--no-ui leaves it out)
	$(BIN)/genaiops demo $(ARGS)

test: lint types ## lint, types and the whole test suite with coverage; names what it had to skip
	$(BIN)/coverage erase
	$(BIN)/coverage run $(PYTEST) -m "not ml"
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

quick: $(VENV)/.stamp-dev ## the tests that are done in under two minutes
	$(BIN)/python $(PYTEST) -m "not slow and not browser and not faults and not ml"

system: ## install the Debian packages of the full suite (needs root)
	@missing=$$(for p in $(SYSTEM_PACKAGES); do \
		dpkg-query --show --showformat '$${Status}' $$p 2>/dev/null | grep -q '^install ok installed$$' || echo $$p; done); \
	if [ -z "$$missing" ]; then echo "Nothing to install: $(SYSTEM_PACKAGES) are there."; exit 0; fi; \
	if ! command -v apt-get >/dev/null; then \
		echo "make system knows Debian and Ubuntu only; install these by hand:" $$missing >&2; exit 1; fi; \
	if [ "$$(id -u)" != 0 ]; then \
		echo "make system installs" $$missing "and needs root: run 'sudo make system'." >&2; exit 1; fi; \
	export DEBIAN_FRONTEND=noninteractive; \
	apt-get update --quiet=2 </dev/null && \
	apt-get install --quiet=2 --yes --no-install-recommends $$missing </dev/null

test-ml: $(ML_VENV)/.stamp ## the tests of training libraries, in an environment of their own (some 7 GB)
	KERAS_BACKEND=torch $(ML_VENV)/bin/python -m pytest -m ml tests/ml tests/runs

lint: $(VENV)/.stamp-dev ## ruff, import contracts, dependencies, spelling
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/deptry genaiops dashboard
	$(BIN)/codespell
	$(BIN)/validate-pyproject pyproject.toml

types: $(VENV)/.stamp-dev ## basedpyright, strict
	$(BIN)/basedpyright

fmt: $(VENV)/.stamp-dev ## format, and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.stamp-dev ## every figure that we promise, one after the other
	@status=0; for file in $(sort $(wildcard benchmarks/bench_*.py)); do \
		echo "== $$file"; $(BIN)/python $$file || status=1; done; exit $$status

faults: $(VENV)/.stamp-dev ## the long fault loops: a thousand kills (KILLS=1000), about half an hour
	GENAIOPS_FAULT_KILLS=$(or $(KILLS),1000) $(BIN)/python -m pytest tests/faults -o faulthandler_timeout=0

docs: $(VENV)/.stamp-dev ## write docs/cli.md from the command line's own help
	$(BIN)/python -m genaiops.cli.docs

screenshots: $(VENV)/.stamp-dev ## take the pictures of the documentation (needs Chromium: make system)
	$(BIN)/python docs/screenshots.py

lock: $(LOCK_VENV)/.stamp ## pin every dependency again, with nothing younger than two weeks
	$(COMPILE) pyproject.toml $(addprefix --extra ,$(LOCKED_EXTRAS)) --group lint --group test --group build -o requirements/dev.txt
	$(COMPILE) pyproject.toml --extra server --extra dashboard --extra openai --extra anthropic --group build \
		-c requirements/dev.txt -o requirements/demo.txt
	$(COMPILE) pyproject.toml -c requirements/dev.txt -o requirements/core.txt
	$(COMPILE) --group lock -o requirements/lock.txt
	$(COMPILE) pyproject.toml --extra ml --group train --group build -o requirements/ml.txt
	@for file in requirements/*.txt; do \
		{ echo '$(LOCK_HEADER)'; grep -v '^# Pinned and hashed' $$file; } >$$file.new && mv $$file.new $$file; done

clean: ## remove caches and build products; .venv and every .genaiops stay
	rm -rf dist build htmlcov .coverage .coverage.* .pytest_cache .ruff_cache .mypy_cache .hypothesis .import_linter_cache
	find . -path './.*' -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# --- what the verbs stand on: a stamp is newer than what it was made from --------------------------

$(VENV)/.stamp-venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		found=$$($(PYTHON) --version 2>&1) || found="no Python"; \
		echo "genaiops needs Python 3.11 or newer, but '$(PYTHON)' is $$found: name another, as in 'make PYTHON=python3.12 setup'." >&2; \
		exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.stamp-dev: requirements/dev.txt pyproject.toml | $(VENV)/.stamp-venv
	@echo "Installing the locked dependencies of development into $(VENV); this takes a minute or two."
	@$(LOCKED) -r requirements/dev.txt
	@$(EDITABLE)
	@touch $(VENV)/.stamp-demo $@

$(VENV)/.stamp-demo: requirements/demo.txt pyproject.toml | $(VENV)/.stamp-venv
	@echo "Installing the locked dependencies of the demo into $(VENV); this takes a minute."
	@$(LOCKED) -r requirements/demo.txt
	@$(EDITABLE)
	@touch $@

$(ML_VENV)/.stamp: requirements/ml.txt pyproject.toml
	@echo "Installing the locked training libraries into $(ML_VENV); this takes several minutes."
	@$(PYTHON) -m venv $(ML_VENV)
	@$(ML_VENV)/bin/python -m pip install --quiet --no-input --require-hashes -r requirements/ml.txt
	@$(ML_VENV)/bin/python -m pip install --quiet --no-input --no-deps --no-build-isolation --editable .
	@touch $@

$(LOCK_VENV)/.stamp: requirements/lock.txt
	@$(PYTHON) -m venv $(LOCK_VENV)
	@$(LOCK_VENV)/bin/python -m pip install --quiet --no-input --require-hashes -r requirements/lock.txt
	@touch $@
