r"""The final answer in what a model wrote.

In this order: the last \boxed{...} or \fbox{...} that is not empty, what follows the last "the final answer is", "the
answer is" and their like in the language, the last formula or number of the last sentence. A text that ends in an
empty box, or in none of these, has no final answer. The last 20,000 characters are read.
"""

import re
from functools import cache

from luth.evaluation.scoring.mathematics.equivalence import MAX_LENGTH, readings
from luth.evaluation.scoring.mathematics.layout import closing, unescaped
from luth.evaluation.scoring.mathematics.notation import clean
from luth.evaluation.scoring.mathematics.units import split_unit
from luth.languages import Language, any_of

TAIL = 20_000
MOST_WORDS_BETWEEN = 5  # two boxes that are one answer
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
NAMED = re.compile(r"\$[^$\d]*\$\s+")
NAME = re.compile(r"\\?[A-Za-z]+(?:_\{?\w\}?)?'*(?:\([A-Za-z]\))?")
CODE = re.compile(r"__|\w\(['\"]|\b(?:import|print|return|lambda|def|exec|eval)\b[ (:]")
SPECIAL_TOKEN = re.compile(r"(?<=\S)\s*<\|[a-z_]{2,20}\|>")  # after it a base model writes the next turn itself
# What may stand between two boxes that are one answer, beside words: LaTeX's spaces and text, dollar signs, names.
BETWEEN = re.compile(
    r"\\(?:[,;:! ()\[\]]|q?quad|text|mathrm|mbox)|[${}~]|\n\s*(?:[-*•]|\d[.)]|[a-z]\))\s|\w{1,3}(?:_\{?\w+\}?)?\s*="
)
SENTENCE_END = re.compile(r"(?<=[.!?])(?<!\d\.)\s+|(?<=\d\.)\s+(?=[A-ZÀ-Ý])")
END_IN_A_FORMULA = re.compile(r"(?<=[.!?]\$)\s+(?=[A-ZÀ-Ý])")


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
def _following_verb(language: Language) -> re.Pattern[str]:
    """Return the pattern of a verb with a value right behind it: the « est 34 » of « le plus grand n est 34 »."""
    verbs, hence = any_of(language.equality_verbs), any_of(f" {word}" for word in language.therefore_words)
    of = any_of(f" {word}" for word in language.of_words)
    verbs = any_of((rf"{verbs}{hence}?{of}?", *language.value_verbs))
    return re.compile(rf"\b{verbs}\s*:?\s*(?=[$\\\d.−-]|\S\s*\d)", re.IGNORECASE)


@cache
def _joins(language: Language) -> re.Pattern[str]:
    return re.compile(rf"[,;]|\b{any_of((*language.and_words, *language.or_words))}\b", re.IGNORECASE)


@cache
def _courtesy(language: Language) -> re.Pattern[str]:
    return re.compile(rf"^\W*{any_of(language.courtesies)}", re.IGNORECASE)


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
            end = closing(text, start, MAX_LENGTH)
            if end is not None:
                contents.append((match.start(), end + 1, text[start + 1 : end].strip()))
        elif bare := BARE.match(text, start):
            contents.append((match.start(), bare.end(), re.sub(r"(?:\\[)\]])?[.,;:]*$", "", bare[0])))
    return contents


def final_answer(text: str, language: Language) -> str | None:
    """Return the final answer as it stands in the text, without its box; None if there is none."""
    text = _read(text, language)
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


def listed_answers(text: str, language: Language) -> str | None:
    r"""Return the contents of the boxes in the last sentence that has one, as one list; None if it has not several.

    Between two of them stand a comma, « et » or its like, an item's mark or nothing, and a few words at most.
    """
    text = _read(text, language)
    contents = boxes(text)
    run = contents[-1:]
    for before, after in zip(contents[-2::-1], contents[:0:-1], strict=False):
        if not _is_joined(text[before[1] : after[0]], language):
            break
        run.insert(0, before)
    return " ; ".join(content for _, _, content in run) if len(run) > 1 else None


def _is_joined(between: str, language: Language) -> bool:
    """Tell whether what stands between two boxes makes them one list."""
    words = BETWEEN.sub(" ", between)
    if len(between) > 100 or len(words.split()) > MOST_WORDS_BETWEEN or re.search(r"[.\n\\]", words.strip()):
        return False
    listed = "\n" in between and words.rstrip().endswith((":", "\n"))
    return not words.strip() or listed or bool(_joins(language).search(words))


def _read(text: str, language: Language) -> str:
    """Return the end of a text, without what follows a special token, and with single backslashes."""
    text = text[-TAIL:]
    text = unescaped(text[: token.start()] if (token := SPECIAL_TOKEN.search(text)) else text)
    return _of_the_first_question(text, language)


@cache
def _next_question(language: Language) -> re.Pattern[str]:
    """Return the pattern of the heading of a question, with its number."""
    word = any_of(language.question_words)
    return re.compile(rf"^[^\w\n\\$]*{word}[^\S\n]*(\d*)[*_]*[^\S\n]*(?:[:.)]|$)", re.IGNORECASE | re.MULTILINE)


def _of_the_first_question(text: str, language: Language) -> str:
    """Return a text up to a next question that the model asks itself, if there is an answer before it.

    Questions that are numbered on from one before them are the parts of one problem.
    """
    heads = list(_next_question(language).finditer(text))[:20]
    for at, head in enumerate(heads):
        if head[1] and any(other[1] for other in heads[:at]):
            return text
        if _states(text[: head.start()], language):
            return text[: head.start()]
    return text


def _states(text: str, language: Language) -> bool:
    """Tell whether a text has a box, or a phrase that announces an answer."""
    if any(content for _, _, content in boxes(text)):
        return True
    return any(_stated(text[match.end() :], language) for match in _announcements(language)[1].finditer(text))


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
    while len(lines) > 1 and _courtesy(language).match(lines[-1]):
        del lines[-1]
    if not lines:
        return None
    line = re.sub(r"(?<!\w)\*\*|\*\*(?!\w)", "", lines[-1].strip())
    sentences = SENTENCE_END.split(line)
    if len(sentences) > 1 and _courtesy(language).match(sentences[-1]):
        del sentences[-1]
    sentence = sentences[-1]
    parts = [part for part in END_IN_A_FORMULA.split(sentence) if "$" in part or NUMBER.search(part)]
    sentence = parts[-1] if parts else sentence
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
    # « le plus grand $n$ est 34 », « $n$ est 34 »: what is named comes first, its value behind the verb.
    verbs = list(_following_verb(language).finditer(sentence))
    if not sentence[0].isalpha():
        name = NAMED.match(sentence)
        verbs = [verb for verb in verbs if name and verb.start() == name.end()]
    if not first:
        verbs = [verb for verb in verbs[-1:] if sentence[verb.end()] not in "$\\"]
    if verbs:
        sentence = sentence[verbs[0].end() :]
    if first and (number := NUMBER.match(sentence)) and re.match(r" [^\W\d_]{2}", sentence[number.end() :]):
        return number[0].strip()
    bodies = [_body(match) for match in FORMULA.finditer(sentence)]
    candidates = [body.strip() for body in bodies if body.strip() and _is_formula(body)]
    if not first and all(NAME.fullmatch(body) for body in candidates) and NUMBER.search(FORMULA.sub(" ", sentence)):
        # « il y a 15 façons de choisir $k$ objets »: a name beside a number is no answer.
        candidates, sentence = [], FORMULA.sub(" ", sentence)
    candidates = candidates or [match[0].strip() for match in NUMBER.finditer(sentence) if match[0].strip()]
    if candidates:
        return candidates[0 if first else -1]
    return sentence if first else None


def _is_mathematics(sentence: str, language: Language) -> bool:
    outside = FORMULA.sub(" ", sentence)
    words = {word for word in re.findall(r"[^\W\d_]{2,}", outside) if not word.isupper()}
    if outside != sentence and words - {*language.and_words, *language.or_words}:
        return False
    value, _ = split_unit(clean(sentence, language), language)
    return bool(readings(value, language, gold=False))


def _is_formula(content: str) -> bool:
    """Tell a formula from prose that stands between the dollar signs of two prices."""
    prose = re.search(r"(?<![\\A-Za-z{])[^\W\d_]{4,}", re.sub(r"\\[a-z]+\s*\{[^{}]*\}", " ", content))
    return not prose and content[0].isspace() == content[-1].isspace()
