"""The filter that keeps rows whose every message is in the recipe's language from beginning to end."""

from datatrove.data import Document
from datatrove.pipeline.filters.base_filter import BaseFilter
from datatrove.pipeline.writers import JsonlWriter

from luth.core.text import prose
from luth.data.filters.language_model import likeliest, probabilities, windows
from luth.data.recipe import IdentifyLanguage

# With fewer characters, a text's language is a guess.
LEAST = 50
# A long stretch that is in the language with this probability holds no short one that is not: it is not cut further.
SURE = 0.95


class InLanguage(BaseFilter):
    """Keep rows in which no stretch is in another language."""

    name = "Language"

    def __init__(self, settings: IdentifyLanguage, language: str, rejected: JsonlWriter) -> None:
        """The model is loaded with the first row."""
        super().__init__(rejected)
        self.language, self.settings = language, settings

    def filter(self, doc: Document) -> bool | tuple[bool, str]:
        """Tell whether every message is in the language; the reason names the role whose message is not."""
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
    """Return the first stretch of a text that is in another language, or None; texts below `LEAST` pass."""
    if len(text) < LEAST:
        return None
    words = prose(text).split()
    size = settings.characters
    for begin, end in windows(words, 2 * size, 2 * size):
        label, probability = likeliest(words[begin:end])
        if label != language or probability < SURE:
            # The language may change across a stretch's ends.
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
    by_label = probabilities(stretch)
    likeliest = next(iter(by_label), language)
    return likeliest != language and by_label[likeliest] > settings.other and by_label.get(language, 0) < settings.own
