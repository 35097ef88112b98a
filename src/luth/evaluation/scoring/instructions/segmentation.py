"""Words, capital words, sentences and language of an answer: offline, deterministic, the same in every thread.

The reference checkers count with NLTK (its \\w+ words, its word tokenizer, its trained English Punkt) and name
languages with langdetect. Punkt's trained parameters are a download, so the words of luth.languages stand in for them.
langdetect draws at random unless seeded, so it is seeded here, for each text anew.
"""

import re
from functools import cache, lru_cache
from pathlib import Path

from langdetect.detector_factory import PROFILES_DIRECTORY, DetectorFactory
from langdetect.lang_detect_exception import LangDetectException
from nltk.tokenize import NLTKWordTokenizer
from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer

from luth.languages import get

# IFEval and M-IFEval split every text as English, whatever its language.
SPLIT_AS = get("en")
# NLTK's flags for a word that was seen inside sentences with a capital and without.
SEEN_IN_BOTH_CASES = 1 << 2 | 1 << 5


@cache
def sentence_splitter() -> PunktSentenceTokenizer:
    """Return Punkt (Kiss and Strunk 2006, in NLTK) with a language's words in place of trained parameters."""
    parameters = PunktParameters()
    parameters.abbrev_types.update(SPLIT_AS.abbreviations)
    parameters.sent_starters.update(SPLIT_AS.sentence_starters)
    for word in (*SPLIT_AS.sentence_starters, *SPLIT_AS.common_words):
        parameters.add_ortho_context(word, SEEN_IN_BOTH_CASES)
    return PunktSentenceTokenizer(parameters)


def count_sentences(text: str) -> int:
    """Count sentences as Punkt does: a heading or list without a full stop belongs to the sentence after it."""
    return sum(1 for _ in sentence_splitter().span_tokenize(text))


def count_words(text: str) -> int:
    """Count runs of letters, digits and underscores: "l'été" is two words."""
    return len(re.findall(r"\w+", text))


def count_capital_words(text: str) -> int:
    """Count the tokens of NLTK's word tokenizer, sentence by sentence, that are all in capitals: "I", "A", "3D"."""
    sentences = (" ".join(sentence.split()) for sentence in sentence_splitter().tokenize(text))
    # White space as one space keeps NLTK's patterns linear; sentences without a capital need none of them.
    with_capitals = (sentence for sentence in sentences if any(map(str.isupper, sentence)))
    return sum(token.isupper() for sentence in with_capitals for token in NLTKWordTokenizer().tokenize(sentence))


@cache
def _detectors() -> DetectorFactory:
    factory = DetectorFactory()
    # Sorted: the order of the profiles is the order of additions and of ties.
    factory.load_json_profile(
        [path.read_text(encoding="utf-8") for path in sorted(Path(PROFILES_DIRECTORY).iterdir()) if path.is_file()]
    )
    factory.set_seed(0)
    return factory


@lru_cache(maxsize=4096)
def language(text: str) -> str | None:
    """Name the language of a text in langdetect's codes (ISO 639-1, zh-cn, zh-tw); None where it finds no features.

    langdetect leaves out words in capitals: French all in capitals is German to it, or English, hardly ever French.
    """
    detector = _detectors().create()
    detector.append(text)
    try:
        return detector.detect()
    except LangDetectException:
        return None
