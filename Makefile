# Targets are idempotent and re-use .venv. `make demo` and `make test` need Python 3.11+, make and a package index.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2

.PHONY: demo test install lint types imports docs-check unit bench docs clean

demo: $(VENV)/.installed-run
	$(BIN)/python -m netgain.lab.demo --out demo-out

test: lint types imports docs-check unit

install: $(VENV)/.installed-dev

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

imports: $(VENV)/.installed-dev
	$(BIN)/lint-imports

docs-check: $(VENV)/.installed-dev
	$(BIN)/python tools/gen_docs.py --check

unit: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup -q

docs: $(VENV)/.installed-dev
	$(BIN)/python tools/gen_docs.py

bench: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/recorder_overhead.py
	$(BIN)/python benchmarks/startup.py

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

# torch first and alone: other resolvers prefer builds of several gigabytes.
$(VENV)/.installed-run: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt torch
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -e '.[torch]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-run requirements-dev.txt
	$(BIN)/python -m pip install -q --disable-pip-version-check -c constraints.txt -r requirements-dev.txt
	@touch $@

clean:
	rm -rf $(VENV) demo-out dist build
