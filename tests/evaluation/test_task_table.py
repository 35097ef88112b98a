"""The table of tasks: the package's files found, groups joined, and a user's own files with their mistakes."""

import importlib
from pathlib import Path

import pytest

from luth.core.errors import UserError
from luth.evaluation import tasks as package
from luth.evaluation.tasks import task_table
from luth.evaluation.tasks.__main__ import group_files
from luth.tasks import GROUPS, TASKS_TABLE

ROOT = Path(__file__).parents[2]
PUBLISHED = ["luth_fr", "luth_en", "luth_all"]
OWN = """
from lighteval.metrics.dynamic_metrics import LogLikelihoodAccMetric
from lighteval.tasks.lighteval_task import LightevalTaskConfig
from lighteval.tasks.requests import Doc

def prompt(row, name):
    return Doc(query=row["question"], choices=row["choices"], gold_index=row["gold"])

def task(name, **more):
    return LightevalTaskConfig(name=name, prompt_function=prompt, hf_repo="x", hf_subset="default",
                               **{"metrics": [LogLikelihoodAccMetric()], **more})

"""


@pytest.fixture
def own(tmp_path):
    def write(lines, name="own.py"):
        path = tmp_path / name
        path.write_text(OWN + lines, "utf-8")
        return str(path)

    return write


def test_every_file_with_tasks_is_in_the_table():
    files = [path for path in Path(package.__file__).parent.glob("*.py") if "\nTASKS = " in path.read_text("utf-8")]
    assert len(files) >= 13
    names = [task.name for task in TASKS_TABLE]
    assert len(set(names)) == len(names)
    for path in files:
        defined = importlib.import_module(f"{package.__name__}.{path.stem}").TASKS
        assert defined and {task.name for task in defined} <= set(names)


def test_the_published_groups_keep_their_order():
    assert [name for name in GROUPS if name in PUBLISHED] == PUBLISHED
    assert GROUPS["luth_all"] == GROUPS["luth_fr"] + GROUPS["luth_en"]
    benchmarks = ["ifeval", "gpqa", "mmlu", "math_500", "arc_challenge", "hellaswag"]
    for language in ("fr", "en"):
        ends = [name.split(":")[0] for name in GROUPS[f"luth_{language}"]]
        assert ends == [f"{benchmark}_{language}" for benchmark in benchmarks]
    assert set(GROUPS["luth_all"]) <= {task.name for task in TASKS_TABLE}


def test_lightevals_files_of_the_groups_are_not_stale():
    files = {path.name: path.read_text("utf-8") for path in (ROOT / "recipes/eval").glob("*.txt")}
    assert files == group_files(), "stale: run python -m luth.evaluation.tasks recipes/eval"
    for name in PUBLISHED:
        assert f"- {name}\n" in (ROOT / f"recipes/eval/{name.replace('_', '-')}.yaml").read_text("utf-8")


def test_a_file_of_ones_own_adds_tasks_and_joins_groups(own):
    files = [
        own("TASKS = [task('mine:a'), task('mine:b')]\nGROUPS = {'luth_fr': ['mine:a'], 'more': ['mine:b']}\n"),
        own("TASKS_TABLE = [task('other')]\nGROUPS = {'more': ['other', 'mmlu_fr']}\n", "other.py"),
    ]
    table = task_table(files)
    assert table.groups["luth_fr"] == [*GROUPS["luth_fr"], "mine:a"]
    assert table.expand(["more", "mine", "other"]) == ["mine:b", "other", "mmlu_fr", "mine:a"]
    assert table.files == {"mine:a": Path(files[0]), "mine:b": Path(files[0]), "other": Path(files[1])}
    assert "mine:a" not in task_table().tasks and not table.is_generative("other")


def test_answers_in_words_come_with_the_share_of_those_cut_short(own):
    first = "from luth.evaluation.scoring.short_answers import answer_found\n"
    table = task_table([own(first + "TASKS = [task('mine', metrics=[answer_found])]\n")])
    for name in ("mine", "hellaswag_fr", "ifeval_en"):
        assert table.is_generative(name)
        assert table.tasks[name].metrics[-1].metric_name == ["truncated", "unclosed_thought"]


@pytest.mark.parametrize(
    ("lines", "fact"),
    [
        ("", "TASKS"),
        ("TASKS = {}", "TASKS"),
        ("TASKS = [1]", "TASKS"),
        ("TASKS = [task('a'), task('a')]", "'a'"),
        ("TASKS = [task('mmlu_fr')]", "'mmlu_fr'"),
        ("TASKS = [task('luth_fr')]", "'luth_fr'"),
        ("TASKS = [task('a', num_fewshots=5)]", "num_fewshots"),
        ("TASKS = [task('a', metrics=[])]", "metrics"),
        ("TASKS = [task('a')]\nGROUPS = {'g': ['b']}", "'b'"),
        ("TASKS = [task('a')]\nGROUPS = {'a': ['a']}", "'a'"),
        ("TASKS = [task('a')]\nGROUPS = ['a']", "GROUPS"),
        ("TASKS = [tusk('a')]", "line 13: NameError"),
        ("TASKS = [", "line 13: SyntaxError"),
        ("import sys\nsys.exit(3)", "line 14: SystemExit"),
        ("import no_such_module", "line 13: ModuleNotFoundError"),
    ],
)
def test_a_mistake_in_a_file_of_ones_own_names_the_file(own, lines, fact):
    path = own(lines)
    with pytest.raises(UserError) as error:
        task_table([path])
    assert error.value.code == "bad-task-file" and path in str(error.value) and fact in str(error.value)


def test_a_file_that_is_missing_or_no_python_is_named(own, tmp_path):
    for path in (str(tmp_path / "none.py"), str(tmp_path), own("TASKS = [task('a')]", "own.txt")):
        with pytest.raises(UserError) as error:
            task_table([path])
        assert error.value.code == "bad-task-file" and path in str(error.value)


def test_a_name_defined_in_two_files_is_refused(own):
    with pytest.raises(UserError) as error:
        task_table([own("TASKS = [task('a')]"), own("TASKS = [task('a')]", "second.py")])
    assert error.value.code == "bad-task-file" and "second.py" in str(error.value)


def test_the_script_and_validate_say_it_in_one_line(run, tmp_path, own):
    recipe = tmp_path / "eval.yaml"
    text = "step: evaluate\nmodels: [m]\ntasks: [mine]\noutput_dir: out\ncustom_tasks: [{}]\n"
    path = own("TASKS = [task('a')]\n")
    recipe.write_text(text.format(path), "utf-8")
    code, _, err = run("validate", recipe)
    assert code == 2 and "no task 'mine'" in err
    recipe.write_text(text.format(tmp_path / "none.py"), "utf-8")
    code, _, err = run("validate", recipe)
    assert code == 2 and "none.py" in err and "Traceback" not in err
    code, _, err = run("evaluate", recipe, "--write_items", tmp_path / "items")
    assert code == 2 and "[bad-task-file]" in err and err.count("\n") == 1
