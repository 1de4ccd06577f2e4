# make run    installs, fills an empty database with the sample county, serves on http://127.0.0.1:8080
# make test   installs and runs all tests (what needs a server that is not installed is skipped with a reason)
# make check  what CI runs beside the tests: format, lint, types, training data
# make bench  measures speed, each figure beside something run in the same minute

PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check bench

run: $(VENV)/runs
	@$(BIN)/flask serve --demo

test: $(VENV)/tests
	$(BIN)/python -m pytest

check: $(VENV)/tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy .
	$(BIN)/python -m pytest -q tests/bot/test_data.py

bench: $(VENV)/tests
	@for script in benchmarks/*.py; do echo "== $$script"; PYTHONPATH=. $(BIN)/python $$script || exit 1; done

$(VENV)/runs: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/tests: requirements-dev.txt $(VENV)/runs
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
