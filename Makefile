# `make run` and `make test` set up whatever is missing, here in .venv, and nothing elsewhere.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(VENV)/.run
TEST := $(VENV)/.test
BROWSER := $(VENV)/.browser
COVERAGE_FLOOR := 97
# Tests wait as much as they work: for clocks, locks and processes that start.
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
# Where it is set, each process would compile the application anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test check format lint types imports menus soak bench graph pictures translations lock clean

help: ## Say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

run: $(RUN) ## Start everything on this machine; Ctrl-C ends it
	@exec $(BIN)/ussd-app run

test: $(TEST) $(BROWSER) ## Run the whole test suite
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup -q $(ARGS)

check: $(TEST) $(BROWSER) format lint types imports menus ## All that a change must pass
	@echo "==> tests, with branch coverage"
	@$(MAKE) --no-print-directory test \
	  ARGS="--cov --cov-report=term --cov-fail-under=$(COVERAGE_FLOOR) $(ARGS)"

format: $(TEST)
	@echo "==> format" && $(BIN)/ruff format --check .

lint: $(TEST)
	@echo "==> lint" && $(BIN)/ruff check .

types: $(TEST)
	@echo "==> types" && $(BIN)/mypy

imports: $(TEST)
	@echo "==> import contracts" && $(BIN)/lint-imports --no-cache

menus: $(TEST)
	@echo "==> menus" && $(BIN)/ussd-app menus verify && $(BIN)/ussd-app menus graph --check

soak: $(TEST) $(BROWSER) ## The slow suites: faults for minutes
	@$(BIN)/python -m pytest -q -m soak -n 0 $(ARGS)

bench: $(TEST) ## Measure, beside limits and peers, in one run
	@$(BIN)/python -m benchmarks $(ARGS)

graph: $(RUN) ## Draw the menus anew
	@$(BIN)/ussd-app menus graph > menus/graph.mmd

pictures: $(TEST) $(BROWSER) ## Take the pictures of docs/pictures from a running `make run`
	@$(BIN)/python -m tests.browser.pictures

translations: $(RUN) ## Bring new texts into every language's catalogue
	@$(BIN)/pybabel -q extract -k _ --no-location --sort-output -o $(VENV)/messages.pot menus ussd_app
	@for po in menus/translations/*/messages.po; do \
	  sed '/^$$/q' $$po > $(VENV)/head.po \
	  && $(BIN)/pybabel -q update -N --no-wrap --ignore-obsolete --omit-header -i $(VENV)/messages.pot \
	    -o $$po -l $$(basename $$(dirname $$po)) \
	  && cat $(VENV)/head.po $$po > $(VENV)/whole.po && mv $(VENV)/whole.po $$po || exit; done

lock: $(RUN) ## Resolve the dependencies anew
	@$(BIN)/python -m pip install -q uv
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command 'make lock' pyproject.toml --extra embedded --extra assets requirements/build.in \
	  -o requirements/run.txt $(ARGS)
	@$(BIN)/uv pip compile -q --universal --generate-hashes --no-emit-index-url --python-version 3.11 \
	  --custom-compile-command 'make lock' pyproject.toml --extra embedded --extra assets --group test \
	  requirements/build.in -c requirements/run.txt -o requirements/test.txt $(ARGS)

clean: ## Remove what set-up made; data in var/ stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(BIN)/python:
	@echo "==> [1/3] making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || (echo "Python 3.11 or newer is needed; name it: make PYTHON=/path/to/python3.11" && false)
	@$(PYTHON) -m venv $(VENV) \
	  || (rm -rf $(VENV) && echo "Python's venv module is missing (Debian: apt install python3-venv)" && false)

$(RUN): $(BIN)/python requirements/run.txt pyproject.toml admin/package-lock.json
	@echo "==> [2/3] installing what the application needs"
	@$(BIN)/python requirements/install.py requirements/run.txt
	@$(BIN)/python requirements/assets.py
	@echo "==> [3/3] installing ussd-app"
	@$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(TEST): $(RUN) requirements/test.txt
	@echo "==> installing what the tests need"
	@$(BIN)/python requirements/install.py requirements/test.txt
	@touch $@

$(BROWSER): $(TEST) tests/browser/package.json tests/browser/package-lock.json
	@$(BIN)/python tests/browser/fetch.py $(VENV)/browser
	@touch $@
