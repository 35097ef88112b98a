"""Development tasks choose the winner, test tasks are reported: evaluated in the same way, with no item in common."""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

from luth.core.errors import UserError
from luth.core.recipes import build
from luth.evaluation.items.loading import Items, read_items
from luth.evaluation.recipe import EvalRecipe
from luth.evaluation.tasks import TaskTable, task_table
from luth.sweep.recipe import Criterion, Groups, SweepRecipe

# Keys of an evaluation that the sweep itself sets, or that have no place in a sweep.
RESERVED = ("models", "tasks", "output_dir", "endpoint", "num_runs")


@dataclass
class TaskSplits:
    """The items of the development tasks and of the test tasks."""

    development: Items
    test: Items


def prepare(recipe: SweepRecipe) -> tuple[SweepRecipe, EvalRecipe, TaskTable]:
    """Check a sweep's tasks and its evaluation's keys, before anything is loaded.

    Returns:
        the recipe with its groups' tasks in full (`luth_fr` stands for six tasks), how all models are evaluated, and
        the tasks that there are.

    Raises:
        UserError: a task does not exist, or is in development and in test; a mean would mix shares of right answers
            with log-likelihoods; a key of `evaluation` is unknown, has a bad value, or has no place in a sweep.
    """
    evaluation = _evaluation_recipe(recipe)
    table = task_table(evaluation.custom_tasks)
    development, test = (
        {name: table.expand(tasks) for name, tasks in groups.items()} for groups in (recipe.development, recipe.test)
    )
    for groups in (development, test):
        require_one_unit(groups, recipe.criterion, table.in_nats)
    evaluation = dataclasses.replace(evaluation, tasks=[*_tasks(development), *_tasks(test)])
    common = [task for task in _tasks(development) if task in _tasks(test)]
    if common:
        raise UserError(
            "bad-recipe-value", f"{common[0]} is in development and in test: what chose the winner cannot prove it"
        )
    table.expand(evaluation.tasks, evaluation.max_samples)
    return dataclasses.replace(recipe, development=development, test=test), evaluation, table


def _evaluation_recipe(recipe: SweepRecipe) -> EvalRecipe:
    """Return how all models of a sweep are evaluated; tasks and groups as the recipe names them."""
    reserved = [key for key in recipe.evaluation if key in RESERVED]
    if reserved:
        raise UserError(
            "bad-recipe-value",
            f"evaluation: {reserved[0]} cannot be set here: a sweep evaluates its own models and tasks, once",
        )
    if recipe.evaluation.get("thinking") == "both":
        raise UserError(
            "bad-recipe-value", "evaluation: thinking: both gives every merge two scores: choose true or false"
        )
    names = [*_tasks(recipe.development), *_tasks(recipe.test)]
    own = {"models": [recipe.base_model], "tasks": names, "output_dir": recipe.output_dir}
    return build("evaluation", {**recipe.evaluation, **own}, EvalRecipe)


def read_splits(
    recipe: SweepRecipe, evaluation: EvalRecipe, table: TaskTable, report: Callable[[str], None]
) -> TaskSplits:
    """Read the items of all tasks.

    Args:
        recipe: the sweep's, its groups expanded.
        evaluation: how items are sampled.
        table: the tasks that there are.
        report: takes lines on rows that were left out.

    Raises:
        UserError: an item is in development and in test, or a task has fewer than 2.
    """
    development, test = (
        read_items(evaluation, table, _tasks(groups), report) for groups in (recipe.development, recipe.test)
    )
    for task, items in {**development, **test}.items():
        if len(items) < 2:
            raise UserError(
                "bad-recipe-value",
                f"{task} has {len(items)} item: an interval takes 2 or more (evaluation: max_samples)",
            )
    task_of = {content: task for task, contents in _contents(development).items() for content in contents}
    for task, contents in _contents(test).items():
        common = [task_of[content] for content in contents if content in task_of]
        if common:
            raise UserError(
                "bad-recipe-value",
                f"{len(common)} of {len(contents)} items of {task} (test) are in {common[0]} (development) as well: "
                f"what chose the winner cannot prove it: leave out one of the two tasks",
            )
    return TaskSplits(development, test)


def first_items(items: Items, most: int) -> Items:
    """Return the first items of every task: LightEval shuffles them with a fixed seed, so they are a fair sample."""
    return {task: docs[:most] for task, docs in items.items()}


def require_one_unit(groups: Groups, criterion: Criterion, in_nats: Callable[[str], bool]) -> None:
    """Raise `UserError` for a mean that would mix shares of right answers with log-likelihoods.

    Args:
        groups: of tasks.
        criterion: the groups that gain have one mean; the kept group's loss is limited by a share.
        in_nats: tells a task that is scored by log-likelihoods.
    """
    for name, tasks in groups.items():
        other = [task for task in tasks if in_nats(task) != in_nats(tasks[0])]
        if other:
            raise UserError(
                "bad-recipe-value",
                f"the group {name!r} mixes shares and log-likelihoods: put {other[0]} into a group of its own",
            )
    gained, kept = list(criterion.weights()), criterion.keep
    if len({in_nats(groups[name][0]) for name in gained}) > 1:
        raise UserError(
            "bad-recipe-value",
            f"criterion: maximise mixes shares and log-likelihoods: {', '.join(gained)}: leave one out",
        )
    if kept is not None and in_nats(groups[kept][0]):
        raise UserError(
            "bad-recipe-value",
            f"criterion: keep: {kept!r} holds log-likelihoods, and the margin is a share: name another group",
        )


def _tasks(groups: Groups) -> list[str]:
    return list(dict.fromkeys(task for tasks in groups.values() for task in tasks))


def _contents(items: Items) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """Return what each item of each task says: its question and its choices in any order."""
    return {task: [(doc.query, tuple(sorted(doc.choices))) for doc in docs] for task, docs in items.items()}
