"""A sweep's steps: merges tried, the best one chosen, made and proved. It composes merging, evaluation and reporting.

Every step reads from disk what is done and shares the rest with other processes of the same sweep; a step begins when
the one before is done by all.
"""

import contextlib
import dataclasses
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch
import yaml
from lighteval.tasks.requests import Doc

from luth.checkpoints.models import checkpoint_tensors, model_fingerprint, model_folder, replace_weights
from luth.core.console import say
from luth.core.errors import UserError, disk_is_full, explain
from luth.core.files import write_json, write_text, written_beside
from luth.core.locks import company, room, share
from luth.core.run_record import open_run
from luth.evaluation.evaluate import Evaluator, row_name
from luth.evaluation.recipe import Row, rows
from luth.merging.check import check_result
from luth.merging.interpolation import Pair, require_equal
from luth.merging.mergekit import name_card, run_mergekit
from luth.reporting.results import item_scores
from luth.sweep.recipe import Cell, SweepRecipe
from luth.sweep.selection import Scores

Items = dict[str, list[Doc]]
# Methods whose merges lie between the two parents themselves.
ENDS = ("slerp", "linear")


class Sweep:
    """One process's part in a sweep that lives in a folder."""

    def __init__(
        self, recipe: SweepRecipe, evaluator: Evaluator, development: Items, test: Items, folder: Path
    ) -> None:
        """Nothing is read or written yet.

        Args:
            recipe: the sweep's, its groups of tasks expanded.
            evaluator: evaluates models.
            development: items that choose.
            test: items that are reported.
            folder: the sweep's; what is done is read from there.
        """
        self.recipe, self.evaluator, self.folder = recipe, evaluator, folder
        self.development, self.test = development, test
        self.parents = (recipe.base_model, recipe.model)
        self.cells = {cell.name: cell for cell in recipe.cells()}
        self._open: tuple[str, Any] = ("", None)

    @contextlib.contextmanager
    def joined(self) -> Iterator[None]:
        """Be one of the processes at work on this sweep; the first forgets failures, so that they are tried again."""

        def forget() -> None:
            shutil.rmtree(self.folder / "failed", ignore_errors=True)
            for path in (self.folder / "verified").glob("*.json"):
                if not _read(path).get("in_memory"):
                    path.unlink()

        with company(self.folder / "locks" / "company", forget):
            yield

    def verify(self) -> None:
        """Compare what is computed in memory with mergekit-yaml's, for each method at the middle of its grid.

        Where they differ, as task vectors do that MergeKit rounds to bfloat16, the method's merges are made by
        mergekit-yaml one by one.
        """
        methods: dict[str, list[Cell]] = {}
        for cell in self.cells.values():
            methods.setdefault(cell.method, []).append(cell)

        def compare(method: str) -> None:
            cell = methods[method][len(methods[method]) // 2]
            say(f"Comparing {cell.name} in memory with mergekit-yaml's.")
            try:
                with self._made_by_mergekit(cell) as checkpoint:
                    apart = require_equal(self._pair(cell), cell.coefficient, checkpoint)
                found: dict[str, Any] = {"merge": cell.name, "in_memory": True, "largest_difference": apart}
            except UserError as error:
                say(f"{method} is made by mergekit-yaml, merge by merge: {error}.")
                found = {"merge": cell.name, "in_memory": False, "reason": str(error)}
                self._open = ("", None)
                shutil.rmtree(self.folder / "lines" / method, ignore_errors=True)
            write_json(self._verified(method), found)

        self._share("verify", list(methods), lambda method: self._verified(method).exists(), compare)

    def evaluate_parents(self) -> None:
        """Evaluate base and fine-tuned model on all development items."""
        self._evaluate_folders(list(self.parents), self.development, "full")

    def try_merges(self, step: str, names: list[str], items: Items) -> dict[str, str]:
        """Evaluate merges of the grid; return why some failed, by name.

        Args:
            step: `first` or `full`.
            names: the merges.
            items: by task.
        """

        def attempt(name: str) -> None:
            say(f"{name} ({list(self.cells).index(name) + 1} of {len(self.cells)}), {step} pass.")
            try:
                self._evaluate_cell(self.cells[name], items, self.folder / step)
                self._failure(name).unlink(missing_ok=True)
            except Exception as error:
                if disk_is_full(error):
                    raise
                reason = str(explain(error) or f"{type(error).__name__}: {error}")
                if "--debug" in sys.argv:
                    traceback.print_exc()
                write_json(self._failure(name), {"reason": reason})
                say(f"{name} failed, the others go on: {reason}")

        def done(name: str) -> bool:
            return self._has_failed(name) or self._is_done(self._rows(f"./{name}", items), items, self.folder / step)

        self._share(step, names, done, attempt)
        failed = [name for name in names if self._has_failed(name)]
        return {name: json.loads(self._failure(name).read_text("utf-8"))["reason"] for name in failed}

    def make_winner(self, name: str) -> Path:
        """Make the winner's checkpoint with mergekit-yaml from winner.yaml, and check it; return its folder.

        Raises:
            UserError: it is not what was evaluated, or not a sound model.
        """
        cell, made = self.cells[name], self.folder / "winner"
        recipe, inputs = cell.recipe(self.recipe), {parent: model_fingerprint(parent) for parent in self.parents}
        path = self.folder / "winner.yaml"

        def is_made(_: str) -> bool:
            record = _read(made / "run.json")
            return record.get("status") == "finished" and record["recipe"] == recipe

        def make(_: str) -> None:
            say(f"Making the winner, {name}, with mergekit-yaml.")
            # Left by this sweep before merges that had failed were tried again; its test is not this one's.
            shutil.rmtree(made, ignore_errors=True)
            for row in self._rows(str(made), self.test):
                (self.folder / "test" / "results" / row_name(row) / "run.json").unlink(missing_ok=True)
            head = f"# {name}, found by scripts/sweep.py.\n#   mergekit-yaml {path} OUT\n"
            write_text(path, head + yaml.safe_dump(recipe, sort_keys=False))
            run = open_run(made, "merge", recipe, inputs)
            with written_beside(made) as run.folder:
                run_mergekit(recipe, run.folder)
                name_card(run.folder, made.name)
                say(self._require_evaluated(cell, run.folder))
                # Room for the check, which loads the winner.
                self.evaluator.loaded.clear()
                self._open = ("", None)
                run.finish(answers=check_result(run.folder, self.recipe.base_model))

        self._share("winner", ["winner"], is_made, make)
        return made

    def clear(self) -> None:
        """Delete the checkpoints that merges were computed from: all merges have been tried."""
        shutil.rmtree(self.folder / "lines", ignore_errors=True)

    def evaluate_on_test(self, winner: Path) -> None:
        """Evaluate base, fine-tuned model and winner on the test items."""
        self.evaluator.loaded.clear()
        self._evaluate_folders([*self.parents, str(winner)], self.test, "test")

    def scores(self, step: str, model: str) -> Scores:
        """Read the scores by task and item that `model` has from a step: first, full or test."""
        found: Scores = {}
        for row in self._rows(model, self.test if step == "test" else self.development):
            found.update(item_scores(self.folder / step, row_name(row))[0])
        return found

    def _share(self, step: str, names: list[str], done: Callable[[str], bool], work: Callable[[str], None]) -> None:
        share(
            names,
            self.folder / "locks" / step,
            done,
            work,
            lambda: say("What is left is being done by another process of this sweep: waiting for it."),
        )

    def _rows(self, model: str, items: Items) -> list[Row]:
        tasks = list(items)
        asking = dataclasses.replace(self.evaluator.recipe, models=[model], tasks=tasks)
        return rows(asking, tasks, [task for task in tasks if not self.evaluator.table.is_generative(task)])

    def _is_done(self, asked: list[Row], items: Items, output: Path) -> bool:
        return all(self.evaluator.is_evaluated(row, items, output) for row in asked)

    def _evaluate_folders(self, models: list[str], items: Items, step: str) -> None:
        output = self.folder / step
        names = {f"model-{number}": model for number, model in enumerate(models, 1)}

        def work(name: str) -> None:
            say(f"{names[name]}, {'test' if step == 'test' else 'development'} items.")
            for row in self._rows(names[name], items):
                self.evaluator.evaluate(row, items, output)

        def done(name: str) -> bool:
            return self._is_done(self._rows(names[name], items), items, output)

        # The base last: it stays loaded, and merges go into it.
        self._share(step, list(reversed(names)), done, work)

    def _evaluate_cell(self, cell: Cell, items: Items, output: Path) -> None:
        model = self.evaluator.load(self.recipe.base_model)
        if _read(self._verified(cell.method))["in_memory"]:
            weights = replace_weights(model.model, self._pair(cell).merged(cell.coefficient))
        else:
            with self._made_by_mergekit(cell) as checkpoint:
                weights = replace_weights(model.model, checkpoint_tensors(checkpoint))
        for row in self._rows(f"./{cell.name}", items):
            self.evaluator.evaluate_weights(weights, row, items, output, self.folder / "answers")

    def _pair(self, cell: Cell) -> Pair:
        """Return the two checkpoints between which a cell lies; one pair is kept open."""
        if self._open[0] != cell.method:
            self._open = ("", None)
            base, tuned = (model_folder(name) for name in self.parents)
            dtype = getattr(torch, self.recipe.dtype)
            if cell.merge_method in ENDS:
                pair = Pair(base, tuned, dtype, dtype, spherical=cell.merge_method == "slerp")
            else:
                pair = Pair(base, self._end_of_line(cell), torch.float32, dtype, spherical=False)
            self._open = (cell.method, pair)
        return self._open[1]

    def _end_of_line(self, cell: Cell) -> Path:
        """Return the merge at lambda 1, made if it is missing, in float32: the task vector is not rounded away."""
        end = self.folder / "lines" / cell.method

        def make(_: str) -> None:
            say(f"Making {cell.method} at lambda 1 with mergekit-yaml: the others lie between it and the base.")
            at_1 = dataclasses.replace(cell, coefficient=1)
            with self._made_by_mergekit(at_1, "float32") as checkpoint:
                end.parent.mkdir(exist_ok=True)
                os.replace(checkpoint, end)

        self._share("lines", [cell.method], lambda _: end.is_dir(), make)
        return end

    @contextlib.contextmanager
    def _made_by_mergekit(self, cell: Cell, dtype: str | None = None) -> Iterator[Path]:
        """Give a checkpoint that lasts as long as it is looked at, in the recipe's dtype or another one."""
        recipe = cell.recipe(self.recipe) | ({"dtype": dtype} if dtype else {})
        with room(self.folder / "work") as work:
            run_mergekit(recipe, work / "out")
            yield work / "out"

    def _require_evaluated(self, cell: Cell, checkpoint: Path) -> str:
        """Tell how near the winner is to what was evaluated; raise `UserError` where it is something else."""
        row = self._rows(f"./{cell.name}", self.development)[0]
        evaluated = _read(self.folder / "full" / "results" / row_name(row) / "run.json")["inputs"]["model"]
        model = self.evaluator.load(self.recipe.base_model)
        if replace_weights(model.model, checkpoint_tensors(checkpoint)) == evaluated:
            return "Its weights are those that were evaluated, bit for bit."
        apart = require_equal(self._pair(cell), cell.coefficient, checkpoint)
        return f"Its weights are those that were evaluated, to the last rounding (at most {apart:.1e} apart)."

    def _verified(self, method: str) -> Path:
        return self.folder / "verified" / f"{method}.json"

    def _failure(self, name: str) -> Path:
        return self.folder / "failed" / f"{name}.json"

    def _has_failed(self, name: str) -> bool:
        return self._failure(name).exists()


def _read(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
