# everyminute: `make run` and `make test` need Python 3.11+ and make, nothing else.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(not (3,11) <= sys.version_info[:2] < (3,14))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9
export UV_PROJECT_ENVIRONMENT := $(VENV)
READY := $(VENV)/.ready

.PHONY: help run stop test test-fast test-browser test-containers check format setup bench mutants docs clean

help: ## what can be made here
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

run: $(READY) ## bring everything up, load the demo month, print what it found, stay up (Ctrl-C ends it)
	@$(BIN)/everyminute demo run

stop: $(READY) ## stop what `make run` or `everyminute up` started
	@$(BIN)/everyminute down

test: $(READY) check ## the whole suite, on real Kafka and the real ClickHouse engine
	@$(BIN)/pytest -n 2 --dist loadfile

test-fast: $(READY) ## what needs no running service
	@$(BIN)/pytest -m "not integration" -n 2

test-browser: $(READY) ## the pages in Chromium (which must be installed)
	@$(BIN)/uv sync --quiet --frozen --inexact --extra embedded --group browser && $(BIN)/pytest -m browser tests/browser

test-containers: $(READY) ## the same tests on Kafka and ClickHouse in containers (needs Docker)
	@$(BIN)/python -m tests.containers

check: $(READY) ## formatting, lint and strict types
	@$(BIN)/ruff format --check --quiet . && $(BIN)/ruff check --quiet . && $(BIN)/mypy

format: $(READY) ## format and fix what can be fixed
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

docs: $(READY) ## write the generated pages of docs/ anew
	@$(BIN)/python -m jobs.reference

bench: $(READY) ## the benchmarks, side by side with their peers (minutes)
	@$(BIN)/uv sync --quiet --frozen --inexact --extra embedded --extra bench
	@$(BIN)/python -m benchmarks.kernel; kernel=$$?; $(BIN)/python -m benchmarks.hop && exit $$kernel

mutants: $(READY) ## change the arithmetic in 2,000 places, see whether stories, tests and laws notice (20 minutes)
	@nice -n 10 $(BIN)/python -m tests.mutation

setup: $(READY) ## only the virtual environment

$(READY): pyproject.toml uv.lock
	@test -n "$(PYTHON)" || { echo "everyminute needs Python 3.11, 3.12 or 3.13; none was found. Install one, or say make PYTHON=/path/to/python3 …" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv sync --frozen --inexact --extra embedded
	@touch $(READY)

clean: ## remove the virtual environment and caches (your data in ~/.everyminute stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
