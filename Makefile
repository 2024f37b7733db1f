# Every target has one line behind "##", which `make help` prints.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PARTS  := protos runtime gateway conversation-service messaging-service simulator devstack cli
SOURCES := $(PARTS:%=%/pyproject.toml) protos/generate.py $(wildcard protos/maskline/*/v1/*.proto)

# Moves all ports of `make run`.
PORT_OFFSET ?= 0
# Extra arguments of pytest, such as ARGS="tests/unit -k decide", or of the benchmark.
ARGS ?=

# How long `make soak` goes on.
STEPS ?= 200000

# Which run `make faults` makes, by default one of its own choice.
SEED ?=
# How long things break in `make faults`, and how long `make fuzz` goes on.
MINUTES ?= 3

.DEFAULT_GOAL := help
.PHONY: help install run test soak faults fuzz check format protos docs lock up down test-compose bench clean

help: ## Lists every target
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 15

install: $(BIN)/.installed ## Makes the environment and generates the stubs

$(BIN)/.installed: requirements/dev.txt $(SOURCES)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation $(PARTS:%=--editable ./%)
	touch $@

run: install ## Runs all of Maskline here, with a simulated carrier; Ctrl-C ends it
	@$(BIN)/python -m devstack --port-offset $(PORT_OFFSET)

test: install ## Runs the tests, on a real Redis-compatible server of their own
	$(BIN)/python -m pytest -m "not compose" $(ARGS)

check: install ## Style, types, architecture, contracts and the compose file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	cd protos && ../$(BIN)/buf lint && ../$(BIN)/buf format --diff --exit-code
	cd protos && ../$(BIN)/buf breaking --against baseline.binpb
	$(BIN)/python docs/write_pages.py --check
	$(BIN)/python deploy/check_compose.py
	$(BIN)/python deploy/compose.py check

format: install ## Formats Python and contracts
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .
	cd protos && ../$(BIN)/buf format --write

protos: install ## Generates the stubs anew
	$(BIN)/python protos/generate.py

docs: install ## Writes docs/settings.md and docs/pools.md from the code itself
	$(BIN)/python docs/write_pages.py

lock: install ## Resolves all dependencies anew and writes the hashed requirement files
	$(BIN)/python requirements/lock.py

# Variables of docker-compose.yml may be given here too: make up PYTHON_IMAGE=python:3.12-slim
up: ## Starts the docker-compose stack and waits until it is healthy
	@$(PYTHON) deploy/compose.py up

down: ## Ends the docker-compose stack; its data stays
	@$(PYTHON) deploy/compose.py down

soak: install ## Runs the model beside the service for long: make soak STEPS=1000000
	MODEL_STEPS=$(STEPS) $(BIN)/python -m pytest tests/model -s

faults: install ## Kills, cuts and spoils while people text, then counts: make faults SEED=7 MINUTES=10
	@PYTHONPATH=tests $(BIN)/python -m faults $(if $(SEED),--seed $(SEED)) --minutes $(MINUTES)

fuzz: install ## Tries bad input for long: make fuzz MINUTES=60
	PYTHONPATH=tests $(BIN)/python -m fuzz $(MINUTES)

test-compose: install ## Holds a conversation through the docker-compose stack
	$(BIN)/python -m pytest -m compose tests/compose $(ARGS)

bench: install ## Measures the running stack, and what encryption costs; ARGS="--quick"
	PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

clean: ## Removes what was built here; conversations of `make run` stay in .data
	rm -rf $(VENV) protos/generated .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache
