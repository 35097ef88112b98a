r"""The final answer in what a model wrote.

In this order: the last \boxed{...} or \fbox{...} that is not empty, what follows the last "the final answer is", "the
answer is" and their like in the language, the last formula or number of the last sentence. A text that ends in an
empty box, or in none of these, has no final answer. The last 20,000 characters are read.
"""

import re
from functools import cache

from luth.evaluation.scoring.mathematics.equivalence import MAX_LENGTH, readings
from luth.evaluation.scoring.mathematics.notation import clean
from luth.evaluation.scoring.mathematics.units import split_unit
from luth.languages import Language, any_of

TAIL = 20_000
BOX = re.compile(r"\\(?:boxed|fbox|framebox)(?![A-Za-z])\s*")
BARE = re.compile(r"[^\s${}]+(?:\{[^{}\s]*\}[^\s${}]*)*")
FORMULA = re.compile(
    r"\$\$(.{1,1000}?)\$\$|(?<!\\)\$((?:\\\$|[^$\n]){1,1000})(?<!\\)\$|\\\((.{1,1000}?)\\\)|\\\[(.{1,1000}?)\\\]",
    re.DOTALL,
)
DISPLAY = re.compile(r"\$\$(.{1,1000}?)\$\$|\\\[(.{1,1000}?)\\\]", re.DOTALL)
NUMBER = re.compile(
    r"(?<![\w.,])[-−]?\s?(?:\d{1,3}(?:[ \u00a0\u202f\u2009]\d{3})+|\d+(?:,\d{3})*)?(?:(?<=\d)[.,]\d+|\.\d+|(?<=\d))"
    r"(?:\s?/\s?\d+)?(?:\s?\\?%)?"
)
CODE = re.compile(r"__|\w\(['\"]|\b(?:import|print|return|lambda|def|exec|eval)\b[ (:]")
SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\d\.)\s+|(?<=\d\.)\s+(?=[A-ZÀ-Ý])")


@cache
def _announcements(language: Language) -> list[re.Pattern[str]]:
    """Return the patterns of what announces an answer, from the surest to the least sure.

    A result counts in the last line alone: before it, it may be an intermediate one.
    """
    about = rf"(?: {any_of(language.of_words)} [^.:$\n]{{1,60}}?)?"
    verb = rf"\s*(?:\*\*)?\s*{any_of(language.equality_verbs)}\b"
    therefore = any_of(f" {word}" for word in language.therefore_words)
    following = rf"\s*(?:\*\*)?{therefore}?\s*:?(?! *{any_of(language.praise)})"
    tied = rf"{about}(?:{verb}|\s*(?:\*\*)?\s*[:=]){following}"
    adjective = any_of(f" {word}" for word in language.answer_adjectives)
    patterns = (
        f"{any_of(language.final_phrases)}{tied}",
        rf"{any_of(language.answer_words)}s?{adjective}?{tied}|####",
        rf"{any_of(language.result_words)}s?{about}{verb}{following}(?=[^\n]*\s*$)",
    )
    return [re.compile(pattern, re.IGNORECASE) for pattern in patterns]


@cache
def _reason(language: Language) -> re.Pattern[str]:
    """Return the pattern of what ends an answer and begins its reason."""
    return re.compile(rf",?\s+{any_of(language.reasons)}\s", re.IGNORECASE)


def boxes(text: str) -> list[tuple[int, int, str]]:
    r"""Return start, end and content of the last twenty boxes at most, in order; one that never closes is left out."""
    contents: list[tuple[int, int, str]] = []
    for match in list(BOX.finditer(text))[-20:]:
        start = match.end()
        if text[start : start + 1] == "{":
            end = _closing(text, start)
            if end is not None:
                contents.append((match.start(), end + 1, text[start + 1 : end].strip()))
        elif bare := BARE.match(text, start):
            contents.append((match.start(), bare.end(), re.sub(r"(?:\\[)\]])?[.,;:]*$", "", bare[0])))
    return contents


def _closing(text: str, start: int) -> int | None:
    """Return where the brace that opens at `start` closes, within the longest answer."""
    depth, at = 0, start
    while at < min(len(text), start + MAX_LENGTH):
        if text[at] == "\\":
            at += 2
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
        at += 1
    return None


def final_answer(text: str, language: Language) -> str | None:
    """Return the final answer as it stands in the text, without its box; None if there is none."""
    text = text[-TAIL:]
    contents = boxes(text)
    if contents and re.search(r"[\w∅∞]", contents[-1][2]):
        return contents[-1][2]
    boxed = [match.end() for match in BOX.finditer(text)]
    text = text[boxed[-1] :] if boxed else text
    for announcement in _announcements(language):
        ends = [match.end() for match in announcement.finditer(text)]
        if ends and (answer := _stated(text[ends[-1] :], language)):
            return answer
    return None if boxed else _last(text, language)


def listed_answers(text: str) -> str | None:
    r"""Return the contents of the boxes in the last sentence that has one, as one list; None if it has not several."""
    text = text[-TAIL:]
    contents = boxes(text)
    run = contents[-1:]
    for before, after in zip(contents[-2::-1], contents[:0:-1], strict=False):
        if not re.fullmatch(r"[\s$,;]*(?:\\[()\[\]]|[^.\n\\]){0,60}", text[before[1] : after[0]]):
            break
        run.insert(0, before)
    return " ; ".join(content for _, _, content in run) if len(run) > 1 else None


def _stated(rest: str, language: Language) -> str | None:
    """Return the answer at the start of what follows a phrase that announces it."""
    rest = rest.lstrip(" \t\n\r*:«\u00a0\u202f")
    if display := DISPLAY.match(rest):
        return _body(display).strip()
    line = re.sub(r"(?<!\w)\*\*|\*\*(?!\w)", "", rest.split("\n", 1)[0])
    return _pick(_reason(language).split(SENTENCE_END.split(line)[0])[0], language, first=True)


def _last(text: str, language: Language) -> str | None:
    """Return the last formula or number of the last sentence."""
    text = DISPLAY.sub(lambda match: f"${_body(match).strip()}$".replace("\n", " "), text)
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return None
    line = re.sub(r"(?<!\w)\*\*|\*\*(?!\w)", "", lines[-1].strip())
    sentence = SENTENCE_END.split(line)[-1]
    if CODE.search(sentence):
        return None
    alone = len(lines) == 1 and sentence == line and len(line.split()) <= 3
    prose = alone and re.search(r"[^\W\d_]", line) and not NUMBER.search(line)
    return line if prose else _pick(sentence, language, first=False)


def _body(match: re.Match[str]) -> str:
    return next(group for group in match.groups() if group is not None)


def _unwrapped(match: re.Match[str]) -> str:
    """Return a formula without its delimiters if it is the whole text, else as it is."""
    return _body(match).strip() if match[0] == match.string else match[0]


def _pick(sentence: str, language: Language, first: bool) -> str | None:
    """Return a sentence if it is mathematics as a whole, else its first or last formula or number, else its words."""
    sentence = re.sub(r"(?:\s+!|(?<=[^\W\d_]{2})!|[\s.?»*])+$", "", sentence)
    if not sentence:
        return None
    if len(sentence) <= MAX_LENGTH and _is_mathematics(sentence, language):
        return FORMULA.sub(_unwrapped, sentence) if sentence[0] in "$\\" else sentence
    bodies = [_body(match) for match in FORMULA.finditer(sentence)]
    candidates = [body.strip() for body in bodies if body.strip() and _is_formula(body)]
    candidates = candidates or [match[0].strip() for match in NUMBER.finditer(sentence) if match[0].strip()]
    if candidates:
        return candidates[0 if first else -1]
    return sentence if first else None


def _is_mathematics(sentence: str, language: Language) -> bool:
    value, _ = split_unit(clean(sentence, language), language)
    return bool(readings(value, language, gold=False))


def _is_formula(content: str) -> bool:
    """Tell a formula from prose that stands between the dollar signs of two prices."""
    prose = re.search(r"(?<![\\A-Za-z{])[^\W\d_]{4,}", re.sub(r"\\[a-z]+\s*\{[^{}]*\}", " ", content))
    return not prose and content[0].isspace() == content[-1].isspace()
