# `make` alone lists the targets. Everything is installed into .venv in this folder, nowhere else.

PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
VENV := .venv/bin
LAME := .venv/lib/libmp3lame.so.0
PACKAGES := service-kit users-service records-service transcoder-service standalone
COMPILED := $(filter-out service-kit,$(PACKAGES))
CHECKED := $(PACKAGES) nginx acceptance bench
# One resolution into build/ comes first, so that every part takes the same version of what it shares with others.
COMPILE := $(VENV)/uv pip compile --quiet --system-certs --universal --python-version 3.11 --no-header --no-emit-package service-kit
T ?=

.DEFAULT_GOAL := help
.PHONY: help setup run lame test lint types format bench images requirements clean
MAKEFLAGS += --no-print-directory

help:
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup:  ## install into .venv what the other targets need (they do it by themselves)
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer is needed and not in the PATH; name one with make PYTHON=/path/to/python3" >&2; exit 1; \
	elif ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
		echo "$(PYTHON) is not a Python of version 3.11 or newer; name one with make PYTHON=/path/to/python3" >&2; exit 1; \
	fi
	@$(PYTHON) standalone/install.py

run: setup  ## start the whole system here: PostgreSQL, migrations, services, nginx; Ctrl-C stops it
	@exec $(VENV)/standalone --with-parent

lame: $(LAME)  ## build libmp3lame for processors with AVX2: the same MP3s in 7/8 of the CPU time (Debian, Ubuntu)

$(LAME): transcoder-service/build-libmp3lame.sh | setup
	@grep -qw avx2 /proc/cpuinfo || { echo "This processor has no AVX2" >&2; exit 1; }
	@sh transcoder-service/build-libmp3lame.sh $(@D)

test: setup  ## run all tests, or one file: make test T=users-service/tests
	@$(VENV)/python -m pytest $(T)

lint: setup  ## look for mistakes and foreign style
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .

types: setup  ## check the types, each package by itself
	@for package in $(CHECKED); do echo "$$package"; $(VENV)/mypy $$package || failed=1; done; test -z "$$failed"

format: setup  ## bring the code into its form
	@$(VENV)/ruff check --fix .
	@$(VENV)/ruff format .

bench: setup  ## measure what it costs, beside the lame command and nginx serving files; does `make lame` first
	@$(MAKE) lame || echo "Measuring with another libmp3lame"
	@$(VENV)/python -m bench

images:  ## build the containers' images
	@docker compose build

requirements: setup  ## compile every requirements.txt anew from the pyproject.toml files
	@mkdir -p build
	@$(COMPILE) --upgrade -o build/constraints.txt $(COMPILED:%=%/pyproject.toml) requirements-dev.in
	@for part in $(COMPILED); do \
		$(COMPILE) --generate-hashes -c build/constraints.txt -o $$part/requirements.txt $$part/pyproject.toml || exit 1; \
	done
	@$(COMPILE) --generate-hashes -c build/constraints.txt -o requirements-dev.txt requirements-dev.in
	@$(COMPILE) --generate-hashes --upgrade --no-deps -o nginx/requirements.txt nginx/requirements.in

clean:  ## remove what was installed and made here; data/ stays
	@rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@find . -name '*.egg-info' -type d -prune -exec rm -rf {} +
