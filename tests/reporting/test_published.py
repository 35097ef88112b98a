"""The files of published scores: what they say, and that figures corrected in them are figures that can be."""

import math
from pathlib import Path

import pytest
import yaml

from luth.core.recipes import build
from luth.evaluation.recipe import EvalRecipe
from luth.reporting.published import read_published
from luth.reporting.recipe import ReportRecipe
from luth.steps import read
from luth.validation.recipe_checks import validate

RECIPES = Path(__file__).parents[2] / "recipes"
FILES = sorted((RECIPES / "published").glob("*.yaml"))
# A mean over runs of so many items, rounded to hundredths of a percent.
ROUNDING = 0.005 + 1e-6


def is_multiple(percent, items):
    count = percent * items / 100
    return any(abs(100 * whole / items - percent) <= ROUNDING for whole in (math.floor(count), math.ceil(count)))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_score_is_one_that_so_many_items_and_runs_can_give(path):
    published = read_published(path)
    for model, scores in published.scores.items():
        for task, percent in scores.items():
            facts = published.tasks[task]
            # Of many items nearly every hundredth of a percent is a multiple.
            if facts.items and facts.items < 2000:
                assert is_multiple(percent, facts.items * (published.settings.num_runs or 1)), (model, task, percent)
    for entry in published.corrected:
        assert not is_multiple(entry.printed, published.tasks[entry.task].items)


def test_what_is_said_of_the_sources():
    blog, card, lfm2 = (
        read_published(RECIPES / f"published/luth-{name}.yaml") for name in ("blog", "card", "lfm2-card")
    )
    assert blog.scores["Qwen/Qwen3-0.6B"]["ifeval_fr"] == 44.55 and [c.printed for c in blog.corrected] == [44.45]
    assert blog.settings_of("ifeval_fr").system_prompt == "Vous êtes un assistant utile."
    assert blog.settings_of("ifeval_en").system_prompt == card.settings_of("ifeval_fr").system_prompt
    assert (blog.settings.num_runs, card.settings.num_runs, card.settings.max_new_tokens) == (1, 3, 8192)
    # All of GPQA is not Diamond.
    assert not any("diamond" in task for scores in lfm2.scores.values() for task in scores)
    assert not lfm2.tasks["gpqa_fr"].comparable and lfm2.tasks["gpqa_fr"].items is None


def test_the_recipe_that_reproduces_has_the_published_settings():
    path = RECIPES / "eval/reproduce-0.6b.yaml"
    recipe = build(path, read(path, "evaluate"), EvalRecipe)
    path = RECIPES / "eval/reproduce-0.6b-report.yaml"
    report = build(path, read(path, "report"), ReportRecipe)
    card = read_published(RECIPES.parent / str(report.published))
    settings, generation = card.settings, recipe.generation_parameters
    assert recipe.tasks == ["luth_all"] and recipe.max_samples is None and report.evaluation == recipe.output_dir
    assert (recipe.system_prompt, recipe.dtype) == (settings.system_prompt, settings.dtype)
    assert (generation.temperature, generation.max_new_tokens) == (settings.temperature, settings.max_new_tokens)
    assert {entry.model_name: entry.thinking for entry in recipe.entries()} == dict.fromkeys(report.models, False)
    assert set(report.models) <= set(card.scores)


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({"scores": {"a/b": {"mmlu_rf": 3.0}}}, ("a/b", "'mmlu_rf'", "did you mean 'mmlu_fr'")),
        ({"scores": {"a/b": {"mmlu_fr": "high"}}}, ("scores", "high")),
        ({"scores": {"a/b": {"mmlu_fr": float("nan")}}}, ("scores", "nan")),
        ({"scores": {}}, ("scores",)),
        ({"tasks": {"mmlu_fr": {"item": 3}}}, ("'item'", "did you mean 'items'")),
        ({"tasks": {"mmlu_fr": {"items": 0}}}, ("items: 0",)),
        ({"settings": {"prompt": "x"}}, ("'prompt'",)),
        ({"corrected": [{"model": "a/b", "task": "arc", "printed": 1, "reason": "typo"}]}, ("a/b on arc",)),
        ({"sorce": "x"}, ("'sorce'", "did you mean 'source'")),
    ],
)
def test_a_mistake_in_such_a_file_is_found_by_validate(changes, facts, tmp_path):
    content = {"source": "s", "url": "u", "date": "2025", "settings": {}, "tasks": {"mmlu_fr": {"items": 9}}}
    path = tmp_path / "card.yaml"
    path.write_text(yaml.safe_dump({"step": "published", **content, "scores": {"a/b": {"mmlu_fr": 3.0}}, **changes}))
    [line] = validate([path])
    assert str(path) in line and all(fact in line for fact in facts), line


def test_such_a_file_is_no_report_s_recipe(run):
    code, _, err = run("report", FILES[0])
    assert code == 2 and err.count("\n") == 1 and "[wrong-step]" in err and "published" in err
