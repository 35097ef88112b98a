"""IFEval's strict and loose accuracy, as LightEval metrics, from a table of checks."""

import json
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np
from lighteval.metrics.metrics_sample import SampleLevelComputation
from lighteval.metrics.utils.metric_utils import SampleLevelMetricGrouping
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc, SamplingMethod

Checks = Mapping[str, Callable[..., bool]]
LEVELS = ("prompt_level_strict_acc", "inst_level_strict_acc", "prompt_level_loose_acc", "inst_level_loose_acc")


def variants(answer: str) -> list[str]:
    """Return the loose score's variants, eight at most: without the first or last line, or both, or asterisks."""
    lines = answer.split("\n")
    cut = [answer, *("\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1]))]
    return list(dict.fromkeys(cut + [text.replace("*", "") for text in cut]))


def read_instructions(row: Mapping[str, Any], checks: Checks) -> dict[str, list[str]]:
    """Read a row's instruction_id_list and kwargs: dicts, such as parquet fills with nulls, or JSON text of them.

    Returns:
        instruction_id_list, and for each id its kwargs as JSON text: LightEval writes both into its details, whose
        parquet has no place for dicts that are empty in every row.

    Raises:
        ValueError: an id that has no check, not one dict an id, or kwargs that its check does not take.
    """
    ids, kwargs = list(row["instruction_id_list"]), _from_json(row["kwargs"])
    if not ids or len(ids) != len(kwargs):
        raise ValueError(f"{', '.join(ids) or 'no instruction'}: {len(ids)} ids have {len(kwargs)} kwargs")
    filled = [_filled(_from_json(written)) for written in kwargs]
    for instruction, options in zip(ids, filled, strict=True):
        follows("", instruction, options, checks)
    return {"instruction_id_list": ids, "kwargs": [json.dumps(options, ensure_ascii=False) for options in filled]}


def _from_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _filled(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return options without nulls, inner ones too; floats that are whole become integers, as before parquet."""
    return {
        name: _filled(value)
        if isinstance(value, dict)
        else int(value)
        if isinstance(value, float) and value.is_integer()
        else value
        for name, value in (options or {}).items()
        if value is not None
    }


@cache
def parameters(check: Callable[..., bool]) -> dict[str, Any]:
    """Return the types of a check's options by name: of its arguments beside the answer."""
    return {name: kind for name, kind in get_type_hints(check).items() if name not in ("answer", "return")}


def fits(value: object, kind: Any) -> bool:
    """Tell whether a value has an annotated type (int, str, a Literal, a list or dict of str) and is not empty."""
    if get_origin(kind) is Literal:
        return value in get_args(kind)
    if get_origin(kind) is dict:
        parts = [*value, *value.values()] if isinstance(value, dict) else []
        return bool(parts) and all(isinstance(part, str) for part in parts)
    if get_origin(kind) is list:
        return isinstance(value, list) and bool(value) and all(isinstance(part, str) for part in value)
    return isinstance(value, kind) and value != ""


def follows(answer: str, instruction: str, kwargs: Mapping[str, Any], checks: Checks) -> bool:
    """Tell whether the answer follows the instruction; a blank answer never does.

    Raises:
        ValueError: there is no check by this id, or it does not take these kwargs.
    """
    if instruction not in checks:
        raise ValueError(f"unknown instruction id {instruction!r}: known are {', '.join(checks)}")
    kinds = parameters(checks[instruction])
    if kwargs.keys() != kinds.keys() or not all(fits(kwargs[name], kind) for name, kind in kinds.items()):
        raise ValueError(f"{instruction}: bad kwargs {dict(kwargs)}: takes {kinds or 'none'}")
    return bool(answer.strip()) and checks[instruction](answer, **kwargs)


class InstructionAccuracy(SampleLevelComputation):
    """Whether an answer follows its instructions: all of them (1 or 0), and each (a list); strict and loose.

    Loose: one of `variants` follows. Source: Zhou et al. 2023, arXiv 2311.07911, section 3.
    """

    def __init__(self, checks: Checks, suffix: str = "") -> None:
        """Take the checks by instruction id, and the suffix of the four metrics' names."""
        self.checks = checks
        self.names = [level + suffix for level in LEVELS]

    def compute(self, doc: Doc, model_response: ModelResponse, **kwargs: object) -> dict[str, int | list[bool]]:
        """Score one answer against the instructions in `doc.specific`."""
        answer = model_response.final_text[0]
        others, strict, loose = variants(answer)[1:], [], []
        specific = doc.specific or {}
        for instruction, written in zip(specific["instruction_id_list"], specific["kwargs"], strict=True):
            options = _filled(_from_json(written))
            strict.append(follows(answer, instruction, options, self.checks))
            loose.append(strict[-1] or any(follows(other, instruction, options, self.checks) for other in others))
        return dict(zip(self.names, (int(all(strict)), strict, int(all(loose)), loose), strict=True))


def share_followed(items: list[list[bool]]) -> float:
    """Return the share of all instructions that were followed: a prompt weighs by its number of instructions."""
    return sum(map(sum, items)) / sum(map(len, items))


def instruction_accuracy(checks: Checks, suffix: str = "") -> SampleLevelMetricGrouping:
    """Return the four metrics of LightEval's IFEval, with these checks and with a suffix to their names."""
    accuracy = InstructionAccuracy(checks, suffix)
    return SampleLevelMetricGrouping(
        metric_name=accuracy.names,
        sample_level_fn=accuracy,
        category=SamplingMethod.GENERATIVE,
        corpus_level_fn=dict(zip(accuracy.names, (np.mean, share_followed) * 2, strict=True)),
        higher_is_better=dict.fromkeys(accuracy.names, True),  # pyright: ignore[reportArgumentType] (LightEval's)
    )
