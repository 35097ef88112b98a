"""A dataset's steps, one after another: each reads the rows that the one before left, and leaves its own."""

import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from datatrove.pipeline.base import PipelineStep

from luth.core.errors import UserError
from luth.data.executors import Executor
from luth.data.filters.duplicates import Choose, RemoveDuplicates, Signatures, buckets
from luth.data.kept_steps import KeptSteps
from luth.data.output.mixing import Divide, Keys, WriteShards, decide, ranges, schema
from luth.data.output.tokens import CountTokens
from luth.data.part import Request
from luth.data.plan import before, settings_of, step_of
from luth.data.progress import Lines, watched
from luth.data.recipe import DataRecipe
from luth.data.requests.inference import inference
from luth.data.requests.jobs import REFUSED, GenerateAnswer, Job, JudgeRow, TranslateMessages
from luth.data.requests.request_steps import ApplyResults, NumberEqualRows
from luth.data.row_files import RowWriter, read_counts, reader
from luth.data.sources.reading import ReadRows

# Where the rows go that a step is given.
BOTH = ("rows", "rejected")
JOBS: dict[str, type[Job]] = {"translate": TranslateMessages, "generate": GenerateAnswer, "judge": JudgeRow}


class Build:
    """A recipe on its way to a dataset."""

    def __init__(
        self, recipe: DataRecipe, folder: Path, executor: Executor, kept: KeptSteps, say: Callable[[str], None]
    ) -> None:
        """Run nothing yet; the dataset goes to `folder/dataset`."""
        self.recipe, self.executor, self.kept, self.say = recipe, executor, kept, say
        self.folder = folder / "dataset"
        self.parts = list(recipe.parts)

    def run(self, only: str | None = None) -> None:
        """Take every step that is not done, or only those called `only`.

        Raises:
            UserError: a step failed, lost rows, leaves none, or comes after one that is not done.
        """
        for name in self.kept.plan:
            if only not in (None, step_of(name)):
                continue
            if not self.kept.is_done(name):
                self._take(name)
            elif only:
                self.say(f"{name} is done already.")
        if only in (None, "write"):
            self._write()

    def _take(self, name: str) -> None:
        sources = before(self.kept.plan, name)
        self.kept.require_done(name, sources)
        self.say(f"{name}.")
        folder = self.kept.begin(name)
        settings = settings_of(self.recipe, name)
        if sources and not self.kept.rows_before(name):
            if "." not in name:
                raise UserError("no-rows-left", f"{name}: no part has a row left: see rejected in {self.kept.folder}")
        elif isinstance(settings, Request):
            self._request(name, folder, settings)
        elif name == "deduplicate":
            self._deduplicate(folder)
        elif name == "mix":
            self._mix(folder)
        else:
            self._pipeline(name, [self._input(name), *self._filter(name, folder), *self._output(folder)], rows=BOTH)
        self._finish(name, folder, first=not sources)

    def _finish(self, name: str, folder: Path, first: bool) -> None:
        """Count a step's rows, see that none is lost, and note that it is done."""
        rows, rejected = read_counts(folder / "rows"), read_counts(folder / "rejected")
        kept, gone = (sum(count["rows"] for count in counts) for counts in (rows, rejected))
        came = kept + gone if first else self.kept.rows_before(name)
        if kept + gone != came:
            line = f"{name}: {came} rows came, {kept} were kept and {gone} rejected: delete {folder} and run again"
            raise UserError("build-stopped", line)
        if came and not kept:
            self._without_rows(name, folder, rejected)
        elif gone:
            self.say(f"{name}: {kept:,} of {came:,} rows go on.")
        self.kept.finish(name, rows, rejected)

    def _without_rows(self, name: str, folder: Path, rejected: list[dict[str, Any]]) -> None:
        """Say that a step leaves no row; stop where nothing can come of it."""
        reasons = ", ".join(f"{count['reason']} ({count['rows']})" for count in rejected)
        line = f"{name} leaves no row: {reasons}: see {folder / 'rejected'}"
        if all(count["reason"] == REFUSED for count in rejected):
            advice = f"check the model's name; once it is mended, delete {folder} and start again"
            raise UserError("server-failed", f"{line}: {advice}")
        if name.endswith(".read") or "." not in name:
            raise UserError("no-rows-left", line)
        self.say(f"{line}; the other parts go on." if len(self.parts) > 1 else line)

    def _input(self, name: str) -> PipelineStep:
        sources = before(self.kept.plan, name)
        folder = self.kept.folder / name
        if sources:
            return reader([self.kept.folder / source / "rows" for source in sources], folder / "inputs.txt")
        part_name = name.split(".")[0]
        part = self.recipe.parts[part_name]
        return ReadRows(part_name, part.read, part.generate is None, RowWriter(folder / "rejected"))

    def _filter(self, name: str, folder: Path) -> list[PipelineStep]:
        """Return the filter that a step's settings name; a part's first step, which reads, has none."""
        settings = settings_of(self.recipe, name)
        if step_of(name) == "read":
            return []
        kind = pkgutil.resolve_name(settings.FILTER)
        return [kind(settings, self.recipe.language, RowWriter(folder / "rejected"))]

    def _output(self, folder: Path, filename: str = "${rank}.jsonl") -> list[PipelineStep]:
        tokenizer = self.recipe.steps.write.tokenizer
        return [*([CountTokens(tokenizer)] if tokenizer else []), RowWriter(folder / "rows", filename)]

    def _pipeline(
        self,
        name: str,
        steps: list[Any],
        tasks: int | None = None,
        log: str = "",
        rows: tuple[str, ...] = (),
        **options: Any,
    ) -> None:
        """Run a pipeline of a step.

        Args:
            name: the step's, in the plan.
            steps: datatrove's.
            tasks: how many tasks it is divided into; the recipe's number by default.
            log: the pipeline's name, where the step has several.
            rows: the step's folders into which it writes every row that comes; none where it writes no rows.
            options: what `Executor.run` takes besides.
        """
        folder, tasks = self.kept.folder / name, tasks or self.recipe.tasks
        logs = folder / "logs" / (log or step_of(name))
        done: Callable[[], int] = Lines([folder / part for part in rows])
        total, unit = self.kept.rows_before(name) or None, "rows"
        if not rows:
            done, total, unit = lambda: len(list((logs / "completions").glob("*"))), tasks, "tasks"
        with watched(folder, f"{name} {log}".strip(), done, total, unit):
            self.executor.run(steps, tasks, logs, **options)

    def _request(self, name: str, folder: Path, request: Request) -> None:
        part_name, step = name.split(".")
        endpoint = self.recipe.endpoints[request.endpoint]
        has_answers = self.recipe.parts[part_name].generate is None
        job = JOBS[step](step, request, endpoint.model, self.recipe.language, self.recipe.language_name, has_answers)
        ask = [self._input(name), NumberEqualRows(), inference(job, endpoint, folder)]
        self._pipeline(name, ask, log="ask", rows=("answered",), one_by_one=True)
        answered = reader([folder / "answered"], folder / "answered.txt")
        apply = [answered, ApplyResults(job, RowWriter(folder / "rejected")), *self._output(folder)]
        self._pipeline(name, apply, log="settle", rows=BOTH)

    def _deduplicate(self, folder: Path) -> None:
        settings = self.recipe.steps.deduplicate
        assert settings is not None
        found = folder / "found"
        signatures = Signatures(found, settings, self.parts)
        self._pipeline("deduplicate", [self._input("deduplicate"), signatures], log="signatures")
        self._pipeline("deduplicate", [buckets(found, settings)], settings.buckets, log="buckets")
        self._pipeline("deduplicate", [Choose(found)], 1, log="choose")
        remove = RemoveDuplicates(found, RowWriter(folder / "rejected"))
        output = [self._input("deduplicate"), remove, *self._output(folder)]
        self._pipeline("deduplicate", output, log="remove", rows=BOTH)

    def _mix(self, folder: Path) -> None:
        mix, shards = self.recipe.steps.mix, self.recipe.steps.write.shards
        self._pipeline("mix", [self._input("mix"), Keys(folder / "keys", self.parts, mix.seed)], log="keys")
        decide(folder / "keys", self.parts, mix)
        number = ranges(self.kept.rows_before("mix"), shards)
        divide = Divide(folder / "keys", number, RowWriter(folder / "rejected"))
        output = self._output(folder, "${range}.${rank}.jsonl")
        self._pipeline("mix", [self._input("mix"), divide, *output], log="divide", rows=BOTH)

    def _write(self) -> None:
        self.kept.require_done("write", self.kept.plan)
        shards = self.recipe.steps.write.shards
        self.say("write.")
        self.kept.begin("write")
        # As many ranges as the rows were divided into.
        number = ranges(self.kept.rows_before("mix"), shards)
        write = WriteShards(self.kept.folder / "mix" / "rows", self.folder / "data", schema(self.recipe), number)
        self._pipeline("write", [write], shards)
        for path in (self.folder / "data").glob("*.parquet"):
            if not path.stem.endswith(f"-of-{shards:05d}"):
                path.unlink()
