# `make demo` and `make test` set everything up by themselves; see README.md.
PYTHON ?= python3
VENV   ?= .venv
BIN     = $(VENV)/bin
STAMP   = $(VENV)/.installed
EXAMPLE ?= examples/layernorm/layernorm.cu

.PHONY: demo test corpus corpus-nvcc fuzz probes lint wheel clean help

help:        ## show this list
	@grep -hE '^[a-z-]+: .*##|^[a-z-]+:  *##' $(MAKEFILE_LIST) | sed 's/:.*##/:/' | column -t -s:

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "installing pinned versions (about 2.6 GB on disk; a few minutes the first time)"
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[triton,jax,test]'
	@touch $@

demo: $(STAMP)  ## port a real CUDA program to Triton and to JAX, with the evidence
	@echo "--- the original, on this CPU: cuport run $(EXAMPLE)"
	@$(BIN)/cuport run $(EXAMPLE)
	@echo "--- ported, judged and written: cuport translate $(EXAMPLE) --translator rules --out demo"
	@$(BIN)/cuport translate $(EXAMPLE) --translator rules --out demo

test: $(STAMP)  ## run the tests
	$(BIN)/python -m pytest -q -n 2 --dist loadgroup tests

corpus: $(STAMP)  ## run the programs of corpus/ in three schedules; prints one table
	$(BIN)/python -m tests.corpus.table

corpus-nvcc: $(STAMP)  ## compile the programs of corpus/ with nvcc, where there is one
	$(BIN)/python -m tests.corpus.nvcc

fuzz: $(STAMP)  ## 10,000 broken sources through inspect and run --dry
	$(BIN)/python -m tests.adversarial.fuzz.walk 10000

probes: $(STAMP)  ## run the sandbox's probes in every tier; rewrites the table in docs/security.md
	$(BIN)/python -m tests.adversarial.sandbox.table

lint: $(STAMP)  ## ruff and mypy
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[lint]'
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench-oracle: $(STAMP)  ## the oracle's speed against plain C, one table
	$(BIN)/python benchmarks/oracle/run.py

clean:       ## remove what the other targets made
	rm -rf $(VENV) build dist demo .cuport .pytest_cache .mypy_cache .ruff_cache
