"""Development tasks, which choose, and test tasks, which are reported: asked alike, and kept apart."""

from collections.abc import Callable
from typing import Any

from lighteval.tasks.requests import Doc

from luth.core.errors import UserError
from luth.core.recipes import build, nearest, problems, refuse
from luth.evaluation.items.loading import read_items
from luth.evaluation.recipe import EvalRecipe
from luth.evaluation.tasks import TaskTable, task_table

Groups = dict[str, list[str]]
# What the sweep itself decides, or cannot do.
NOT_HERE = ("models", "tasks", "output_dir", "endpoint", "num_runs")


def tasks_of(keys: dict[str, Any]) -> TaskTable:
    """Return the tasks that a sweep can name: the package's, and those of the files under `custom_tasks` in its keys.

    Raises:
        UserError: a file is missing or defines no tasks.
    """
    custom = {key: value for key, value in keys.items() if key == "custom_tasks"}
    refuse("evaluation", [line for line in problems(custom, EvalRecipe) if "is missing" not in line])
    return task_table(custom.get("custom_tasks", []))


def expand_groups(groups: Groups, table: TaskTable) -> Groups:
    """Return the groups with their tasks in full: `luth_fr` is six of them.

    Raises:
        UserError: there is no such task.
    """
    return {name: table.expand(tasks) for name, tasks in groups.items()}


def evaluation_recipe(model: str, development: Groups, test: Groups, keys: dict[str, Any]) -> EvalRecipe:
    """Return how all models of a sweep are asked, from `keys` of an evaluation's recipe.

    Args:
        model: the model that the recipe names.
        development: groups of tasks, expanded.
        test: the same.
        keys: the recipe's, without those that a sweep sets itself.

    Raises:
        UserError: a task is in both, or a key is unknown, has another type, or cannot be in a sweep.
    """
    chosen_by = list(dict.fromkeys(task for tasks in development.values() for task in tasks))
    reported = list(dict.fromkeys(task for tasks in test.values() for task in tasks))
    both = [task for task in chosen_by if task in reported]
    if both:
        raise UserError(
            "bad-recipe-value", f"{both[0]} is in development and in test: what chose the winner cannot prove it"
        )
    for key in keys:
        if key in NOT_HERE:
            raise UserError(
                "bad-recipe-value",
                f"evaluation: {key} cannot be set here: a sweep evaluates its own models and tasks, once",
            )
    if keys.get("thinking") == "both":
        raise UserError(
            "bad-recipe-value", "evaluation: thinking: both gives two scores a merge: choose true or false"
        )
    given = {**keys, "models": [model], "tasks": [*chosen_by, *reported], "output_dir": ""}
    recipe = build("evaluation", given, EvalRecipe)
    for task in recipe.max_samples if isinstance(recipe.max_samples, dict) else ():
        if task not in recipe.tasks:
            raise UserError(
                "bad-recipe-value", f"evaluation: max_samples: {task!r} is not evaluated{nearest(task, recipe.tasks)}"
            )
    return recipe


def read_apart(
    recipe: EvalRecipe, table: TaskTable, development: Groups, test: Groups, report: Callable[[str], None]
) -> tuple[dict[str, list[Doc]], dict[str, list[Doc]]]:
    """Read the items of the development tasks and of the test tasks.

    Raises:
        UserError: an item is in both, or a task has fewer than 2.
    """
    sides = [
        list(dict.fromkeys(task for tasks in groups.values() for task in tasks)) for groups in (development, test)
    ]
    chosen_by, reported = (read_items(recipe, table, tasks, report) for tasks in sides)
    for task, docs in {**chosen_by, **reported}.items():
        if len(docs) < 2:
            raise UserError(
                "bad-recipe-value",
                f"{task} has {len(docs)} item: an interval takes 2 or more (evaluation: max_samples)",
            )
    seen = {_content(doc): task for task, docs in chosen_by.items() for doc in docs}
    for task, docs in reported.items():
        shared = [seen[_content(doc)] for doc in docs if _content(doc) in seen]
        if shared:
            raise UserError(
                "bad-recipe-value",
                f"{len(shared)} of {len(docs)} items of {task} (test) are in {shared[0]} (development) as well: "
                f"what chose the winner cannot prove it",
            )
    return chosen_by, reported


def first_items(items: dict[str, list[Doc]], most: int) -> dict[str, list[Doc]]:
    """Return the first items of every task: LightEval shuffles them with a fixed seed, so they are a fair sample."""
    return {task: docs[:most] for task, docs in items.items()}


def _content(doc: Doc) -> tuple[str, tuple[str, ...]]:
    return doc.query, tuple(sorted(doc.choices))
