# Needs a Python 3.10, 3.11 or 3.12 and nothing else; everything goes into .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
PIP_INSTALL := $(PY) -m pip install --disable-pip-version-check --constraint constraints.txt
APT_INSTALL = root=$$(test "$$(id -u)" = 0 || echo "sudo -n"); $$root apt-get update -qq && \
	DEBIAN_FRONTEND=noninteractive $$root apt-get install -qq -y --no-install-recommends
ARGS ?=
TEST_ARGS ?=
PYTHON ?= $(shell for p in python3.11 python3.12 python3.10 python3; do \
	if $$p -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; \
	then echo $$p; break; fi; done)

##@ Use
.PHONY: help
help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {print substr($$0, 5) ":"} \
		/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: validate
validate: $(VENV)/.installed-reference  ## Validate the shipped student, or what ARGS="..." names
	$(PY) scripts/validate.py $(ARGS)

##@ Develop
.PHONY: venv
venv: $(VENV)/.installed-reference  ## Make .venv and install the package into it

# A file stays with one process: what its tests share is made once.
.PHONY: test
test: $(VENV)/.installed-test browser  ## Run the tests; TEST_ARGS="..." goes to pytest
	OMP_NUM_THREADS=1 OCL_ICD_VENDORS=/dev/null $(PY) -m pytest -n 2 --dist loadfile \
		--no-loadscope-reorder -m "not opencl" $(TEST_ARGS)

# OpenCL on the processor takes the code path of a GPU.  `test` hides it: it would compile kernels
# in every test that tries all platforms.
.PHONY: opencl
opencl: $(VENV)/.installed-test  ## Run the tests of OpenCL, on the processor where there is no GPU
	@ls /etc/OpenCL/vendors/*.icd 2>/dev/null \
		|| { echo "installing pocl by apt, OpenCL on the processor"; \
			$(APT_INSTALL) ocl-icd-libopencl1 pocl-opencl-icd >/dev/null; } \
		|| echo "no OpenCL here and none installed: its tests are skipped" >&2
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 2 -m opencl tests/pipeline/test_opencl.py

.PHONY: gpu
gpu: $(VENV)/.installed-test  ## Test, measure and validate on a GPU; writes reports/benchmarks/cuda.json
	$(PY) scripts/gpu.py

# Counting lines takes two fifths of the tests' own time.
.PHONY: coverage
coverage:  ## Run the tests and count the lines that they reach
	@$(MAKE) test TEST_ARGS="--cov --cov-report=term $(TEST_ARGS)"

# The tests look at the HTML report in a real browser, and skip that where there is none.
.PHONY: browser
browser:
	@command -v chromium || command -v chromium-browser || command -v google-chrome \
		|| { echo "installing chromium by apt, for the tests of the HTML report"; \
			$(APT_INSTALL) chromium >/dev/null; } \
		|| echo "no chromium here and none installed: the tests of the HTML report are skipped" >&2

.PHONY: lint
lint: $(VENV)/.installed-lint  ## Check style, types and layers
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

# Material's notice about its own future tells a reader nothing.
.PHONY: docs
docs: $(VENV)/.installed-docs  ## Build the documentation into site/; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict

.PHONY: docs-serve
docs-serve: $(VENV)/.installed-docs  ## Show the documentation in a browser while you write
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs serve

.PHONY: format
format: $(VENV)/.installed-lint  ## Format the code and mend what can be mended
	$(VENV)/bin/ruff check --fix-only .
	$(VENV)/bin/ruff format .

.PHONY: clean
clean:  ## Remove .venv, caches and build outputs; runs/ stays
	rm -rf $(VENV) build dist site .pytest_cache .ruff_cache .mypy_cache .import_linter_cache \
		.hypothesis .coverage .coverage.*
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@test -n "$(PYTHON)" || { echo "no Python 3.10, 3.11 or 3.12 found;" \
		"install one, or name it: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "$(PYTHON) cannot make a virtual" \
		"environment; on Debian or Ubuntu: apt-get install python3-venv" >&2; exit 1; }

# One stamp for each set of extras: touched when pip is through, older than the files that decide.
# The first install shows pip's progress; later ones, which fetch little, are quiet.
$(VENV)/.installed-%: pyproject.toml constraints.txt | $(PY)
	@if compgen -G '$(VENV)/.installed-*' >/dev/null; then quiet=--quiet; else quiet=; fi; \
	echo "installing openmm-mlff[$*] into $(VENV); the first time some 2.2 GB are downloaded"; \
	$(PIP_INSTALL) $$quiet --editable '.[$*]'
	@touch $@
