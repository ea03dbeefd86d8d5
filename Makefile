# Two commands do everything on a fresh machine: `make demo` and `make test`. Both create .venv by themselves.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test quick lint format docs pictures bench tables clean

help: ## show this help
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "chainrule needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# A stamp a set of extras: installed once, and again when pyproject.toml changes.
$(VENV)/.installed-%: $(BIN)/python pyproject.toml
	$(PIP) install --quiet --editable '.[$*]'
	@touch $@

demo: $(VENV)/.installed-page ## train on a real table and show the result
	$(BIN)/python examples/demo.py

test: $(VENV)/.installed-test ## all tests, in parallel and in random order, with coverage
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term:skip-covered --cov-fail-under=95

quick: $(VENV)/.installed-test ## the tests without the slow ones
	$(BIN)/python -m pytest -n 2 -m "not slow"

lint: $(VENV)/.installed-lint ## ruff and mypy
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

format: $(VENV)/.installed-lint ## let ruff format and mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(VENV)/.installed-docs ## build the documentation into site/
	$(BIN)/mkdocs build --strict

pictures: demo ## draw the pictures of README and docs anew (needs chromium)
	$(BIN)/python docs/pictures/draw.py

bench: $(VENV)/.installed-bench ## measure speed beside the peers (an hour); DATA=FOLDER has california.csv
	$(BIN)/python -m benchmarks.speed $(if $(DATA),--data $(DATA))

tables: $(VENV)/.installed-bench ## train with the defaults on real tables; DATA=FOLDER has them
	$(BIN)/python benchmarks/tables.py $(DATA)

clean: ## remove everything that make has made
	rm -rf $(VENV) build dist site demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
