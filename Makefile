# make run    installs, fills an empty database with the sample county, serves on http://127.0.0.1:8080
# make test   installs and runs all tests (what needs a server that is not installed is skipped with a reason)
# make check  what CI runs beside the tests: format, lint, types, training data
# make rasa   builds an environment for Rasa 3.6 (Python 3.10) and runs our data through it; then compares both engines
# make bench  measures speed, each figure beside something run in the same minute

PYTHON ?= python3.11
PYTHON310 ?= python3.10
VENV := .venv
BIN := $(VENV)/bin

.PHONY: run test check bench rasa

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

rasa: $(VENV)/tests .venv-rasa/installed
	$(BIN)/python -m tests.rasa.lane $(RASA_LANE)

.venv-rasa/installed: requirements-rasa.txt
	@test -x .venv-rasa/bin/python || $(PYTHON310) -m venv .venv-rasa
	.venv-rasa/bin/pip install --quiet --disable-pip-version-check -r requirements-rasa.txt
	@touch $@

$(VENV)/runs: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/tests: requirements-dev.txt $(VENV)/runs
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
