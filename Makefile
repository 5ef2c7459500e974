# `make demo` and `make test` do their own set-up, in a virtual environment of the project's.
PYTHON ?= python3
VENV ?= .venv-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
BIN = $(VENV)/bin

.PHONY: demo test programs lint types bench clean

$(VENV)/ready: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test,examples]'
	touch $@

demo: $(VENV)/ready
	$(BIN)/python examples/demo.py

test: $(VENV)/ready lint types
	$(BIN)/python -m pytest

programs: $(VENV)/ready
	$(BIN)/python -m pytest -m programs -rA tests/programs

lint: $(VENV)/ready
	$(BIN)/ruff check src tests examples benchmarks
	$(BIN)/ruff format --check src tests examples benchmarks

types: $(VENV)/ready
	$(BIN)/mypy -p theon.graph -p theon.kernel -p theon.schedule -p theon.codegen

bench: $(VENV)/ready
	$(BIN)/python -m benchmarks

clean:
	rm -rf $(VENV) build dist demo-output
