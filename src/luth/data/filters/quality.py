"""The rules that reject a row for its quality, by name.

They look for the words of the recipe's language, if luth.languages has a file for it, and for those of the language
that teacher models answer in (languages.with_teacher).
"""

import itertools
import re
from collections.abc import Callable
from functools import cache

from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.writers import JsonlWriter

from luth.core.errors import UserError
from luth.core.recipes import nearest
from luth.core.text import DELIMITED, prose, words
from luth.data.recipe import Quality
from luth.data.sources.conversations import Messages, row_id, said
from luth.languages import Language, any_of, typographies, with_teacher

# A text repeats itself if more than this share of its n-grams, or of its lines, has occurred before in it.
REPEATED_SHARE = 0.3
REPEATED_LINES = 0.5
NGRAM = 5
# UTF-8 read as Latin-1 or Windows-1252, and what could not be read at all.
MOJIBAKE = re.compile(r"Ã[\x80-\xbf©¨ª«¯´§¢®¹»¼‰€™]|â€[™œ\x9d“”¢¦˜\x93\x94\x99]|Â[\xa0«»°]|\ufffd")
_BEGIN, _END = re.compile(r"\\begin\{(\w+\*?)\}"), re.compile(r"\\end\{(\w+\*?)\}")


@cache
def refusal_pattern(language: Language) -> re.Pattern[str]:
    """Return the pattern of a refusal at an answer's beginning; apostrophes must be straight ones."""
    return re.compile(rf"^\W*{any_of(language.refusals)}", re.IGNORECASE)


@cache
def _boilerplate_pattern(language: Language) -> re.Pattern[str]:
    return re.compile(any_of(language.boilerplate), re.IGNORECASE)


@cache
def _cut_off_pattern(language: Language) -> re.Pattern[str]:
    return re.compile(rf"(?:[,;:(\[«]|\b{any_of(language.cut_off_words)}\s*)\Z", re.IGNORECASE)


def _answers(messages: Messages) -> list[str]:
    return [message["content"] for message in messages if message["role"] == "assistant"]


def empty(messages: Messages, language: Language) -> bool:
    """A message holds no letter and no digit, or the conversation does not end with an answer."""
    silent = any(not any(sign.isalnum() for sign in message["content"]) for message in messages)
    return silent or messages[-1]["role"] != "assistant"


def repetition(messages: Messages, language: Language) -> bool:
    """An answer repeats its words or lines."""
    return any(_repeats(answer) for answer in _answers(messages))


def _repeats(text: str) -> bool:
    tokens = words(prose(text))
    grams = list(zip(*(tokens[at:] for at in range(NGRAM)), strict=False))
    if len(tokens) >= 3 * NGRAM and len(grams) - len(set(grams)) > REPEATED_SHARE * len(grams):
        return True
    lines = [line.strip() for line in text.splitlines() if len(line.strip()) > 20]
    return len(lines) >= 4 and len(lines) - len(set(lines)) > REPEATED_LINES * len(lines)


def truncation(messages: Messages, language: Language) -> bool:
    """The last answer breaks off: in the middle of a sentence, a block of code or a list."""
    text = messages[-1]["content"].rstrip()
    return text.count("```") % 2 == 1 or bool(_cut_off_pattern(language).search(text[-20:]))


def refusal(messages: Messages, language: Language) -> bool:
    """An answer begins with a refusal."""
    return any(refusal_pattern(language).match(answer.replace("’", "'")) for answer in _answers(messages))


def boilerplate(messages: Messages, language: Language) -> bool:
    """In an answer, a model speaks of itself as a model."""
    return any(_boilerplate_pattern(language).search(answer.replace("’", "'")) for answer in _answers(messages))


def latex(messages: Messages, language: Language) -> bool:
    """A formula is not closed, or its braces or environments do not match."""
    return any(_broken_latex(message["content"]) for message in messages)


def _broken_latex(text: str) -> bool:
    # Two backslashes end a line, whatever bracket comes after them.
    text = re.sub(r"```.*?```|`[^`\n]*`|\\\\", "", text, flags=re.DOTALL)
    if text.count(r"\(") != text.count(r"\)") or text.count(r"\[") != text.count(r"\]"):
        return True
    if len(re.findall(r"(?<!\\)\$\$", text)) % 2:
        return True
    if sorted(_BEGIN.findall(text)) != sorted(_END.findall(text)):
        return True
    formulas = re.findall(rf"{DELIMITED}|\$\$.*?\$\$", text, re.DOTALL)
    return not all(map(_braces_match, formulas))


def _braces_match(formula: str) -> bool:
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", formula):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            return False
    return depth == 0


def markdown(messages: Messages, language: Language) -> bool:
    """A block of code is not closed, or a table's header has another number of cells than the line below it."""
    return any(message["content"].count("```") % 2 or _broken_table(message["content"]) for message in messages)


def _broken_table(text: str) -> bool:
    lines = re.sub(r"```.*?```", "", text, flags=re.DOTALL).splitlines()
    for above, below in itertools.pairwise(lines):
        if re.fullmatch(r"\s*\|(?:\s*:?-{3,}:?\s*\|)+\s*", below) and above.strip().startswith("|"):
            if above.replace("\\|", "").count("|") != below.count("|"):
                return True
    return False


def mojibake(messages: Messages, language: Language) -> bool:
    """A message was read in another encoding than it was written in."""
    return any(MOJIBAKE.search(message["content"]) for message in messages)


RULES: dict[str, Callable[[Messages, Language], bool]] = {
    rule.__name__: rule for rule in (empty, repetition, truncation, refusal, boilerplate, latex, markdown, mojibake)
}


def require_rules(names: list[str]) -> None:
    """Raise `UserError` for a name that is no rule."""
    for name in names:
        if name not in RULES:
            raise UserError(
                "bad-recipe-value", f"quality: rules: there is no {name!r}{nearest(name, RULES)}: {', '.join(RULES)}"
            )


class QualityRules(BaseFilter):
    """Keep rows that no rule rejects, and set their typography where the recipe says so."""

    name = "Quality"

    def __init__(self, settings: Quality, language: str, rejected: JsonlWriter) -> None:
        """Take the settings and the recipe's language; workers look up rules and words by these names."""
        super().__init__(rejected)
        self.settings, self.language = settings, language

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Tell whether no rule rejects the row; the reason is the first rule that does."""
        messages = doc.metadata["messages"]
        language = with_teacher(self.language)
        for name in self.settings.rules:
            if RULES[name](messages, language):
                return False, name
        spoken = said(messages).casefold()
        if any(phrase.casefold() in spoken for phrase in self.settings.phrases):
            return False, "a phrase of the recipe"
        if self.settings.typography is not None:
            typography = typographies()[self.settings.typography]
            for message in messages:
                message["content"] = typography(message["content"])
            doc.text, doc.id = said(messages), row_id(messages)
        return True
