# Two commands for a fresh machine: `make demo` and `make test`. Python 3.11 or newer.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done)
DEMO := .venv
TEST := .venv-test
NEURAL := .venv-neural
SAMPLES := sample_data
SOURCES := $(shell find vlmeval_cli -type f -not -path '*/__pycache__/*')

.PHONY: demo test test-neural lint types bench spice-jar spice-stand-in clean
.DEFAULT_GOAL := demo

demo: $(DEMO)/.ready
	@for preds in $(SAMPLES)/*/preds.*; do \
		folder=$$(dirname $$preds); files="$$preds $$(ls $$folder/refs.* 2>/dev/null)"; \
		echo "vlmeval score $$files"; \
		$(DEMO)/bin/vlmeval score $$files --output report/$$(basename $$folder) || exit 1; \
	done
	$(DEMO)/bin/vlmeval compare base=$(SAMPLES)/study/base.jsonl lora=$(SAMPLES)/study/lora_seed1.jsonl \
		full=$(SAMPLES)/study/full.jsonl --refs $(SAMPLES)/study/refs.jsonl --percent --output report/study
	@echo "The reports are in report/."

test: $(TEST)/.ready lint types
	$(TEST)/bin/python -m pytest

# Tests of the embedding metrics; the environment has torch (about 1 GB without a GPU).
test-neural: $(NEURAL)/.ready
	$(NEURAL)/bin/python -m pytest tests/neural tests/models

lint: $(TEST)/.ready
	$(TEST)/bin/ruff check .
	$(TEST)/bin/ruff format --check .

types: $(TEST)/.ready
	$(TEST)/bin/mypy

bench: $(TEST)/.ready
	$(TEST)/bin/python -m compileall -q vlmeval_cli
	$(TEST)/bin/python -m benchmarks

# What vlmeval ships for SPICE: its engine for JSON (needs javac), and the model that stands in for the
# unused ones of named entities (needs java and `vlmeval download spice`).
spice-jar: $(TEST)/.ready
	$(TEST)/bin/python -m vlmeval_cli.scenes.official.shipped jar

spice-stand-in: $(TEST)/.ready
	$(TEST)/bin/python -m vlmeval_cli.scenes.official.shipped stand-in

$(DEMO)/.ready: pyproject.toml constraints.txt $(SOURCES) | python
	$(PYTHON) -m venv $(DEMO)
	$(DEMO)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt .
	@touch $@

$(TEST)/.ready: pyproject.toml constraints.txt | python
	$(PYTHON) -m venv $(TEST)
	$(TEST)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[all,spacy,dev]"
	@touch $@

$(NEURAL)/.ready: pyproject.toml constraints.txt | python
	$(PYTHON) -m venv $(NEURAL)
	$(NEURAL)/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[all,neural,minilm,neural-reference,dev]"
	@touch $@

.PHONY: python
python:
	@'$(PYTHON)' -c '$(NEW_ENOUGH)' 2>/dev/null || { echo \
		"vlmeval needs Python 3.11 or newer. Name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.12"; exit 1; }

clean:
	rm -rf $(DEMO) $(TEST) $(NEURAL) report .pytest_cache .mypy_cache .ruff_cache .hypothesis
