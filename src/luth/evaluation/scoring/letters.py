"""Which letter a text gives as its answer, in French or in English.

Stricter than LightEval's IndicesExtractionConfig: two letters, a letter that is no choice, a bare article or a list
of the choices are no answer, and time grows linearly with the text.
"""

import re
import unicodedata
from collections.abc import Sequence

import numpy as np
from lighteval.metrics.metrics_sample import SampleLevelComputation
from lighteval.metrics.utils.metric_utils import SampleLevelMetric
from lighteval.models.model_output import ModelResponse
from lighteval.tasks.requests import Doc, SamplingMethod

from luth.evaluation.items.rows import LETTERS

# An answer stands near the end; what lies before is not read, so that no text is slow.
TAIL = 50_000
WINDOW = 200

CUE = re.compile(r"\b(?:r[ée]ponse|answer|option|choix|choice|proposition|boxed)\b", re.IGNORECASE)
TOKEN = re.compile(r"\w+['’]?|[^\w\s]|\n")
SEPARATORS = {":", "=", "est", "is", "sera", "serait", "be"}
SKIPPED = set("([{<«“\"'*`$\\>-–—") | set(
    "la le l' l’ the donc alors bien ici plutôt encore rather finale correcte exacte juste bonne attendue"
    " final correct right best réponse reponse answer option choix choice proposition lettre letter numéro à"
    " cette question this to text textbf mathrm mathbf".split()
)
CLOSING = set(")]}>»”\"'*`$.")
ALTERNATIVES = {"ou", "or", "et", "and", "/", "&"}
NEITHER = {"ni", "aucune", "aucun", "none", "neither"}
# A capital that is also a word of its own: an answer only where no sentence goes on behind it.
WORDS = set("AI")
GOES_ON = {"car", "parce", "puisque", "because", "since", "as", "ou", "or", "et", "and", "avec", "with", "est", "is"}
REJECTED = re.compile(
    r"[\W_]*(?:n['’]|ne\b|isn\b|is\s+(?:not|wrong|incorrect|false)\b"
    r"|est\s+(?:donc\s+)?(?:faux|fausse|incorrecte?|erronée?|exclue?|impossible)\b)",
    re.IGNORECASE,
)
RIGHT = re.compile(
    r"(?<![\w'’])([A-Z])[)*]*\s+(?:est|is)\s+(?:donc\s+)?(?:la\s+|the\s+)?(?:bonne|correcte?|juste|exacte?|vraie?|right)\b"
)
ALONE = re.compile(r"[\W_]*([A-Za-z])[\W_]*")
LABEL = re.compile(r"[\W_]*([A-Z])[^\S\n]*[^\w\s'’][^\w\n]*")
LEADING = re.compile(r"[\W_]*([A-Z])[^\S\n]*(?:[^\w\s'’]|\n|\Z)")


def stated_letter(text: str, choices: Sequence[str]) -> str | None:
    """Return the letter of the one choice that a text gives as its answer, or None.

    In this order: a letter alone on the last line; the last explicit statement (« Réponse : B », « la réponse est
    la B », a box), which counts as no answer where it names two letters or one that is no choice; the only letter
    named like « la réponse B » or « B est correct »; the only line labelled with a letter, alone or before its own
    choice; the words of one choice and nothing else. Only the last 50,000 characters are read.

    Args:
        text: the model's answer.
        choices: the texts of the choices, the first of which is A.
    """
    text = "\n".join(unicodedata.normalize("NFKC", text[-TAIL:]).replace("_", " ").splitlines())
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return None
    for found in (_last_line(lines), _statement(text, choices), _label(lines, choices), _choice(text, choices)):
        if found is not None:
            return found if found and found in LETTERS[: len(choices)] else None
    return None


def _letter(token: str) -> bool:
    return len(token) == 1 and token.isascii() and token.isalpha()


def _bare(text: str) -> str:
    """Return a text as choices are compared: its signs count, the marks around it do not."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split()).strip(" .,;:*`\"'«»“”")


def _choice(text: str, choices: Sequence[str]) -> str | None:
    """Return the letter of the one choice whose words the text is."""
    if len(text) > max(map(len, choices), default=0) + 20:
        return None
    same = [letter for letter, choice in zip(LETTERS, choices, strict=False) if _bare(choice) == _bare(text)]
    return same[0] if len(same) == 1 else None


def _last_line(lines: list[str]) -> str | None:
    """Return the letter that stands alone on the last line, unless that line ends a list of the choices."""
    alone = ALONE.fullmatch(lines[-1])
    if not alone or "?" in lines[-1]:
        return None
    letter = alone[1].upper()
    before = lines[-2] if len(lines) > 1 else ""
    label = LABEL.match(before)
    other = ALONE.fullmatch(before)
    listed = (label and ord(label[1]) == ord(letter) - 1) or (other and other[1].upper() != letter)
    return None if listed else letter


def _statement(text: str, choices: Sequence[str]) -> str | None:
    """Return what the last explicit statement gives, "" for no single letter, or the only letter that is named."""
    named = set()
    for cue in reversed(list(CUE.finditer(text))):
        explicit, found = _after(text, cue, choices)
        if explicit and found is not None:
            return found
        if found and cue[0].lower() in ("réponse", "reponse", "answer"):
            named.add(found)
    named |= set(RIGHT.findall(text))
    return named.pop() if len(named) == 1 else None


def _after(text: str, cue: re.Match[str], choices: Sequence[str]) -> tuple[bool, str | None]:
    """Read what follows a cue: is it tied to the cue by a colon or a verb, and which letter is it?"""
    explicit = cue[0].lower() == "boxed"
    below, start = False, cue.end()
    tokens = list(TOKEN.finditer(text, cue.end(), cue.end() + WINDOW))
    for token in tokens:
        word = token[0].lower()
        if word == "\n":
            if not explicit:
                return False, None
            below = True
        elif word in SEPARATORS:
            explicit, start = True, token.end()
        elif word not in SKIPPED:
            break
    else:
        return explicit, None
    if _lists(text[token.start() : token.start() + 4 * WINDOW], below):
        return explicit, None
    end = text.find("\n", token.start())
    words = _choice(text[start : end if end >= 0 else len(text)], choices) if explicit else None
    if not _letter(token[0]):
        return explicit, "" if explicit and word in NEITHER else words
    return explicit, _letter_here(text, tokens, tokens.index(token), explicit, words)


def _lists(text: str, whole_lines: bool) -> bool:
    """Tell whether a text begins with two labels in a row, as a list of choices does.

    Where the first stands behind a cue, not on a line of its own, it must have text behind it.
    """
    lines = [line for line in text.splitlines() if line.strip()][:2]
    labels = [found for line in lines if (found := ALONE.fullmatch(line) or LABEL.match(line))]
    in_a_row = len(labels) == 2 and ord(labels[1][1].upper()) == ord(labels[0][1].upper()) + 1
    return in_a_row and (whole_lines or labels[0].end() < len(lines[0]))


def _letter_here(text: str, tokens: list[re.Match[str]], at: int, explicit: bool, words: str | None) -> str | None:
    """Return the letter at a token, "" if another is named with it, None if it is rejected.

    Where it is a word, as the article of « A cat », `words` is returned, the choice whose words the line is.
    """
    letter = tokens[at][0]
    following = [token[0] for token in tokens[at + 1 :]]
    closed = 0
    while closed < len(following) and following[closed] in CLOSING:
        closed += 1
    next_word = following[closed] if closed < len(following) else "\n"
    if next_word == "?" or REJECTED.match(text, tokens[at].end(), tokens[at].end() + WINDOW):
        return None
    if letter.islower():
        enclosed = tokens[at - 1][0] in "([{" and bool(following) and following[0] in ")]}"
        if not enclosed and not (explicit and next_word in ("\n", ",", ";")):
            return None
    if letter in WORDS and not closed and next_word[0].isalpha() and next_word.lower() not in GOES_ON:
        return "" if _letter(next_word) else words
    several = "." not in following[:closed] and _another(following[closed:], letter)
    return "" if several else letter.upper()


def _another(following: list[str], letter: str) -> bool:
    """Tell whether a second letter is named right behind the first: « A ou B », « A, B », « A B »."""
    joined = False
    for word in following:
        if word.lower() in ALTERNATIVES:
            joined = True
        elif _letter(word) and (word.isupper() or (joined and letter.islower())):
            return word.upper() != letter.upper()
        elif word not in (",", ";", "(") and not (joined and word.lower() in SKIPPED):
            return False
    return False


def _label(lines: list[str], choices: Sequence[str]) -> str | None:
    """Return the letter of the only labelled line, if the line holds it alone or before its own choice."""
    labels, found = set(), None
    for line in lines:
        alone, label = ALONE.fullmatch(line), LABEL.match(line)
        if alone and "?" not in line:
            labels.add(alone[1].upper())
            found = alone[1].upper()
        elif label:
            labels.add(label[1])
            if label[1] == _choice(line[label.end() :], choices):
                found = label[1]
    return found if len(labels) == 1 else None


def letter_alone(text: str) -> str:
    """Return, as a capital, the only letter of a text that holds no other letter or digit, or ""."""
    found = ALONE.fullmatch(unicodedata.normalize("NFKC", text))
    return found[1].upper() if found else ""


def leading_letter(text: str) -> str:
    """Return the capital that a text begins with, set off from what follows by more than a space, or ""."""
    found = LEADING.match(text)
    return found[1] if found else ""


class LetterMatch(SampleLevelComputation):
    """1 if the answer states the letter of the right choice, and no other, else 0."""

    def compute(self, doc: Doc, model_response: ModelResponse, **kwargs: object) -> int:
        """Score one answer; `doc.choices` are the letters and `doc.specific["choices"]` the texts they stand for."""
        stated = stated_letter(model_response.final_text[0], doc.specific["choices"])
        return int(stated == doc.choices[doc.gold_index])


letter_match = SampleLevelMetric(
    metric_name="extractive_match",
    sample_level_fn=LetterMatch(),
    category=SamplingMethod.GENERATIVE,
    corpus_level_fn=np.mean,
    higher_is_better=True,
)
