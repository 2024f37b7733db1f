# Every target has one line behind "##", which `make help` prints.

# Each of many processes would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PARTS  := protos runtime gateway conversation-service messaging-service simulator devstack cli
SOURCES := $(PARTS:%=%/pyproject.toml) protos/generate.py $(wildcard protos/maskline/*/v1/*.proto)

# Moves all ports of `make run`.
PORT_OFFSET ?= 0
# Extra arguments of pytest, such as ARGS="tests/unit -k decide", or of the benchmark.
ARGS ?=

# Parallel processes of the tests. Each has a Redis server of its own. Files start in the order of
# tests/conftest.py.
WORKERS ?= auto
PARALLEL := -n $(WORKERS) --dist loadfile --no-loadscope-reorder

# Length of `make soak`.
STEPS ?= 200000
# Repeats a run of `make soak` or `make faults`; drawn and printed if empty. The model's steps in
# `make test-all` are those of seed 7 if it is empty.
SEED ?=
# Length of `make faults` and `make fuzz`.
MINUTES ?= 3

# The deployment of `make conformance`: target of gRPC, file with a token of the role `operator`,
# URL of the simulator. Without a target the tests start one. POWERLESS_TOKEN_FILE, CA_FILE,
# CERT_FILE and KEY_FILE are optional.
TARGET ?=
TOKEN_FILE ?=
SIMULATOR ?=

.DEFAULT_GOAL := help
.PHONY: help install run test test-all test-compose node conformance soak faults fuzz check format \
	protos docs lock up down bench clean

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

test: install ## Runs the tests except those marked slow: every guarantee once, in minutes
	$(BIN)/python -m pytest $(PARALLEL) $(ARGS)

test-all: install ## Runs the slow tests: long model runs, faults, fuzzing, devstack, bench, compose
	MODEL_SEED=$(or $(SEED),7) $(BIN)/python -m pytest -m slow $(PARALLEL) $(ARGS)

test-compose: install ## Holds a conversation through the docker-compose stack
	$(BIN)/python -m pytest -m slow tests/system/compose $(ARGS)

node: $(BIN)/.node-installed ## Installs what clients in Node need for their part of `make test-all`

$(BIN)/.node-installed: requirements/node/package-lock.json | install
	mkdir -p $(VENV)/node
	cp requirements/node/*.json $(VENV)/node
	npm ci --prefix $(VENV)/node --ignore-scripts --no-audit --no-fund --silent
	touch $@

conformance: install ## Tests a deployment of yours: make conformance TARGET= TOKEN_FILE= SIMULATOR=
	CONFORMANCE_TARGET=$(TARGET) CONFORMANCE_SIMULATOR=$(SIMULATOR) \
	CONFORMANCE_TOKEN_FILE=$(TOKEN_FILE) CONFORMANCE_POWERLESS_TOKEN_FILE=$(POWERLESS_TOKEN_FILE) \
	CONFORMANCE_CA_FILE=$(CA_FILE) CONFORMANCE_CERT_FILE=$(CERT_FILE) \
	CONFORMANCE_KEY_FILE=$(KEY_FILE) $(BIN)/python -m pytest tests/conformance $(ARGS)

check: install ## Style, types, words, sizes, architecture, contracts and the compose file
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m checks
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

docs: install ## Writes docs/settings.md, pools.md, registration.md and api/ from the code itself
	$(BIN)/python docs/write_pages.py

lock: install ## Resolves all dependencies anew and writes the hashed requirement files
	$(BIN)/python requirements/lock.py

# Variables of docker-compose.yml may be given here too: make up PYTHON_IMAGE=python:3.12-slim
up: ## Starts the docker-compose stack and waits until it is healthy
	@$(PYTHON) deploy/compose.py up

down: ## Ends the docker-compose stack; its data stays
	@$(PYTHON) deploy/compose.py down

soak: install ## Runs the model beside the service for long: make soak STEPS=1000000 SEED=7
	MODEL_STEPS=$(STEPS) MODEL_SEED=$(SEED) $(BIN)/python -m pytest -m slow tests/model -s

faults: install ## Kills processes and breaks connections under load: make faults SEED=7 MINUTES=10
	@PYTHONPATH=tests $(BIN)/python -m chaos $(if $(SEED),--seed $(SEED)) --minutes $(MINUTES)

fuzz: $(BIN)/.fuzz-installed ## Tries bad input for long: make fuzz MINUTES=60
	PYTHONPATH=tests $(BIN)/python -m fuzz $(MINUTES)

$(BIN)/.fuzz-installed: requirements/fuzz.txt | install
	$(BIN)/pip install --quiet --require-hashes -r requirements/fuzz.txt
	touch $@

bench: install ## Measures speed and cost against targets; ARGS="skeleton --against ../other"
	PYTHONPATH=tests $(BIN)/python -m bench $(ARGS)

clean: ## Removes what was built here; conversations of `make run` stay in .data
	rm -rf $(VENV) protos/generated .mypy_cache .pytest_cache .ruff_cache .hypothesis \
		.import_linter_cache
