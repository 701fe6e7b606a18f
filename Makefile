# The commands of this project. `make demo` and `make test` are the two a newcomer needs; they install what they use.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory

VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Only `make lock` needs it.
UV     := uv==0.13.9
COVERED := agreements signatures outbox
PYTEST := $(BIN)/python -m pytest

##@ For everybody

.PHONY: help
help:  ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@/ { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 } \
	  END { print "" }' $(MAKEFILE_LIST)

.PHONY: demo
demo: install  ## install what is missing, then run the whole main job on this machine and show what came of it
	@rm -rf build/demo
	$(BIN)/avtale demo --keep build/demo

.PHONY: test
test: lint types arch unit e2e crash fuzz  ## every gate and every test: what CI runs

##@ One gate at a time

.PHONY: lint
lint: $(VENV)/installed-dev  ## ruff: rules and layout
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: $(VENV)/installed-dev  ## mypy --strict over the packages, the tests and the tools
	$(BIN)/mypy $(wildcard agreements intake signatures renderers outbox onboarding tests tools)

.PHONY: arch
arch: $(VENV)/installed-dev  ## the floors, the doors and the house rules; prints the sizes of files and functions
	$(BIN)/lint-imports --no-logo
	$(PYTEST) -q tests/architecture
	$(BIN)/python tools/sizes.py

.PHONY: unit
unit: $(VENV)/installed-dev  ## unit, property and contract tests
	$(PYTEST) -n 2 --dist loadfile --ignore tests/architecture

.PHONY: coverage
coverage: $(VENV)/installed-dev  ## the same with branch coverage, held to 90 % in three packages; takes a quarter longer
	@mkdir -p build
	$(PYTEST) -n 2 --dist loadfile --ignore tests/architecture --cov --cov-report=
	@for package in $(COVERED); do \
	  echo "branch coverage of $$package, at least 90 %:"; \
	  $(BIN)/coverage report --fail-under=90 --include="$$package/*" || exit 1; \
	done

.PHONY: contract
contract: $(VENV)/installed-dev  ## the real services and their stand-ins pass the same tests
	$(PYTEST) -m contract

.PHONY: e2e
e2e: $(VENV)/installed-dev  ## the built wheel in a fresh virtual environment
	$(PYTEST) -m e2e

.PHONY: crash
crash: $(VENV)/installed-dev  ## kill the process at every point and start it again (at most 90 s)
	$(PYTEST) -m crash -n 2 --dist loadfile

.PHONY: crash-long
crash-long: $(VENV)/installed-dev  ## 500 kills at random moments while 300 files and 200 mails arrive, 3,000 of senders; some minutes
	AVTALE_KILLS=500 $(PYTEST) -m crash -q tests/crash/test_storm.py
	AVTALE_OUTBOX_KILLS=1500 $(PYTEST) -m crash -q tests/crash/test_outbox_storm.py

.PHONY: fuzz
fuzz: $(VENV)/installed-dev  ## hostile bytes (at most 90 s)
	$(PYTEST) -m fuzz

.PHONY: fuzz-long
fuzz-long: $(VENV)/installed-dev  ## ten thousand hostile files, a hundred thousand mails, and new chance for every property; takes some minutes
	AVTALE_SEARCH=1 AVTALE_MUTANTS=10000 $(PYTEST) -m fuzz -q tests/fuzz
	AVTALE_SEARCH=1 $(PYTEST) -q -n 2 -m "hypothesis and not (e2e or crash or fuzz or bench)"

.PHONY: fuzz-guided
fuzz-guided: $(VENV)/installed-dev  ## search for hostile files by coverage (Linux, Python 3.11); SECONDS=120
	$(PIP) install --no-deps --require-hashes -r requirements/guided.txt
	$(BIN)/python -m tests.fuzz.guided $(or $(SECONDS),120)

.PHONY: lint-pdf
lint-pdf: $(VENV)/installed-dev  ## sample agreements against the rules of PDF/A-3a and PDF/UA-1 that we know
	$(BIN)/python -m tools.lint_pdf

.PHONY: bench
bench: $(VENV)/installed-dev  ## numbers: issue, validate, forward
	$(PYTEST) -m bench -s -q

.PHONY: bench-intake
bench-intake: $(VENV)/installed-dev  ## numbers: receiving, 10,000 files and 10,000 mails among them; takes some minutes
	AVTALE_FILES=10000 AVTALE_MAILS=10000 $(PYTEST) -m bench -s -q $(wildcard tests/bench/test_bench_intake*.py)

.PHONY: bench-outbox
bench-outbox: $(VENV)/installed-dev  ## numbers: sending to a real relay beside plain smtplib, and what a message costs who enqueues it
	$(PYTEST) -m bench -s -q tests/bench/test_bench_outbox.py

.PHONY: bench-reading
bench-reading: $(VENV)/installed-dev  ## numbers: which values come back through what rewrites a document; SETS=500; writes docs/reading.md
	AVTALE_SETS=$(or $(SETS),500) $(PYTEST) -m bench -s -q $(wildcard tests/bench/test_bench_reading*.py)

##@ Housekeeping

.PHONY: install
install: $(VENV)/installed  ## system packages that are missing, the virtual environment, the locked packages

.PHONY: docs
docs: $(VENV)/installed-dev  ## write docs/{commands,findings,errors}.md and docs/schemas anew from the program's own texts
	$(BIN)/python -m tools.write_reference

.PHONY: lock
lock: $(VENV)/installed  ## lock the packages anew: versions and hashes, without addresses
	$(BIN)/python -m venv build/lock
	build/lock/bin/python -m pip --disable-pip-version-check --quiet install $(UV)
	build/lock/bin/uv pip compile $(COMPILE) -o requirements/runtime.txt pyproject.toml requirements/build.in
	build/lock/bin/uv pip compile $(COMPILE) -o requirements/dev.txt -c requirements/runtime.txt \
	  --extra dev --extra google --extra microsoft365 --extra postgres pyproject.toml requirements/build.in
	build/lock/bin/uv pip compile $(COMPILE) -o requirements/guided.txt requirements/guided.in

COMPILE := --quiet --universal --python-version 3.11 --generate-hashes --no-header \
  --no-emit-index-url --no-emit-find-links -c requirements/constraints.txt

.PHONY: clean
clean:  ## take away everything that can be made again
	rm -rf $(VENV) build dist *.egg-info .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What is installed leaves a stamp, so that the second time takes no time and no network. The locks name everything, so
# pip resolves nothing (`--no-deps`): with hashes it refuses a package with extras as soon as a newer version is out.

$(VENV)/bin/python:
	@tools/system-packages run
	python="$$(tools/find-python)" && "$$python" -m venv $(VENV)

$(VENV)/installed: requirements/runtime.txt pyproject.toml | $(VENV)/bin/python
	@tools/system-packages run
	$(PIP) install --no-deps --require-hashes -r requirements/runtime.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m pip --disable-pip-version-check check
	@touch $@

$(VENV)/installed-dev: requirements/dev.txt $(VENV)/installed
	@tools/system-packages test
	$(PIP) install --no-deps --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip --disable-pip-version-check check
	@touch $@
