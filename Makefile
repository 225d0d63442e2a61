# `make demo` and `make test` need nothing but python3 (3.11 or newer, with venv and pip) and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WORKERS ?= auto
ROUNDS ?= 10

LOG := fixtures/demo/access.log.gz

.PHONY: help demo test check pytest properties bench soak pictures constraints clean

help:
	@echo "make demo         report on the log in fixtures/demo: terminal, demo/report.html, audit"
	@echo "make test         lint, types, import contracts, all tests"
	@echo "make properties   the tests that state laws, ROUNDS times, each time with other examples"
	@echo "make bench        measure beside other tools (needs root or sudo for their packages)"
	@echo "make soak         measure on 20 million lines and on lines that all differ; the long tests"
	@echo "make pictures     take the README's pictures again (needs chromium)"
	@echo "make constraints  pin all dependencies again; UPGRADE=--upgrade takes the newest"
	@echo "make clean        remove what the others made"

demo: $(READY)
	@mkdir -p demo
	@$(BIN)/logstats report $(LOG)
	@$(BIN)/logstats report $(LOG) -q -o demo/report.html -o demo/report.json -o demo/tables/
	@$(BIN)/logstats anonymize $(LOG) -q -o demo/anonymized.log
	@echo
	@echo "The same as a page: file://$(CURDIR)/demo/report.html"
	@echo "Beside it report.json, tables/ and anonymized.log; do they reveal an address?"
	@echo
	@$(BIN)/logstats audit demo --source $(LOG)

test: check pytest

check: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

pytest: $(READY)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

# CI takes the same examples each time, so that a failure there is the change's.
properties: $(READY)
	for round in $$(seq $(ROUNDS)); do \
	  HYPOTHESIS_PROFILE=dev $(BIN)/python -m pytest -q -n $(WORKERS) $$(grep -rl --include='*.py' '^@given' tests) || exit 1; \
	done

bench: $(READY)
	$(BIN)/python -m benchmarks $(ARGS)

soak: $(READY)
	$(BIN)/python -m benchmarks --soak $(ARGS)
	LOGSTATS_KILLS=200 LOGSTATS_NIGHTS=365 LOGSTATS_LINES=2000 LOGSTATS_ROTATIONS=100 LOGSTATS_SITES=4000 \
	  $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal tests/attacks tests/test_disclose.py \
	  tests/test_store_crashes.py tests/test_store_year.py tests/live/test_logrotate.py

pictures: $(READY)
	$(BIN)/python docs/pictures/make_pictures.py

# Exactly the files that constraints.txt names, and nothing is built but logstats itself.
$(READY): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "logstats needs Python 3.11 or newer; name one with make PYTHON=python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make virtual environments; on Debian: apt install python3-venv" >&2; exit 2; }
	@echo "Making $(VENV) (once)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Hashes of all files of each version, as the public index serves them; local settings of pip do not count.
# On the oldest Python: what newer ones need is less.
PINS := build/constraints
constraints:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { \
	  echo "dependencies are pinned on Python 3.11; name one with make PYTHON=python3.11" >&2; exit 2; }
	@mkdir -p $(PINS)
	@$(PYTHON) -m venv $(PINS)/venv
	@$(PINS)/venv/bin/pip install -qq pip-tools
	@if test -f constraints.txt; then grep -v '^# ' constraints.txt > $(PINS)/pinned.txt; fi
	@PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_EXTRA_INDEX_URL= $(PINS)/venv/bin/pip-compile \
	  --quiet --extra dev --all-build-deps --generate-hashes --strip-extras --allow-unsafe --no-header \
	  --no-emit-options --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-annotate \
	  $(UPGRADE) --output-file $(PINS)/pinned.txt pyproject.toml
	@{ printf '# Every package that logstats is built, run and tested with: version and hashes.\n'; \
	   printf '# Written by `make constraints`; installed by `pip install --require-hashes -r constraints.txt`.\n'; \
	   printf '%s\n' '--only-binary :all:'; grep -v '^# ' $(PINS)/pinned.txt | grep -v '^--'; } > $(PINS)/new.txt
	@mv $(PINS)/new.txt constraints.txt
	@grep -c '==' constraints.txt | sed 's/$$/ packages pinned/'

clean:
	rm -rf $(VENV) build dist demo .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find logstats tests fixtures benchmarks -name __pycache__ -prune -exec rm -rf {} +
