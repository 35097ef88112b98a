"""Which letter a text gives as its answer.

Stricter than LightEval's IndicesExtractionConfig: two letters, a letter that is no choice, a bare article or a list
of the choices are no answer, and time grows linearly with the text. The words that announce or reject a letter are a
`Language`'s; a language that is read with others (languages.reading) has the words of all of them.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import islice

from lighteval.metrics.metrics_sample import SampleLevelComputation
from lighteval.metrics.utils.metric_utils import SampleLevelMetric
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc

from luth.evaluation.items.rows import LETTERS
from luth.evaluation.scoring.mean_metric import mean_metric
from luth.languages import Language, any_of

# The answer stands near the end. Only that much is read, so that no text takes long.
TAIL = 50_000
WINDOW = 200

TOKEN = re.compile(r"\w+['’]?|[^\w\s]|\n")
MARKS = set("([{<«“\"'*`$\\>-–—")
LATEX = {"text", "textbf", "mathrm", "mathbf"}
CLOSING = set(")]}>»”\"'*`$.")
ALONE = re.compile(r"[\W_]*([A-Za-z])[\W_]*")
LABEL = re.compile(r"[\W_]*([A-Z])[^\S\n]*[^\w\s'’][^\w\n]*")
LEADING = re.compile(r"[\W_]*([A-Z])[^\S\n]*(?:[^\w\s'’]|\n|\Z)")


@cache
def cue(language: Language) -> re.Pattern[str]:
    """Return the pattern of a word that may announce a letter."""
    words = any_of((*language.answer_words, *language.choice_words, "boxed"))
    return re.compile(rf"\b{words}\b", re.IGNORECASE)


@cache
def _choosing(language: Language) -> re.Pattern[str]:
    """Return the pattern of what says which letter is chosen, without a word such as "answer": « je choisis »."""
    return re.compile(rf"(?<![\w'’]){any_of(language.choosing_phrases)}(?!\w)", re.IGNORECASE)


@cache
def _pointing(language: Language) -> re.Pattern[str]:
    """Return the pattern of what may say it, or something else: « c'est »."""
    return re.compile(rf"(?<![\w'’]){any_of(language.pointing_phrases)}(?!\w)", re.IGNORECASE)


@cache
def _next_question(language: Language) -> re.Pattern[str]:
    """Return the pattern of a next question with its choices, which a model asks itself after its answer."""
    heading = rf"^[^\w\n]*(?:{any_of(language.question_words)}[^\S\n]*\d*|Q\d*)[*_]*[^\S\n]*(?:[:.)][^\n]*)?\n"
    asked = r"^[^\n]{1,300}\?[^\S\n]*\n"
    return re.compile(
        rf"(?:{heading}(?:[^\n]*\n){{0,6}}?|{asked}\n?)[^\w\n]*A[).:\]][^\n]*\n+[^\w\n]*B[).:\]]",
        re.IGNORECASE | re.MULTILINE,
    )


@cache
def _separators(language: Language) -> set[str]:
    """Return the signs and verbs that tie a letter to its cue."""
    return {":", "=", *language.announcing_verbs}


@cache
def _skipped(language: Language) -> set[str]:
    """Return what may stand between a cue and its letter."""
    return MARKS | LATEX | {*language.fillers, *language.answer_words, *language.choice_words}


@cache
def _alternatives(language: Language) -> set[str]:
    """Return what joins two letters."""
    return {"/", "&", *language.or_words, *language.and_words}


@cache
def _rejected(language: Language) -> re.Pattern[str]:
    """Return the pattern of what rejects the letter before it."""
    return re.compile(rf"[\W_]*{any_of(language.rejections)}", re.IGNORECASE)


@cache
def _judged(language: Language) -> re.Pattern[str]:
    """Return the pattern of what rejects a label before it: « B) n'est pas », « B) est la mauvaise réponse »."""
    article = any_of(language.right_articles)
    wrong = rf"{any_of(language.copulas)}\s+(?:{article}\s+)?{any_of(language.wrong_words)}"
    return re.compile(rf"[\W_]*(?:{any_of(language.rejections)}|{wrong})", re.IGNORECASE)


@cache
def _rejecting(language: Language) -> re.Pattern[str]:
    """Return the pattern of what turns an announcement behind it round: « pas la », "the wrong", "I don't think"."""
    negation = rf"(?:\b{any_of(language.negations)}|n['’]t)"
    between = rf"(?:[^\S\n]+(?!{any_of(language.contrast_words)}\b)[\w'’]+){{0,2}}"
    return re.compile(rf"(?:{negation}{between}|\b{any_of(language.wrong_words)})[^\S\n]+$", re.IGNORECASE)


@cache
def _right(language: Language) -> re.Pattern[str]:
    """Return the pattern of a letter that is called right, case counting: « B est (donc) (la) (bonne) réponse »."""
    hence, article = any_of(language.hence_words), any_of(language.right_articles)
    right, noun = any_of(language.right_words), any_of((*language.answer_words, *language.choice_words))
    called = rf"(?:{article}\s+)?{right}\b|{article}\s+{noun}\b(?!\s+{any_of(language.wrong_words)})"
    return re.compile(
        rf"(?<![\w'’])([A-Z])[)*]*\s+(?:{any_of(language.copulas)}\s+(?:{hence}\s+)?(?:{called})"
        rf"|{any_of(language.fitting_verbs)}\b)"
    )


def stated_letter(text: str, choices: Sequence[str], language: Language) -> str | None:
    """Return the letter of the one choice that a text gives as its answer, or None.

    In this order: a letter alone on the last line; the last explicit statement (« Réponse : B », « la réponse est
    la B », a box), which counts as no answer where it names two letters or one that is no choice; the only letter
    named like « la réponse B » or « B est correct »; the only line labelled with a letter, alone or before its own
    choice; the words of one choice and nothing else. What a model says before a next question with choices of its own
    counts before what it says behind it. Only the last 50,000 characters are read.

    Args:
        text: the model's answer.
        choices: the texts of the choices, the first of which is A.
        language: the language whose words are read.
    """
    text = "\n".join(unicodedata.normalize("NFKC", text[-TAIL:]).replace("_", " ").splitlines())
    # A text may begin with its own question again.
    heads = [text[: question.start()] for question in islice(_next_question(language).finditer(text), 2)]
    found = (_stated(part.rstrip(), choices, language) for part in (*heads, text))
    letter = next((letter for letter in found if letter is not None), None)
    return letter if letter and letter in LETTERS[: len(choices)] else None


def _stated(text: str, choices: Sequence[str], language: Language) -> str | None:
    """Return the letter that a text states, "" if it states none or several, None if it has no statement."""
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return None
    stated = (
        _last_line(lines, language),
        _statement(text, choices, language),
        _label(lines, choices, language),
        _choice(text, choices),
    )
    return next((letter for letter in stated if letter is not None), None)


def _is_letter(token: str) -> bool:
    return len(token) == 1 and token.isascii() and token.isalpha()


def _bare(text: str) -> str:
    """Return a text as choices are compared: without the marks around it, in lower case."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).strip(" .,;:*`\"'«»“”")


def _choice(text: str, choices: Sequence[str]) -> str | None:
    """Return the letter of the choice that the text repeats, if it is one choice."""
    if len(text) > max(map(len, choices), default=0) + 20:
        return None
    same = [letter for letter, choice in zip(LETTERS, choices, strict=False) if _bare(choice) == _bare(text)]
    return same[0] if len(same) == 1 else None


@cache
def _hence(language: Language) -> re.Pattern[str]:
    article = any_of(language.right_articles)
    return re.compile(rf"^\W*{any_of(language.hence_words)}\b(?:\s+{article}(?=\s))?", re.IGNORECASE)


def _last_line(lines: list[str], language: Language) -> str | None:
    """Return the letter alone on the last line (« Donc B. »), unless that line ends a list of the choices."""
    alone = ALONE.fullmatch(_hence(language).sub("", lines[-1]))
    if not alone or "?" in lines[-1]:
        return None
    letter = alone[1].upper()
    before = lines[-2] if len(lines) > 1 else ""
    label = LABEL.match(before)
    other = ALONE.fullmatch(before)
    listed = (label and ord(label[1]) == ord(letter) - 1) or (other and other[1].upper() != letter)
    return None if listed else letter


def _statement(text: str, choices: Sequence[str], language: Language) -> str | None:
    """Return the letter of the last explicit statement, "" if it names none or several, else the only letter named."""
    named = set()
    choosing = list(_choosing(language).finditer(text))
    announcements = sorted([*cue(language).finditer(text), *choosing], key=lambda match: match.end())
    for announcement in reversed(announcements):
        if _rejecting(language).search(text, max(0, announcement.start() - WINDOW), announcement.start()):
            continue
        explicit, letter = _after(text, announcement, choices, language, announcement in choosing)
        if explicit and letter is not None:
            return letter
        if letter and announcement[0].lower() in language.answer_words:
            named.add(letter)
    for pointing in _pointing(language).finditer(text):
        if _rejecting(language).search(text, max(0, pointing.start() - WINDOW), pointing.start()):
            continue
        _, letter = _after(text, pointing, choices, language)
        named |= {letter} if letter else set()
    named |= set(_right(language).findall(text))
    return named.pop() if len(named) == 1 else None


def _after(
    text: str, announcement: re.Match[str], choices: Sequence[str], language: Language, tied: bool = False
) -> tuple[bool, str | None]:
    """Return whether a colon or verb ties an answer to its announcement, and the letter that is announced."""
    explicit = tied or announcement[0].lower() == "boxed"
    below, start = False, announcement.end()
    tokens = list(TOKEN.finditer(text, announcement.end(), announcement.end() + WINDOW))
    separators, skipped = _separators(language), _skipped(language)
    for token in tokens:
        word = token[0].lower()
        if word == "\n":
            if not explicit:
                return False, None
            below = True
        elif word in separators:
            explicit, start = True, token.end()
        elif word not in skipped and (explicit or not word.isdigit()):
            break
    else:
        return explicit, None
    if _lists(text[token.start() : token.start() + 4 * WINDOW], below):
        return explicit, None
    end = text.find("\n", token.start())
    words = _choice(text[start : end if end >= 0 else len(text)], choices) if explicit else None
    if not _is_letter(token[0]):
        return explicit, "" if explicit and word in language.none_words else words
    return explicit, _letter_here(text, tokens, tokens.index(token), explicit, words, language)


def _lists(text: str, whole_lines: bool) -> bool:
    """Tell whether a text begins with two labels in a row, as a list of choices does.

    Where the first stands behind a cue, not on a line of its own, it must have text behind it.
    """
    lines = [line for line in text.splitlines() if line.strip()][:2]
    labels = [label for line in lines if (label := ALONE.fullmatch(line) or LABEL.match(line))]
    in_a_row = len(labels) == 2 and ord(labels[1][1].upper()) == ord(labels[0][1].upper()) + 1
    return in_a_row and (whole_lines or labels[0].end() < len(lines[0]))


def _letter_here(
    text: str, tokens: list[re.Match[str]], at: int, explicit: bool, words: str | None, language: Language
) -> str | None:
    """Return the letter at a token, "" if another is named with it, None if it is rejected.

    Where the letter is a word, as in « A cat », `words` is returned: the letter of the choice that the line repeats.
    """
    letter = tokens[at][0]
    following = [token[0] for token in tokens[at + 1 :]]
    closed = 0
    while closed < len(following) and following[closed] in CLOSING:
        closed += 1
    next_word = following[closed] if closed < len(following) else "\n"
    if next_word == "?" or _rejected(language).match(text, tokens[at].end(), tokens[at].end() + WINDOW):
        return None
    if letter.islower():
        enclosed = tokens[at - 1][0] in "([{" and bool(following) and following[0] in ")]}"
        if not enclosed and not (explicit and next_word in ("\n", ",", ";")):
            return None
    is_word = letter in language.letter_words and not closed and next_word[0].isalpha()
    if is_word and next_word.lower() not in language.continuations:
        return "" if _is_letter(next_word) else words
    several = "." not in following[:closed] and _another(following[closed:], letter, language)
    return "" if several else letter.upper()


def _another(following: list[str], letter: str, language: Language) -> bool:
    """Tell whether a second letter is named right behind the first: « A ou B », « A, B », « A B »."""
    joined = False
    for word in following:
        if word.lower() in _alternatives(language):
            joined = True
        elif _is_letter(word) and (word.isupper() or (joined and letter.islower())):
            return word.upper() != letter.upper()
        elif word not in (",", ";", "(") and not (joined and word.lower() in _skipped(language)):
            return False
    return False


def _label(lines: list[str], choices: Sequence[str], language: Language) -> str | None:
    """Return the letter of the only labelled line, alone on it, before its own choice, or beginning the whole text."""
    labels, stated = set(), None
    for line in lines:
        alone, label = ALONE.fullmatch(line), LABEL.match(line)
        if alone and "?" not in line:
            labels.add(alone[1].upper())
            stated = alone[1].upper()
        elif label:
            labels.add(label[1])
            own = _choice(line[label.end() :], choices)
            verdict = _judged(language).match(line, label.start(1) + 1)
            if label[1] == own or (own is None and len(lines) == 1 and not verdict):
                stated = label[1]
    return stated if len(labels) == 1 else None


def letter_alone(text: str) -> str:
    """Return, as a capital, the only letter of a text that holds no other letter or digit, or ""."""
    alone = ALONE.fullmatch(unicodedata.normalize("NFKC", text))
    return alone[1].upper() if alone else ""


def leading_letter(text: str) -> str:
    """Return the capital that a text begins with, set off from what follows by more than a space, or ""."""
    leading = LEADING.match(text)
    return leading[1] if leading else ""


class LetterMatch(SampleLevelComputation):
    """1 if the answer states the letter of the right choice, and no other, else 0."""

    def __init__(self, language: Language) -> None:
        """Read the words of `language`."""
        self.language = language

    def compute(self, doc: Doc, model_response: ModelResponse, **kwargs: object) -> int:
        """Score one answer; `doc.choices` are the letters and `doc.specific["choices"]` the texts they stand for."""
        choices = (doc.specific or {})["choices"]
        return int(stated_letter(model_response.final_text[0], choices, self.language) in doc.get_golds())


def letter_match(language: Language) -> SampleLevelMetric:
    """Return the metric for answers by letter that reads the words of a language."""
    return mean_metric("extractive_match", LetterMatch(language))
