# Pindai. `make demo` and `make test` need Python 3.11 or newer, and make; nothing else.
#
#   make demo     raise a small estate on this machine, scan it, show the result
#   make test     run the tests                 (more for pytest: make test PYTEST_ARGS="-n 2 -k hsts")
#   make lint     formatting, ruff, mypy --strict
#   make docs     the pages of the checks and their index, from the checks (docs/checks/, scanner/check_docs/index.json)
#   make screenshots   the pictures of the README, from the demo; needs Chromium
#   make check    lint and test, as before a commit
#   make messages   bring the Indonesian catalogue up to date (docs/languages.md), and compile it
#   make bench    measure, and compare with the figures in benchmarks/README.md: three minutes
#   make bench-nightly   the long ones: a large estate far away, faulty servers, hostile inputs
#   make clean    remove what these made, .venv too
#
# All of it happens in .venv; PYTHON=python3.12 (a name or a path) chooses what .venv is made with.

SHELL = /bin/sh
BIN = .venv/bin
BENCHMARKS = cold_start judge_assess html_report transport estate_throughput overhead
NIGHTLY = delayed_estate soak parsers
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable

# `make PYTHON=...` and `PYTHON=... make` both arrive in the recipe's environment, so a path with spaces stays one word.
export PYTHON
export HERE := $(CURDIR)

.PHONY: help demo test lint format rules types check messages docs screenshots bench bench-nightly clean FORCE
.NOTPARALLEL:
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   //p' Makefile

demo: .venv/.pindai
	@$(BIN)/pindai demo

test: .venv/.pindai-test
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: format rules types

format: .venv/.pindai-dev
	$(BIN)/python -m ruff format --check .

rules: .venv/.pindai-dev
	$(BIN)/python -m ruff check .

types: .venv/.pindai-dev
	$(BIN)/python -m mypy --strict

check: lint test

messages: .venv/.pindai-test
	@$(BIN)/python tests/spoken.py $(MESSAGES_ARGS)

docs: .venv/.pindai
	@$(BIN)/python -m scanner.check_docs docs/checks README.md README.id.md

screenshots: .venv/.pindai
	@$(BIN)/python docs/screenshots.py

bench: .venv/.pindai
	$(call measure,$(BENCHMARKS))

bench-nightly: .venv/.pindai-test
	$(call measure,$(NIGHTLY))

define measure
	@failed=; for name in $(1); do \
	    echo "== benchmarks/$$name.py"; \
	    $(BIN)/python benchmarks/$$name.py || failed="$$failed $$name"; \
	done; \
	[ -z "$$failed" ] || { echo "Below the goal or not run:$$failed" >&2; exit 1; }
endef

clean:
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis dist pindai-demo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What is installed into .venv, again when pyproject.toml changes. The sources themselves are used where they stand.

.venv/.pindai: .venv/.made pyproject.toml
	@echo "Installing Pindai into .venv ..."
	@$(INSTALL) .
	@touch .venv/.pindai

.venv/.pindai-test: .venv/.made pyproject.toml
	@echo "Installing Pindai and what its tests need into .venv ..."
	@$(INSTALL) '.[test]'
	@touch .venv/.pindai .venv/.pindai-test

.venv/.pindai-dev: .venv/.made pyproject.toml
	@echo "Installing Pindai and what its developers need into .venv ..."
	@$(INSTALL) '.[dev]'
	@touch .venv/.pindai .venv/.pindai-test .venv/.pindai-dev

# A Python that is there may still be a wrapper that runs nothing, too old, or without what makes environments: each is
# tried, and what was found is said. `ensurepip` is what Debian and Ubuntu leave out until python3-venv is installed.

FIND_PYTHON = \
	old=; bare=; found=; \
	if [ -n "$$PYTHON" ]; then set -- "$$PYTHON"; else set -- python3.13 python3.12 python3.11 python3; fi; \
	for python in "$$@"; do \
	    version=$$("$$python" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue; \
	    if ! "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	        old="$$python is Python $$version. "; \
	    elif lacks=$$("$$python" -c "$$PROBE"); then \
	        found=$$python; break; \
	    elif [ -z "$$bare" ]; then \
	        bare="$$python (Python $$version) has no module $$lacks"; \
	        package=$${version%.*}; \
	    fi; \
	done

define PROBE
import importlib.util, sys
for name in ("venv", "ensurepip", "ssl", "sqlite3", "zlib"):
    if importlib.util.find_spec(name) is None:
        sys.exit(print(name) or 1)
endef
export PROBE

# An environment that is here already is kept when it works.
define KEEP
import pip, sys
sys.exit(sys.version_info < (3, 11) or sys.prefix == sys.base_prefix)
endef
export KEEP

# Programs in an environment name its folder: one that was moved, or whose Python is gone, is made anew.
ifneq "$(shell test -x $(BIN)/python && cat .venv/.made 2>/dev/null)" "$(CURDIR)"
.venv/.made: FORCE
endif

.venv/.made:
	@if [ ! -e .venv/.made ] && $(BIN)/python -c "$$KEEP" 2>/dev/null; then \
	    echo "Using the environment .venv that is here."; \
	    echo "$$HERE" > .venv/.made; exit 0; \
	fi; \
	$(FIND_PYTHON); \
	if [ -n "$$found" ]; then \
	    echo "Making .venv with $$found (Python $$version) ..."; \
	    "$$found" -m venv --clear .venv && echo "$$HERE" > .venv/.made && exit 0; \
	    echo "The environment .venv could not be made; the lines above say why." >&2; exit 1; \
	fi; \
	if [ -n "$$bare" ]; then \
	    echo "$$bare, so it cannot run Pindai in an environment of its own."; \
	    echo "Install what is missing and run make again:"; \
	    echo "  Debian, Ubuntu   sudo apt install python$$package-venv"; \
	    echo "  others           the packages that complete Python $$package, or another Python: make PYTHON=/path/to/python3"; \
	else \
	    echo "Pindai needs Python 3.11 or newer. $${old:-None was found ($$*). }Install one and run make again:"; \
	    echo "  Debian 12, Ubuntu 24.04 and newer   sudo apt install python3 python3-venv"; \
	    echo "  Fedora                              sudo dnf install python3"; \
	    echo "  RHEL, AlmaLinux, Rocky 9            sudo dnf install python3.12"; \
	    echo "  macOS                               brew install python@3.13"; \
	    echo "  others                              https://www.python.org/downloads/"; \
	    echo "If it is there under another name or path: make PYTHON=/path/to/python3"; \
	fi >&2; exit 1
