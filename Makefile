# Two commands do everything on a fresh machine: `make demo` and `make test`. Both create .venv by themselves, and build the
# native core, for which they need a C++20 compiler.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test quick sanitize lint format docs pictures bench dropin kernels tables clean

NATIVE := $(wildcard native/*.cpp native/*.hpp native/layers/*.hpp native/simd/*.hpp)
FORMATTED := $(NATIVE) $(wildcard native/tests/*.cpp native/tests/*.hpp native/benchmarks/*.cpp native/benchmarks/*.hpp)

help: ## show this help
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 10

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "chainrule needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The package itself: installed once, and again when what it is built from changes.
$(VENV)/.installed: $(BIN)/python pyproject.toml CMakeLists.txt $(NATIVE)
	$(PIP) install --quiet --editable .
	@touch $@

# A stamp a set of extras. The package is there already, so this fetches what the extras name, and builds nothing.
$(VENV)/.installed-%: $(VENV)/.installed
	$(PIP) install --quiet 'chainrule[$*]'
	@touch $@

demo: $(VENV)/.installed-page ## train on a real table and show the result
	$(BIN)/python examples/demo.py

test: $(VENV)/.installed-test ## all tests, in parallel and in random order, with coverage
	$(BIN)/python -m pytest -n 2 --cov --cov-report=term:skip-covered --cov-fail-under=95

quick: $(VENV)/.installed-test ## the tests without the slow ones
	$(BIN)/python -m pytest -n 2 -m "not slow"

# Each sanitizer has a build of its own (CMakePresets.json); the first that finds something ends this.
sanitize: $(VENV)/.installed-test ## the core's own tests under the sanitizers: address, undefined, thread
	@export PATH="$(abspath $(BIN)):$$PATH"; for sanitizer in address undefined thread; do \
	  cmake --preset $$sanitizer && cmake --build --preset $$sanitizer && build/$$sanitizer/core_tests || exit 1; done

lint: $(VENV)/.installed-lint ## ruff, mypy and clang-format
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/clang-format --dry-run -Werror $(FORMATTED)
	$(BIN)/mypy

format: $(VENV)/.installed-lint ## let ruff and clang-format format and mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(BIN)/clang-format -i $(FORMATTED)

docs: $(VENV)/.installed-docs ## build the documentation into site/
	$(BIN)/mkdocs build --strict

pictures: demo ## draw the pictures of README and docs anew (needs chromium)
	$(BIN)/python docs/pictures/draw.py

bench: $(VENV)/.installed-bench ## measure speed beside the peers (an hour); DATA=FOLDER has california.csv
	$(BIN)/python -m benchmarks.speed $(if $(DATA),--data $(DATA))

kernels: $(VENV)/.installed-test ## measure the core's kernels beside BLAS, on one thread (a minute, and a build)
	$(BIN)/python -m benchmarks.kernels

dropin: $(VENV)/.installed-bench ## measure MLPClassifier and MLPRegressor beside scikit-learn's
	$(BIN)/python -m benchmarks.dropin

tables: $(VENV)/.installed-bench ## train with the defaults on real tables; DATA=FOLDER has them
	$(BIN)/python benchmarks/tables.py $(DATA)

clean: ## remove everything that make has made
	rm -rf $(VENV) build dist site demo .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage*
