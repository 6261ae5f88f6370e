# What a newcomer, a contributor and CI run. Needs git, make and Python >= 3.11; nothing else.
# The order of the house: setup makes .venv from the lock, everything else runs inside it.

VENV  := .venv
BIN   := $(VENV)/bin
STAMP := $(VENV)/.setup-done

# The first interpreter that is new enough; say `make setup PYTHON=...` to choose another.
PYTHON ?= $(shell for candidate in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$candidate; break; fi; done)

# Trust what this machine trusts: behind a company's proxy the certificate is in the system's store only.
export UV_SYSTEM_CERTS ?= 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Tests start the hub hundreds of times: without its compiled files each start takes twice as long.
unexport PYTHONDONTWRITEBYTECODE

PYTEST_ARGS ?=
PEERS_ARGS  ?=
DEMO_ARGS   ?=
BENCH_ARGS  ?=
CHAOS_ARGS  ?=
SIM_ARGS    ?=

.DEFAULT_GOAL := help
.PHONY: help setup demo test peers check format lock bench chaos simulate

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

setup: $(STAMP) ## make .venv from requirements.lock (quick when nothing changed)

# uv itself comes out of the lock too, so that nothing at all is installed without a checked hash;
# the project's own build runs on the locked build tools (--no-build-isolation) for the same reason.
$(STAMP): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found" >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	@awk '/^[^ ]/ { ours = /^uv==/ } ours' requirements.lock > $(VENV)/uv.lock
	@$(BIN)/pip install --quiet --require-hashes -r $(VENV)/uv.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## boot the hub and a simulated distributor, and show what happens
	$(BIN)/crossdock demo $(DEMO_ARGS)

check: setup ## style, format, types, import contracts, published contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/crossdock contracts --check

test: check ## check, then every test that needs no other program
	$(BIN)/pytest -n 2 -m "not peers" $(PYTEST_ARGS)

peers: setup ## install real far systems (needs node and npm), then the tests that run beside them
	$(BIN)/python -m tests.peers.install
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder -m peers tests/peers $(PEERS_ARGS)

format: setup ## let ruff repair what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: setup ## resolve the dependencies again into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --group dev --generate-hashes --universal -p 3.11 \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		--quiet -o requirements.lock

bench: setup ## the workloads beside their hand-written floor
	$(BIN)/crossdock bench $(BENCH_ARGS)

chaos: setup ## play the demo while its processes and lines are struck, and see that nothing is lost
	$(BIN)/python scripts/kill_the_hub.py $(CHAOS_ARGS)

simulate: setup ## play seeded schedules of faults on virtual time
	$(BIN)/crossdock simulate $(SIM_ARGS)
