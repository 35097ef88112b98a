"""A dataset's steps, one after another: each reads what the one before left, and leaves its rows and its rejected.

In the output folder's `steps`: `STEP/rows/*.jsonl` and `STEP/rejected/*.jsonl`; a part's own steps are `PART.STEP`.
"""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datatrove.pipeline.base import PipelineStep

from luth.core.errors import UserError
from luth.core.files import sha256, write_json, write_text
from luth.data.executors import Executor, require_no_job
from luth.data.filters.decontamination import NoBenchmarkItems, item_files, read_items
from luth.data.filters.duplicates import Choose, RemoveDuplicates, Signatures, buckets
from luth.data.filters.language import InLanguage
from luth.data.filters.language_model import known
from luth.data.filters.quality import QualityRules, require_rules
from luth.data.filters.selection import SelectRows
from luth.data.output.mixing import Divide, Keys, WriteShards, decide, ranges, schema
from luth.data.output.tokens import CountTokens, load_tokenizer
from luth.data.plan import before, made_of, plan, step_of
from luth.data.progress import Lines, seconds, watched
from luth.data.recipe import DataRecipe, Part
from luth.data.requests.jobs import REFUSED, GenerateAnswer, Job, JudgeRow, TranslateMessages, require_prompt
from luth.data.requests.steps import NumberEqualRows, Settle, runner
from luth.data.row_files import RowWriter, read_counts, reader
from luth.data.sources.reading import ReadRows, pinned, require_source

# Steps of all parts that make rows; write and push come after them.
FILTERS = {"language", "quality", "deduplicate", "decontaminate"}
# Where the rows go that a step is given.
BOTH = ("rows", "rejected")
# In a step's folder: what its rows, and a model's answers, are made of; and what is kept of the answers.
MADE_OF, ASKED_OF = "made_of.txt", "asked_of.txt"
ANSWERS = {"answered", "answered.txt", "checkpoints", "inputs.txt", "seconds.txt", "logs", ASKED_OF}
JOBS: dict[str, type[Job]] = {"translate": TranslateMessages, "generate": GenerateAnswer, "judge": JudgeRow}


def check_sources(recipe: DataRecipe, recorded: dict[str, str]) -> dict[str, str]:
    """Check all that a build reads, before anything is done; return fingerprints of it, by name.

    Every part's source is fixed in the recipe to what it is now, or was when `recorded` was returned.

    Raises:
        UserError: a source, a column, a prompt, a rule, a tokenizer or an item folder is not there.
    """
    found = {}
    for language in {recipe.language, *(one for part in recipe.parts.values() for one in _selected(part))}:
        if language not in known():
            raise UserError(
                "build-stopped",
                f"language: {language!r} is no code of a language that can be told, such as fr, es, de",
            )
    for name, part in recipe.parts.items():
        part.read, found[f"parts: {name}"] = pinned(part.read, recorded.get(f"parts: {name}"))
        require_source(name, part.read)
        for step in JOBS:
            asking = getattr(part, step)
            if asking:
                prompt = require_prompt(step, asking.prompt)
                found[f"prompt: {asking.prompt}"] = hashlib.sha256(prompt.encode()).hexdigest()
    if recipe.steps.quality:
        require_rules(recipe.steps.quality.rules)
    if recipe.steps.decontaminate:
        items = Path(recipe.steps.decontaminate.items)
        read_items(items)
        found[f"items: {items}"] = sha256(*item_files(items))
    if recipe.steps.write.tokenizer:
        load_tokenizer(recipe.steps.write.tokenizer)
    return found


def _selected(part: Part) -> list[str]:
    return part.select.languages if part.select else []


class Build:
    """A recipe on its way to a dataset."""

    def __init__(
        self, recipe: DataRecipe, folder: Path, executor: Executor, inputs: dict[str, str], say: Callable[[str], None]
    ) -> None:
        """Nothing is read yet; `inputs` are what `check_sources` returned."""
        self.recipe, self.steps, self.executor, self.say = recipe, folder / "steps", executor, say
        self.dataset = folder / "dataset"
        self.plan, self.parts = plan(recipe), list(recipe.parts)
        self.made_of, self.asked_of = made_of(recipe, inputs), made_of(recipe, inputs, asked=True)

    def stale(self) -> list[str]:
        """Return the steps of the folder that another recipe or other sources made, or that are no more, in order."""
        order = [*self.plan, "write"]
        found = []
        for folder in sorted(self.steps.glob("*")):
            there = any(not path.name.startswith(".") for path in folder.glob("*"))
            if there and _read(folder / MADE_OF) != self.made_of.get(folder.name):
                found.append(folder.name)
        return sorted(found, key=lambda name: order.index(name) if name in order else -1)

    def asked_anew(self, stale: list[str]) -> list[str]:
        """Return those of `stale` steps whose model would be asked again."""
        asking = [name for name in stale if step_of(name) in JOBS and name in self.plan]
        return [name for name in asking if not self._keeps_answers(name)]

    def missing(self, stale: list[str]) -> list[str]:
        """Return the steps that are still to be taken, those of `stale` among them."""
        return [name for name in self.plan if name in stale or not self._is_done(name)]

    def _keeps_answers(self, name: str) -> bool:
        return _read(self.steps / name / ASKED_OF) == self.asked_of.get(name, "")

    def forget(self, stale: list[str]) -> None:
        """Remove what `stale` steps left, the last one's first, save a model's answers that would be the same."""
        for name in stale:
            require_no_job(self.steps / name)
        for name in reversed(stale):
            folder, kept = self.steps / name, {MADE_OF}
            # No recipe makes it so: killed before its end, this is done again.
            write_text(folder / MADE_OF, "")
            if step_of(name) in JOBS and self._keeps_answers(name):
                kept |= ANSWERS
                shutil.rmtree(folder / "logs" / "settle", ignore_errors=True)
            else:
                (folder / ASKED_OF).unlink(missing_ok=True)
            for path in folder.glob("*"):
                if path.name not in kept:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            if ASKED_OF in kept:
                write_text(folder / MADE_OF, self.made_of[name])
            else:
                shutil.rmtree(folder)

    def run(self, only: str | None = None) -> None:
        """Take every step that is not done, or only those called `only`.

        Raises:
            UserError: a step failed, lost rows, leaves none, or comes after one that is not done.
        """
        for name in self.plan:
            if only in (None, step_of(name)):
                if only and self._is_done(name):
                    self.say(f"{name} is done already.")
                self._take(name)
        if only in (None, "write"):
            self._write()

    def _is_done(self, name: str) -> bool:
        return (self.steps / name / "done.json").exists()

    def _take(self, name: str) -> None:
        folder, sources = self.steps / name, before(self.plan, name)
        if self._is_done(name):
            return
        for source in sources:
            if not self._is_done(source):
                raise UserError(
                    "build-stopped",
                    f"{name} comes after {source}, which is not done: leave --only out, or take it first",
                )
        self.say(f"{name}.")
        step = step_of(name)
        write_text(folder / MADE_OF, self.made_of[name])
        if step in JOBS:
            write_text(folder / ASKED_OF, self.asked_of[name])
        if sources and not self._came(name):
            if "." not in name:
                raise UserError("build-stopped", f"{name}: no part has a row left: see rejected in {self.steps}")
        elif step in JOBS:
            self._ask(name, folder)
        elif step == "deduplicate":
            self._deduplicate(folder)
        elif step == "mix":
            self._mix(folder)
        else:
            self._pipeline(name, [self._input(name), *self._filter(name), *self._output(folder)], rows=BOTH)
        self._finish(name, folder, sources)

    def _finish(self, name: str, folder: Path, sources: list[str]) -> None:
        rows, rejected = read_counts(folder / "rows"), read_counts(folder / "rejected")
        kept, gone = (sum(count["rows"] for count in counts) for counts in (rows, rejected))
        came = self._came(name) if sources else kept + gone
        if kept + gone != came:
            raise UserError(
                "build-stopped",
                f"{name}: {came} rows came, {kept} were kept and {gone} rejected: delete {folder} and run again",
            )
        if not kept and came:
            reasons = ", ".join(f"{count['reason']} ({count['rows']})" for count in rejected)
            line = f"{name} leaves no row: {reasons}: see {folder / 'rejected'}"
            if all(count["reason"] == REFUSED for count in rejected):
                raise UserError(
                    "build-stopped",
                    f"{line}: check the model's name; once it is mended, delete {folder} and start again",
                )
            if name.endswith(".read") or "." not in name:
                raise UserError("build-stopped", line)
            self.say(f"{line}; the other parts go on." if len(self.parts) > 1 else line)
        elif gone:
            self.say(f"{name}: {kept:,} of {kept + gone:,} rows go on.")
        write_json(folder / "done.json", {"rows": rows, "rejected": rejected})

    def _came(self, name: str) -> int:
        """Return how many rows a step is given; 0 where it is the first one."""
        sources = ["mix"] if name == "write" else before(self.plan, name)
        return sum(count["rows"] for source in sources for count in read_counts(self.steps / source / "rows"))

    def counts(self) -> dict[str, dict[str, Any]]:
        """Return what every step counted, by its name, in order."""
        return {name: json.loads((self.steps / name / "done.json").read_text("utf-8")) for name in self.plan}

    def seconds(self) -> dict[str, float]:
        """Return how long every step took, by its name, over all starts."""
        return {name: seconds(self.steps / name) for name in self.plan}

    def _input(self, name: str, listing: str = "inputs.txt") -> PipelineStep:
        folders = [self.steps / source / "rows" for source in before(self.plan, name)]
        if not folders:
            part_name = name.split(".")[0]
            part = self.recipe.parts[part_name]
            return ReadRows(part_name, part.read, part.generate is None, RowWriter(self.steps / name / "rejected"))
        return reader(folders, self.steps / name / listing)

    def _output(self, folder: Path, filename: str = "${rank}.jsonl") -> list[PipelineStep]:
        counted = [CountTokens(self.recipe.steps.write.tokenizer)] if self.recipe.steps.write.tokenizer else []
        return [*counted, RowWriter(folder / "rows", filename)]

    def _pipeline(
        self,
        name: str,
        steps: list[Any],
        tasks: int | None = None,
        log: str = "",
        rows: tuple[str, ...] = (),
        **how: Any,
    ) -> None:
        """Run a pipeline of a step.

        Args:
            name: the step's.
            steps: datatrove's.
            tasks: into how many it is divided; the recipe's number where it is not said.
            log: what it is called, where the step has several.
            rows: the step's folders into which it writes every row that comes; none where it writes no rows.
            how: what `Executor.run` takes besides.
        """
        folder, tasks = self.steps / name, tasks or self.recipe.tasks
        logs = folder / "logs" / (log or step_of(name))
        done: Callable[[], int] = Lines([folder / one for one in rows])
        total, unit = self._came(name) or None, "rows"
        if not rows:
            done, total, unit = lambda: len(list((logs / "completions").glob("*"))), tasks, "tasks"
        with watched(folder, f"{name} {log}".strip(), done, total, unit):
            self.executor.run(steps, tasks, logs, **how)

    def _filter(self, name: str) -> list[PipelineStep]:
        step, rejected = step_of(name), RowWriter(self.steps / name / "rejected")
        if step == "read":
            return []
        if step == "select":
            select = self.recipe.parts[name.split(".")[0]].select
            assert select is not None
            return [SelectRows(select, rejected)]
        settings = getattr(self.recipe.steps, step)
        if step == "language":
            return [InLanguage(self.recipe.language, settings, rejected)]
        if step == "quality":
            return [QualityRules(settings, rejected)]
        return [NoBenchmarkItems(settings, rejected)]

    def _ask(self, name: str, folder: Path) -> None:
        part_name, step = name.split(".")
        part = self.recipe.parts[part_name]
        asking = getattr(part, step)
        endpoint = self.recipe.endpoints[asking.endpoint]
        more = {"answers": part.generate is None} if step == "translate" else {}
        job = JOBS[step](step, asking, endpoint.model, self.recipe.language, self.recipe.language_name, **more)
        ask = [self._input(name), NumberEqualRows(), runner(job, endpoint, folder)]
        self._pipeline(name, ask, log="ask", rows=("answered",), one_by_one=True)
        answered = reader([folder / "answered"], folder / "answered.txt")
        settle = [answered, Settle(job, RowWriter(folder / "rejected")), *self._output(folder)]
        self._pipeline(name, settle, log="settle", rows=BOTH)

    def _deduplicate(self, folder: Path) -> None:
        settings = self.recipe.steps.deduplicate
        assert settings is not None
        signatures = Signatures(folder / "found", settings, self.parts)
        self._pipeline("deduplicate", [self._input("deduplicate"), signatures], log="signatures")
        self._pipeline("deduplicate", [buckets(folder / "found", settings)], settings.buckets, log="buckets")
        self._pipeline("deduplicate", [Choose(folder / "found")], 1, log="choose")
        remove = RemoveDuplicates(folder / "found", RowWriter(folder / "rejected"))
        output = [self._input("deduplicate"), remove, *self._output(folder)]
        self._pipeline("deduplicate", output, log="remove", rows=BOTH)

    def _mix(self, folder: Path) -> None:
        mix, shards = self.recipe.steps.mix, self.recipe.steps.write.shards
        self._pipeline("mix", [self._input("mix"), Keys(folder / "keys", self.parts, mix.seed)], log="keys")
        decide(folder / "keys", self.parts, mix)
        divide = Divide(folder / "keys", ranges(self._came("mix"), shards), RowWriter(folder / "rejected"))
        output = self._output(folder, "${range}.${rank}.jsonl")
        self._pipeline("mix", [self._input("mix"), divide, *output], log="divide", rows=BOTH)

    def _write(self) -> None:
        for name in self.plan:
            if not self._is_done(name):
                raise UserError(
                    "build-stopped", f"write comes after {name}, which is not done: leave --only out, or take it first"
                )
        shards = self.recipe.steps.write.shards
        self.say("write.")
        write_text(self.steps / "write" / MADE_OF, self.made_of["write"])
        number = ranges(self._came("mix"), shards)
        write = WriteShards(self.steps / "mix" / "rows", self.dataset / "data", schema(self.recipe), number)
        self._pipeline("write", [write], shards)
        for path in (self.dataset / "data").glob("*.parquet"):
            if not path.stem.endswith(f"-of-{shards:05d}"):
                path.unlink()


def _read(path: Path) -> str | None:
    return path.read_text("utf-8") if path.exists() else None
