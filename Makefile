# make serve   set everything up and run Everthread        make test    set everything up and run the quick tests
# make check   format, lint, types, imports, migrations    make bench   measure the relay of streams
# make conformance   run programs of OpenAI's own clients, which it fetches, against a server
# make test ARGS=tests   run the slow tests too: those that start servers, browsers and sandboxes
# make test WORKERS=0 ARGS="tests/engine -x --pdb"   in one process, where a debugger can be used
# HOST, PORT and the settings of docs/operating.md come from the environment: PORT=9000 make serve

PYTHON ?= python3
WORKERS ?= 2
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.PHONY: install serve test conformance check bench clean pins
.DEFAULT_GOAL := serve

install: $(STAMP)

# Made anew when the pins change, so that nothing of an older set is left behind.
$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Everthread needs Python 3.11 or later; name one with make PYTHON=/path/to/python3.11")'
	@rm -rf $(VENV)
	@echo "Making $(VENV) and installing the pinned dependencies (about a minute) …"
	@$(PYTHON) -m venv $(VENV)
	@$(PY) -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@touch $(STAMP)

serve: $(STAMP)
	@$(PY) manage.py serve

test: $(STAMP)
	$(PY) -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder $(or $(ARGS),-m "not slow")

conformance: $(STAMP)
	$(PY) -m pytest -m conformance tests/conformance $(ARGS)

check: $(STAMP)
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/djhtml --check --tabwidth 2 templates
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py check --fail-level WARNING

bench: $(STAMP)
	$(PY) -m tests.bench.relay $(ARGS)

COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate

pins: $(STAMP)
	$(COMPILE) --extra local --extra ocr --extra dev pyproject.toml --output-file requirements.txt
	$(COMPILE) --group sandbox --output-file chat/sandbox/requirements.txt
	$(COMPILE) --group sandbox-small --constraint chat/sandbox/requirements.txt --output-file chat/sandbox/requirements-small.txt

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage
