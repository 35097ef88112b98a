"""A recipe's step: named, told by its keys, or refused with the line that is missing."""

import dataclasses
import re
from pathlib import Path

import pytest
import yaml

from luth import steps
from luth.core.errors import UserError
from luth.merging.recipe import MergeRecipe
from luth.steps import MERGE, STEPS, keys_of, step_of

ROOT = Path(__file__).parents[1]
# The demo's recipe of each step that has one.
RECIPES = {
    yaml.safe_load(path.read_text("utf-8")).get("step", MERGE): path.relative_to(ROOT).as_posix()
    for path in sorted((ROOT / "recipes/demo").glob("*.yaml"))
}
# What each script needs after the recipe.
MORE = {MERGE: ["out/nowhere"]}


@pytest.fixture
def write(tmp_path):
    def write_recipe(name, recipe):
        path = tmp_path / name
        path.write_text(yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True), "utf-8")
        return path

    return write_recipe


def keys(step):
    return yaml.safe_load((ROOT / RECIPES[step]).read_text("utf-8"))


def refusal(path, step):
    with pytest.raises(UserError) as error:
        steps.read(path, step)
    return error.value.code, str(error.value)


def test_every_script_that_takes_a_recipe_has_a_step():
    scripts = {path.name for path in (ROOT / "scripts").glob("*.py")} - {"__init__.py", "validate.py"}
    assert {steps.script_of(step) for step in (*STEPS, MERGE)} == scripts


def test_every_recipe_of_ours_names_its_step_and_mergekit_s_name_none():
    for path in (ROOT / "recipes").rglob("*.yaml"):
        recipe = yaml.safe_load(path.read_text("utf-8"))
        assert ("step" in recipe) != ("merge_method" in recipe), path
        assert step_of(path, recipe) == recipe.get("step", MERGE)


@pytest.mark.parametrize("step", RECIPES)
def test_a_recipe_is_read_for_its_step(step, capsys):
    recipe = steps.read(RECIPES[step], step)
    assert recipe == {key: value for key, value in keys(step).items() if key != "step"}
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("step", [step for step in STEPS if step in RECIPES])
def test_a_recipe_without_a_step_is_read_where_its_keys_fit_one_alone(step, write, capsys):
    recipe = {key: value for key, value in keys(step).items() if key != "step"}
    path = write("r.yaml", recipe)
    assert steps.read(path, step) == recipe
    out = capsys.readouterr().out
    assert out.count("\n") == 1 and str(path) in out and f"step: {step}" in out


def test_a_recipe_whose_keys_fit_two_steps_is_refused(write):
    shared = {"output_dir": "out/x"}
    fitting = [name for name in STEPS if set(shared) <= keys_of(name)]
    assert len(fitting) > 1
    code, message = refusal(write("r.yaml", shared), "report")
    assert code == "step-unclear" and "report" in fitting and all(name in message for name in fitting)
    assert re.findall(r"step: (\w+)", message) == ["report"]
    with pytest.raises(UserError) as error:
        step_of("r.yaml", shared)
    assert error.value.code == "step-unclear"
    assert set(re.findall(r"step: (\w+)", str(error.value))) == set(fitting)


@pytest.mark.parametrize("step", RECIPES)
def test_every_script_refuses_a_recipe_of_another_step_in_one_line(step, run):
    other = "report" if step == "sweep" else "sweep"
    script = steps.script_of(step).removesuffix(".py")
    code, _, err = run(script, RECIPES[other], *MORE.get(step, []))
    lines = [line for line in err.splitlines() if line.strip()]
    assert code == 2 and len(lines) == 1
    assert lines[0].endswith("[wrong-step]") and RECIPES[other] in lines[0] and f"scripts/{other}.py" in lines[0]


@pytest.mark.parametrize("step", STEPS)
def test_every_script_refuses_a_merge_s_file_in_one_line(step, run):
    code, _, err = run(steps.script_of(step).removesuffix(".py"), RECIPES[MERGE])
    assert code == 2 and err.count("\n") == 1 and "scripts/merge.py" in err and "[wrong-step]" in err


def test_a_recipe_of_another_step_that_names_none_is_refused_in_one_line(write):
    recipe = {key: value for key, value in keys("sft").items() if key != "step"}
    for step in ("sweep", MERGE):
        code, message = refusal(write("r.yaml", recipe), step)
        assert code == "wrong-step" and "scripts/sft.py" in message and len(message) < 200


def test_a_mistake_in_a_recipe_without_a_step_is_said_with_the_step_to_add(write):
    recipe = {key: value for key, value in keys("sft").items() if key != "step"} | {"learning_rat": 1}
    path = write("r.yaml", recipe)
    code, message = refusal(path, "sft")
    assert code == "step-unclear" and "step: sft" in message and "'learning_rat'" in message
    assert "'learning_rate'" in message
    code, message = refusal(path, "evaluate")
    assert code == "step-unclear" and "scripts/sft.py" in message and len(message) < 200


@pytest.mark.parametrize("key", ["stpe", "Step", "setp"])
def test_step_itself_misspelt_is_named(key, write):
    recipe = {key: "sft"} | {name: value for name, value in keys("sft").items() if name != "step"}
    code, message = refusal(write("r.yaml", recipe), "sft")
    assert code == "bad-recipe-key" and repr(key) in message and "did you mean 'step'" in message


def test_keys_of_no_step_at_all(write):
    code, message = refusal(write("r.yaml", {"what": "is this"}), "sft")
    assert code == "step-unclear" and all(step in message for step in STEPS)


@pytest.mark.parametrize("step", ["stf", "merge", "", None, 3, ["sft"], {"sft": 1}])
def test_a_step_that_does_not_exist(step, write):
    code, message = refusal(write("r.yaml", {"output_dir": "out/x", "step": step}), "sft")
    assert code == "bad-recipe-value" and repr(step) in message and all(name in message for name in STEPS)
    assert ("did you mean 'sft'" in message) == (step == "stf")


def test_a_merge_s_file_has_mergekit_s_keys_alone(run, write):
    path = write("m.yaml", {"step": "merge", **keys(MERGE)})
    code, _, err = run("merge", path, "out/nowhere")
    assert code == 2 and "'step'" in err and "[bad-recipe-key]" in err
    path = write("n.yaml", {key: value for key, value in keys(MERGE).items() if key != "merge_method"})
    code, _, err = run("merge", path, "out/nowhere")
    assert code == 2 and "'merge_method' is missing" in err


def test_no_schema_has_a_key_called_step():
    assert "step" not in {field.name for field in dataclasses.fields(MergeRecipe)}
    assert not [name for name in STEPS if "step" in keys_of(name)]
