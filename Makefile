# Everything a person does here, one target each. `make help` prints the lines behind ##.

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
UV := uv==0.13.9

.DEFAULT_GOAL := help
.PHONY: help run test test-long benchmark check browser translations install lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(READY) ## start everything on this machine; Ctrl-C stops it
	@$(BIN)/crm dev

test: check browser ## check, then the whole test suite without the long tests
	$(BIN)/pytest -m "not long" -n 2

test-long: $(READY) browser ## only the tests that take minutes
	$(BIN)/pytest -m long

benchmark: $(READY) ## measure; writes benchmarks/RESULTS.md
	$(BIN)/python -m benchmarks

check: $(READY) ## style, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

browser: $(READY) ## a browser for the tests, fetched where the machine has none
	@$(BIN)/python -m tests.browser_binary

translations: $(READY) ## bring the Slovak words up to date with the source; says what has none yet
	@$(BIN)/python -m tests.translations

install: $(READY) ## the virtual environment with all locked dependencies

lock: ## resolve the dependencies of pyproject.toml anew into requirements.lock
	$(PYTHON) -m venv var/uv
	var/uv/bin/pip install --quiet --disable-pip-version-check $(UV)
	var/uv/bin/uv pip compile --upgrade --universal --python-version 3.11 --generate-hashes --all-extras \
		--no-header --no-emit-index-url --no-emit-find-links --quiet -o requirements.lock pyproject.toml
	rm -rf var/uv

clean: ## remove the environment, the servers' data and all caches
	@# As root the data may lie elsewhere, behind a link.
	@if [ -L var/postgres ]; then rm -rf "$$(readlink var/postgres)"; fi
	rm -rf .venv var build *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Brought up to date whenever the locked dependencies or the package's own description change.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 …"; exit 1; }
	@echo "Installing the locked dependencies into .venv …"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--config-settings editable_mode=compat -e .
	@touch $@
