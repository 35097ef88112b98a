"""What a build's steps left on disk: which are done, which no longer fit the recipe, what they counted.

In the output folder's `steps`: `STEP/rows/*.jsonl` and `STEP/rejected/*.jsonl`; a part's own steps are `PART.STEP`.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from luth.core.errors import UserError
from luth.core.files import write_json, write_text
from luth.data.executors import require_no_job
from luth.data.part import Request
from luth.data.plan import before, made_of, plan, settings_of
from luth.data.progress import seconds
from luth.data.recipe import DataRecipe
from luth.data.row_files import read_counts

# In a step's folder: hashes of what its rows, and a model's answers, depend on.
ROWS_HASH, ANSWERS_HASH = "made_of.txt", "asked_of.txt"
# What is kept where the rows are made anew from answers that would be the same.
ANSWERS = {"answered", "answered.txt", "checkpoints", "inputs.txt", "seconds.txt", "logs", ANSWERS_HASH}


class KeptSteps:
    """The folders of a build's steps."""

    def __init__(self, recipe: DataRecipe, folder: Path, inputs: dict[str, str]) -> None:
        """Read nothing yet; `inputs` are what `check_inputs` returned."""
        self.folder, self.plan = folder / "steps", plan(recipe)
        self.row_hashes, self.answer_hashes = made_of(recipe, inputs), made_of(recipe, inputs, answers=True)
        self.model_steps = {name for name in self.plan if isinstance(settings_of(recipe, name), Request)}

    def changed(self) -> list[str]:
        """Return the steps that other settings or other sources made, or that the recipe no longer has, in order."""
        order = [*self.plan, "write"]
        names = []
        for folder in sorted(self.folder.glob("*")):
            has_files = any(not path.name.startswith(".") for path in folder.glob("*"))
            if has_files and _text(folder / ROWS_HASH) != self.row_hashes.get(folder.name):
                names.append(folder.name)
        return sorted(names, key=lambda name: order.index(name) if name in order else -1)

    def require_unchanged(self) -> None:
        """Raise `UserError` where a step changed since the folder was built."""
        changed = self.changed()
        if changed:
            again = [name for name in changed if name in self.model_steps and not self._keeps_answers(name)]
            cost = f" (a model is asked again for {', '.join(again)})" if again else ""
            raise UserError(
                "changed-recipe",
                f"{', '.join(changed)} changed since {self.folder.parent} was built. --redo rebuilds those "
                f"steps{cost} and keeps the rest; or choose another --output_dir",
            )

    def missing(self, changed: list[str]) -> list[str]:
        """Return the steps that are still to be taken, those of `changed` among them."""
        return [name for name in self.plan if name in changed or not self.is_done(name)]

    def forget(self, changed: list[str]) -> None:
        """Remove what `changed` steps left, the last one's first, save a model's answers that would be the same."""
        for name in changed:
            require_no_job(self.folder / name)
        for name in reversed(changed):
            folder, keep = self.folder / name, {ROWS_HASH}
            # No recipe has an empty hash: killed before its end, this is done again.
            write_text(folder / ROWS_HASH, "")
            if name in self.model_steps and self._keeps_answers(name):
                keep |= ANSWERS
                shutil.rmtree(folder / "logs" / "settle", ignore_errors=True)
            else:
                (folder / ANSWERS_HASH).unlink(missing_ok=True)
            for path in folder.glob("*"):
                if path.name not in keep:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            if ANSWERS_HASH in keep:
                write_text(folder / ROWS_HASH, self.row_hashes[name])
            else:
                shutil.rmtree(folder)

    def _keeps_answers(self, name: str) -> bool:
        return _text(self.folder / name / ANSWERS_HASH) == self.answer_hashes.get(name, "")

    def begin(self, name: str) -> Path:
        """Note what a step's rows depend on; return its folder."""
        write_text(self.folder / name / ROWS_HASH, self.row_hashes[name])
        if name in self.model_steps:
            write_text(self.folder / name / ANSWERS_HASH, self.answer_hashes[name])
        return self.folder / name

    def is_done(self, name: str) -> bool:
        """Tell whether a step is done."""
        return (self.folder / name / "done.json").exists()

    def require_done(self, name: str, sources: list[str]) -> None:
        """Raise `UserError` unless the steps before one are done."""
        for source in sources:
            if not self.is_done(source):
                advice = "leave --only out, or take that one first"
                raise UserError("step-order", f"{name} comes after {source}, which is not done: {advice}")

    def finish(self, name: str, rows: list[dict[str, Any]], rejected: list[dict[str, Any]]) -> None:
        """Note that a step is done, and what it counted."""
        write_json(self.folder / name / "done.json", {"rows": rows, "rejected": rejected})

    def rows_before(self, name: str) -> int:
        """Return how many rows a step is given; 0 where it is the first one."""
        sources = ["mix"] if name == "write" else before(self.plan, name)
        return sum(count["rows"] for source in sources for count in read_counts(self.folder / source / "rows"))

    def counts(self) -> dict[str, dict[str, Any]]:
        """Return what every step counted, by its name, in order."""
        return {name: json.loads((self.folder / name / "done.json").read_text("utf-8")) for name in self.plan}

    def seconds(self) -> dict[str, float]:
        """Return how long every step took, by its name, over all starts."""
        return {name: seconds(self.folder / name) for name in self.plan}


def _text(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None
