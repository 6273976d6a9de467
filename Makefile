# Everything runs in .venv, which the targets make and renew by themselves. Only Python 3.11+ is needed.

PYTHON ?= python3
BIN    := .venv/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check
FETCH  := $(BIN)/python tools/fetch.py
PINS   := pyproject.toml constraints.txt

# The isolated environment that pip builds the package in takes its versions from the same file.
export PIP_CONSTRAINT       := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test slow format docs clips basicvsr efficientnet clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

demo: .venv/.runtime clips  ## Upscale a sample clip and put it beside its bicubic enlargement
	@mkdir -p demo
	$(BIN)/videogigagan upscale .cache/clips/carphone_pristine.mp4 -o demo/carphone_x4.mp4 \
	    --frames 48 --compare side --overwrite

test: .venv/.dev  ## Run every check: style, spelling, types, layers, dependencies, dead code, tests
	@$(FETCH) clips 2>/dev/null || echo "No sample clips (see \`make clips\`): tests that need them are skipped."
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/basedpyright --level error
	$(BIN)/lint-imports
	$(BIN)/deptry src
	$(BIN)/vulture
	$(BIN)/pytest -n auto --maxprocesses 4 --dist loadfile

slow: .venv/.dev  ## Run the tests that take longer
	$(BIN)/pytest -m slow

format: .venv/.dev  ## Put the code into the house form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/.docs  ## Build the documentation into site/
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict

clips: .venv/.created  ## Fetch the sample clips into .cache/clips
	@$(FETCH) clips

basicvsr: .venv/.created  ## Fetch the published BasicVSR weights into .cache/basicvsr
	@$(FETCH) basicvsr

efficientnet: .venv/.created  ## Fetch EfficientNet-Lite0, by which likeness is learned, into .cache/efficientnet
	@$(FETCH) efficientnet

clean:  ## Remove what the other targets made; fetched files in .cache stay
	rm -rf .venv demo dist site .pytest_cache .ruff_cache .hypothesis .import_linter_cache

.venv/.created:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and \
	    'videogigagan needs Python 3.11 or newer; name one with: make PYTHON=python3.12')"
	@echo "Installing into .venv; the first time this takes some minutes."
	$(PYTHON) -m venv .venv
	@touch $@

.venv/.runtime: .venv/.created $(PINS)
	$(PIP) install -qq -c constraints.txt -e .
	@touch $@

.venv/.dev: .venv/.created $(PINS)
	$(PIP) install -qq -c constraints.txt -e ".[dev]"
	@touch .venv/.runtime $@

.venv/.docs: .venv/.created $(PINS)
	$(PIP) install -qq -c constraints.txt -e ".[docs]"
	@touch .venv/.runtime $@
