"""Rows of which every message is in the recipe's language, from its beginning to its end."""

from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.writers import JsonlWriter

from luth.core.text import prose
from luth.data.filters.language_model import likeliest, probabilities, windows
from luth.data.recipe import IdentifyLanguage

# Characters below which a text's language is a guess.
LEAST = 50
# A longer stretch that is so probably in the language holds no shorter one that is not: it is looked at as a whole.
SURE = 0.95


class InLanguage(BaseFilter):
    """Keep rows without a stretch of another language."""

    name = "Language"

    def __init__(self, settings: IdentifyLanguage, language: str, rejected: JsonlWriter) -> None:
        """The model is loaded with the first row."""
        super().__init__(rejected)
        self.language, self.settings = language, settings

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Tell whether every message is in the language; the reason names who spoke another one."""
        short = []
        for message in doc.metadata["messages"]:
            if len(message["content"]) < LEAST:
                short.append(message["content"])
            elif foreign(message["content"], self.language, self.settings):
                return False, f"the {message['role']} in another language"
        # A short question and its short answer are together long enough.
        if foreign(" ".join(short), self.language, self.settings):
            return False, "the short messages in another language"
        return True


def foreign(text: str, language: str, settings: IdentifyLanguage) -> str | None:
    """Return a text's first stretch that is surely in another language, or None; short ones are not judged."""
    if len(text) < LEAST:
        return None
    words = prose(text).split()
    size = settings.characters
    for begin, end in windows(words, 2 * size, 2 * size):
        found, sure = likeliest(words[begin:end])
        if found != language or sure < SURE:
            # A change of language may lie across a stretch's ends.
            wider = words[max(0, begin - size // 10) : end + size // 10]
            for first, last in windows(wider, size, size // 2):
                stretch = " ".join(wider[first:last])
                if _is_foreign(stretch, language, settings):
                    return stretch
    return None


def _is_foreign(stretch: str, language: str, settings: IdentifyLanguage) -> bool:
    letters = sum(map(str.isalpha, stretch))
    if len(stretch) < LEAST or letters < len(stretch) / 2:
        return False
    found = probabilities(stretch)
    likeliest = next(iter(found), language)
    return likeliest != language and found[likeliest] > settings.other and found.get(language, 0) < settings.own
