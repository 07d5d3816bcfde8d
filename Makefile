# `make` alone lists what there is. Needs only make and Python 3.11; everything else goes into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
PIP_INSTALL := $(BIN)/python -m pip install --quiet --no-input --disable-pip-version-check --no-warn-script-location

# What a shell carries must not change what a run does.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTEST_ADDOPTS PYTEST_PLUGINS VIRTUAL_ENV

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo run test test-gateways lint format bench chaos lock

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' Makefile

install: $(VENV)/.installed ## put what the product needs into .venv

demo: install ## run a whole campaign in virtual time; pages and messages land in demo/
	@$(BIN)/python -m reminder.demo

run: install ## start the product
	@$(BIN)/reminder run

test: $(VENV)/.installed-dev $(VENV)/.machine lint ## check style, types and imports, then run every test
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal </dev/null

test-gateways: $(VENV)/.installed-dev $(VENV)/.machine ## whole loops through a real Kannel and a real SMTP server
	@GATEWAYS=needed $(BIN)/python -m pytest tests/gateways </dev/null

lint: $(VENV)/.installed-dev ## check style, types and imports
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/.installed-dev ## mend what style checks can mend by themselves
	@$(BIN)/ruff check --quiet --fix .
	@$(BIN)/ruff format --quiet .

bench: $(VENV)/.installed-dev ## measure speed and memory
	@$(BIN)/python -m tests.bench

chaos: $(VENV)/.installed-dev ## end the sender at random points and count what was lost or doubled
	@$(BIN)/python -m tests.chaos

# `make lock UPGRADE=--upgrade` takes newer versions; without it only what pyproject.toml asks for changes.
COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock" $(UPGRADE)

lock: ## pin the dependencies of pyproject.toml again
	@test -x $(BIN)/uv || $(MAKE) --no-print-directory $(VENV)/.installed-dev
	@$(COMPILE) --group build --group dev --output-file requirements-dev.lock
	@$(COMPILE) --group build --constraint requirements-dev.lock --output-file requirements.lock

# The stamps are newer than the locks and the interpreter, or something must be installed.
$(VENV)/.installed: requirements.lock pyproject.toml $(BIN)/python
	@echo "Installing into $(VENV) …"
	@$(PIP_INSTALL) --require-hashes --requirement requirements.lock
	@$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@echo "Installing the development tools into $(VENV) …"
	@$(PIP_INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@

# Kannel and smtp-sink, which a few tests talk to. Where they cannot be had, those tests are skipped, and told so.
$(VENV)/.machine: tests/machine.sh $(BIN)/python
	@sh tests/machine.sh $(VENV)/machine && touch $@ || true

# Debian ships Python without ensurepip, the part that fills a new environment.
$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || \
		{ echo "Python is missing. Install it, then try again: sudo apt-get install python3 python3-venv" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Reminder needs Python 3.11 or newer, not $$($(PYTHON) -V 2>&1). Name another: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv is missing. Install it, then try again: sudo apt-get install python3-venv" >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV)
