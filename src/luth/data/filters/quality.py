"""Rules that say what is wrong with a row, by name."""

import itertools
import re
from collections.abc import Callable

from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.writers import JsonlWriter

from luth.core.errors import UserError
from luth.core.recipes import nearest
from luth.core.text import DELIMITED, prose, words
from luth.data.recipe import Quality
from luth.data.sources.conversations import Messages, row_id, said
from luth.languages import typography

# Of a text's 5-grams, those that come again.
REPEATED_SHARE = 0.3
REPEATED_LINES = 0.5
NGRAM = 5
REFUSALS = re.compile(
    r"^\W*(?:je suis désolé|désolée?,? (?:mais )?je ne (?:peux|suis)|je ne peux pas (?:vous aider|répondre|continuer)|"
    r"je ne suis pas en mesure|il m'est impossible|i(?:'m| am) sorry|sorry,? (?:but )?i|"
    r"i can(?:not|'t) (?:help|assist|fulfil)|i(?:'m| am) (?:not able|unable))",
    re.IGNORECASE,
)
BOILERPLATE = re.compile(
    r"en tant qu(?:e modèle de langage|'(?:intelligence artificielle|ia|assistante? (?:virtuel|ia)))|"
    r"as an? (?:ai\b|(?:large )?language model|artificial intelligence)|"
    r"(?:ma|mes) (?:dernière mise à jour|connaissances s'arrêtent)|my (?:knowledge cutoff|last (?:knowledge )?update)",
    re.IGNORECASE,
)
# UTF-8 read as Latin-1 or Windows-1252, and what could not be read at all.
MOJIBAKE = re.compile(r"Ã[\x80-\xbf©¨ª«¯´§¢®¹»¼‰€™]|â€[™œ\x9d“”¢¦˜\x93\x94\x99]|Â[\xa0«»°]|\ufffd")
CUT_OFF = re.compile(
    r"(?:[,;:(\[«]|\b(?:et|ou|le|la|les|un|une|des|de|du|à|que|and|or|the|of|to)\s*)\Z", re.IGNORECASE
)
_BEGIN, _END = re.compile(r"\\begin\{(\w+\*?)\}"), re.compile(r"\\end\{(\w+\*?)\}")


def _answers(messages: Messages) -> list[str]:
    return [message["content"] for message in messages if message["role"] == "assistant"]


def empty(messages: Messages) -> bool:
    """A message without a letter or a digit in it, or no answer at the end."""
    silent = any(not any(sign.isalnum() for sign in message["content"]) for message in messages)
    return silent or messages[-1]["role"] != "assistant"


def repetition(messages: Messages) -> bool:
    """An answer of which much is said again and again."""
    return any(_repeats(answer) for answer in _answers(messages))


def _repeats(text: str) -> bool:
    found = words(prose(text))
    grams = list(zip(*(found[at:] for at in range(NGRAM)), strict=False))
    if len(found) >= 3 * NGRAM and len(grams) - len(set(grams)) > REPEATED_SHARE * len(grams):
        return True
    lines = [line.strip() for line in text.splitlines() if len(line.strip()) > 20]
    return len(lines) >= 4 and len(lines) - len(set(lines)) > REPEATED_LINES * len(lines)


def truncation(messages: Messages) -> bool:
    """A last answer that breaks off: in the middle of a sentence, a block of code or a list."""
    text = messages[-1]["content"].rstrip()
    return text.count("```") % 2 == 1 or bool(CUT_OFF.search(text[-20:]))


def refusal(messages: Messages) -> bool:
    """An answer that begins by refusing."""
    return any(REFUSALS.match(answer.replace("’", "'")) for answer in _answers(messages))


def boilerplate(messages: Messages) -> bool:
    """An answer in which a model speaks of itself as one."""
    return any(BOILERPLATE.search(answer.replace("’", "'")) for answer in _answers(messages))


def latex(messages: Messages) -> bool:
    """A formula that is not closed, or whose braces or environments do not match."""
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


def markdown(messages: Messages) -> bool:
    """A block of code that is not closed, or a table whose header has another number of cells than the line below."""
    return any(message["content"].count("```") % 2 or _broken_table(message["content"]) for message in messages)


def _broken_table(text: str) -> bool:
    lines = re.sub(r"```.*?```", "", text, flags=re.DOTALL).splitlines()
    for above, below in itertools.pairwise(lines):
        if re.fullmatch(r"\s*\|(?:\s*:?-{3,}:?\s*\|)+\s*", below) and above.strip().startswith("|"):
            if above.replace("\\|", "").count("|") != below.count("|"):
                return True
    return False


def mojibake(messages: Messages) -> bool:
    """Letters that were read in another encoding than they were written in."""
    return any(MOJIBAKE.search(message["content"]) for message in messages)


RULES: dict[str, Callable[[Messages], bool]] = {
    rule.__name__: rule for rule in (empty, repetition, truncation, refusal, boilerplate, latex, markdown, mojibake)
}


def require_rules(names: list[str]) -> None:
    """Raise `UserError` for a rule that there is not."""
    for name in names:
        if name not in RULES:
            raise UserError(
                "bad-dataset", f"quality: rules: there is no {name!r}{nearest(name, RULES)}: {', '.join(RULES)}"
            )


class QualityRules(BaseFilter):
    """Keep rows that no rule objects to, their typography put right where that is asked."""

    name = "Quality"

    def __init__(self, settings: Quality, language: str, rejected: JsonlWriter) -> None:
        """Take up the rules' names: their code travels to the workers with this module."""
        super().__init__(rejected)
        self.settings = settings

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Tell whether no rule objects; the reason is the first that does."""
        messages = doc.metadata["messages"]
        for name in self.settings.rules:
            if RULES[name](messages):
                return False, name
        spoken = said(messages).casefold()
        if any(phrase.casefold() in spoken for phrase in self.settings.phrases):
            return False, "a phrase of the recipe"
        if self.settings.typography == "french":
            for message in messages:
                message["content"] = typography.french(message["content"])
            doc.text, doc.id = said(messages), row_id(messages)
        return True
