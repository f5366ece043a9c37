# Set-up and checks. `make help` lists the targets.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
BASE := $(VENV)/.base-is-set-up
DEV := $(VENV)/.dev-is-set-up
WHEEL_VENV := build/wheel-venv

export CMAKE_BUILD_PARALLEL_LEVEL ?= $(shell getconf _NPROCESSORS_ONLN)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help venv dev demo test soak check format docs model wheel clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: $(BASE) ## Set up .venv with the base install: scoring and connecting
dev: $(DEV) ## Set up .venv with everything; done again only when pyproject.toml changes

demo: $(BASE) ## Make a simulated company's CRM in hpro-demo, score it, and score it again a week later
	$(BIN)/hpro demo

test: $(DEV) ## Run the tests
	$(BIN)/pytest -n 2

soak: $(DEV) ## Run the long tests in full; `make test` runs them at about a twentieth
	$(BIN)/pytest -n 2 -m soak --soak

check: $(DEV) ## Check format, lint, types, import direction and the generated parts of README.md
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/cog --check --diff README.md

format: $(DEV) ## Format the code and fix what ruff can fix
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: $(DEV) ## Write the generated parts of README.md anew
	$(BIN)/cog -r README.md

model: $(DEV) ## Train the bundled scorer anew on simulated companies, and measure it; about an hour, on one core
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/train_bundled_model.py
	OMP_NUM_THREADS=1 $(BIN)/python benchmarks/simulated_companies.py \
	  --model hpro_sdk/models/demo_test_drive.gguf --out benchmarks/results/simulated_test_drive.json
	$(BIN)/python benchmarks/model_card.py

wheel: $(DEV) ## Build the wheel, install it without extras and test what was installed
	rm -rf dist $(WHEEL_VENV)
	$(BIN)/python -m build --wheel --no-isolation --outdir dist
	$(PYTHON) -m venv $(WHEEL_VENV)
	$(WHEEL_VENV)/bin/pip install --quiet dist/*.whl pytest hypothesis build hatchling
	$(WHEEL_VENV)/bin/pytest tests/packaging

clean: ## Remove what was built and cached; .venv stays
	rm -rf build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	find hpro_sdk connectors quantize tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "HPRO needs Python 3.11 or newer, and '$(PYTHON)' is not. Name another one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

define say_what_takes_long
	@$(BIN)/python -c 'import importlib.util, sys; sys.exit(importlib.util.find_spec("llama_cpp") is None)' || \
	  echo "compiling llama.cpp: about six minutes on two cores, once; pip keeps the wheel afterwards"
endef

# CMake and Ninja, where the system has none, come with the build of llama-cpp-python: its build backend asks pip for them.
$(BASE): pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(say_what_takes_long)
	$(BIN)/pip install -e .
	@touch $@

# The exact pin takes torch's small CPU build where there is no GPU; it stands here and nowhere else.
$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/pip install torch==2.13.0
	$(say_what_takes_long)
	$(BIN)/pip install -e '.[all]' --group dev
	@touch $@ $(BASE)
