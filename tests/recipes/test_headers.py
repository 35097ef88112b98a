"""Headers and table of the fine-tuning recipes: what the generator makes of recipes that it has not seen."""

import importlib.util
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RECIPE = yaml.safe_load((ROOT / "recipes/luth-0.6b.yaml").read_text("utf-8"))
HEADER = """# A model, fine-tuned.
#   accelerate launch scripts/sft.py recipes/x.yaml
# Hardware: one GPU of 8 GB or more. Global batch: 24 packs.
{planned}# Precision: fp32 masters.

step: sft
"""


@pytest.fixture(scope="module")
def generator():
    spec = importlib.util.spec_from_file_location("generator", ROOT / "docs/generate_recipe_table.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    "planned",
    [
        "",
        "# Memory (an estimate): 3 GB, of\n# which two are free.\n# Time (an estimate): soon.\n",
        "# Memory and time: unknown until the model's shape is checked (make validate-hub).\n",
    ],
)
def test_a_header_gets_its_lines_once_and_keeps_the_others(planned, generator):
    made = generator.with_header(HEADER.format(planned=planned), "recipes/x.yaml", RECIPE)
    lines = made.splitlines()
    heads = [
        line.split()[1].rstrip(":")
        for line in lines
        if line.startswith(("# Hardware", "# Memory", "# Time", "# Prec"))
    ]
    assert heads == ["Hardware", "Memory", "Time", "Precision"]
    assert "one GPU of 24 GB or more" in made and "two are free" not in made and lines[-2:] == ["", "step: sft"]
    assert all(len(line) <= 119 for line in lines)
    assert generator.with_header(made, "recipes/x.yaml", RECIPE) == made


def test_an_unknown_shape_is_said(generator):
    recipe = RECIPE | {"model_name_or_path": "nobody/nothing"}
    made = generator.with_header(HEADER.format(planned="# Time: 1 h\n"), "recipes/x.yaml", recipe)
    assert "unknown until the model's shape is checked" in made and "one GPU of 8 GB" in made and "1 h" not in made


def test_other_data_has_no_hours(generator):
    recipe = RECIPE | {"datasets": [{"path": "json", "data_files": "mine.jsonl"}]}
    assert "hours need the data" in generator.with_header(HEADER.format(planned=""), "recipes/x.yaml", recipe)


def test_measured_figures_stand_beside_the_planned_ones(generator, monkeypatch):
    entry = {
        "recipe": "recipes/luth-0.6b.yaml",
        "card": "H100",
        "memory_gb": 16.2,
        "tokens_per_second": 61000,
        "from": "x",
    }
    monkeypatch.setattr(generator, "measured", lambda path: [entry] if path == entry["recipe"] else [])
    assert "16.2 GB, 61,000 tokens a second" in generator.table()
    made = generator.with_header(HEADER.format(planned=""), entry["recipe"], RECIPE)
    assert "# Measured (H100, x): 16.2 GB, 61,000 tokens a second." in made


def test_what_was_measured_names_recipes_that_are_there():
    for entry in yaml.safe_load((ROOT / "benchmarks/gpu/measured.yaml").read_text("utf-8")):
        assert (ROOT / entry["recipe"]).is_file() and entry["card"] and entry["from"]
