"""What the tasks share: checks of a row's values, lettered choices, and a shuffle that depends on the row alone."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from luth.evaluation.scoring.mathematics import final_answer
from luth.languages import Language

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def checked_text(value: Any, name: str) -> str:
    """Return a text of a row, stripped.

    Raises:
        ValueError: it is no text, or empty.
    """
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} is empty or no text: {value!r:.80}")
    return value.strip()


def checked_solution(value: Any, language: Language) -> str:
    """Return a worked solution that states its answer, in a box or at its end, stripped.

    Raises:
        ValueError: it is no text, or has no answer.
    """
    solution = checked_text(value, "solution")
    if final_answer(solution, language) is None:
        raise ValueError(f"solution has no answer: {solution[-80:]!r}")
    return solution


def checked_choices(values: Any) -> list[str]:
    """Return the texts of a row's choices, stripped.

    Raises:
        ValueError: there are fewer than two, more than letters, or one is no text or empty.
    """
    if not isinstance(values, list | tuple) or not 2 <= len(values) <= len(LETTERS):
        raise ValueError(f"choices are not a list of 2 to {len(LETTERS)} texts: {values!r:.80}")
    return [checked_text(value, f"choice {number}") for number, value in enumerate(values, start=1)]


def checked_gold(label: Any, labels: Sequence[Any]) -> int:
    """Return the position, from 0, of a row's label among the labels that it may have, compared as they print.

    Raises:
        ValueError: it is none of them.
    """
    known = [str(each) for each in labels]
    if str(label).strip() not in known:
        raise ValueError(f"the label {label!r:.80} is none of {', '.join(known)}")
    return known.index(str(label).strip())


def lettered(choices: Sequence[str], mark: str = ".") -> str:
    """Return one line a choice, each behind its letter and `mark`."""
    return "\n".join(f"{letter}{mark} {choice}" for letter, choice in zip(LETTERS, choices, strict=False))


def shuffled(question: str, choices: Sequence[str]) -> list[int]:
    """Return an order of the choices: the positions, from 0, that they have in the row, as they are to be shown.

    It follows from the SHA-256 of the row's texts alone: from no seed, nor from what was shuffled before. Over many
    rows each position is as frequent as another in each place.
    """
    row = json.dumps([question, *choices])

    def key(position: int) -> bytes:
        return hashlib.sha256(f"{position} {row}".encode()).digest()

    return sorted(range(len(choices)), key=key)
