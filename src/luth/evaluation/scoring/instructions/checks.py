"""Checks that IFEval and M-IFEval share: each tells whether an answer follows one instruction.

Behaviour: Zhou et al. 2023, arXiv 2311.07911, and its published verdicts. A few oddities are theirs: published numbers
depend on them. Keywords and separators are matched literally. Each check takes time that is linear in the answer's
length: no pattern here may start at many places and read far from each.
"""

import operator
import re
from typing import Literal

from luth.core.text import read_json
from luth.evaluation.scoring.instructions.segmentation import (
    count_capital_words,
    count_sentences,
    count_words,
    language,
)

Relation = Literal["less than", "at least", "moins de", "au moins"]


def compare(count: int, relation: Relation, threshold: int) -> bool:
    """Compare a count with a threshold."""
    return (operator.lt if relation in ("less than", "moins de") else operator.ge)(count, threshold)


def keywords_existence(answer: str, keywords: list[str]) -> bool:
    """The answer holds every keyword, also inside a longer word; case is ignored."""
    return all(re.search(re.escape(keyword), answer, re.IGNORECASE) for keyword in keywords)


def keyword_frequency(answer: str, keyword: str, frequency: int, relation: Relation) -> bool:
    """The answer holds the keyword often or seldom enough, also inside longer words; case is ignored."""
    return compare(len(re.findall(re.escape(keyword), answer, re.IGNORECASE)), relation, frequency)


def forbidden_words(answer: str, forbidden_words: list[str]) -> bool:
    """The answer holds none of the words as a whole word; case is ignored."""
    return not any(re.search(rf"\b{re.escape(word)}\b", answer, re.IGNORECASE) for word in forbidden_words)


def letter_frequency(answer: str, letter: str, let_frequency: int, let_relation: Relation) -> bool:
    """The answer holds the letter or sign often or seldom enough; case is ignored, and é is not e."""
    return compare(answer.lower().count(letter.lower()), let_relation, let_frequency)


def response_language(answer: str, language: str) -> bool:
    """The answer is in the language, given by langdetect's code; an answer without letters passes."""
    return detected(answer, language)


def detected(answer: str, code: str) -> bool:
    """Tell whether langdetect names this language, or none: the reference lets that pass."""
    return language(answer) in (code, None)


def number_sentences(answer: str, num_sentences: int, relation: Relation) -> bool:
    """The answer has few or many enough sentences, as Punkt counts them."""
    return compare(count_sentences(answer), relation, num_sentences)


def number_words(answer: str, num_words: int, relation: Relation) -> bool:
    r"""The answer has few or many enough words, which are runs of \w."""
    return compare(count_words(answer), relation, num_words)


def number_paragraphs(answer: str, num_paragraphs: int) -> bool:
    """The answer has exactly so many paragraphs between *** dividers; the first and the last may be empty."""
    paragraphs = [paragraph.strip() for paragraph in re.split(r"\s?\*\*\*\s?", answer)]
    if not all(paragraphs[1:-1]):
        return False
    return sum(map(bool, paragraphs)) == num_paragraphs


def nth_paragraph_first_word(answer: str, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """The answer has exactly so many paragraphs between blank lines; the nth begins with the word, case ignored.

    As published, an empty paragraph does not count in the number, but does in the nth.
    """
    paragraphs = [paragraph.strip() for paragraph in answer.split("\n\n")]
    count = sum(map(bool, paragraphs))
    if not 1 <= nth_paragraph <= count or not paragraphs[nth_paragraph - 1]:
        return False
    word = paragraphs[nth_paragraph - 1].split()[0].lstrip("'").lstrip('"')
    return count == num_paragraphs and re.split("[.,?!'\"]", word)[0].lower() == first_word.lower()


def number_placeholders(answer: str, num_placeholders: int) -> bool:
    """The answer has at least so many [placeholders], each within one line."""
    return sum(map(_count_placeholders, answer.split("\n"))) >= num_placeholders


def _count_placeholders(line: str) -> int:
    count = end = 0
    while (start := line.find("[", end)) >= 0 and (end := line.find("]", start) + 1):
        count += 1
    return count


def postscript(answer: str, postscript_marker: str) -> bool:
    """The answer holds the marker; case is ignored, and P.P.S and P.S. may have spaces after their full stops."""
    spaced = {"P.P.S": r"p\.\s?p\.\s?s", "P.S.": r"p\.\s?s\."}
    return bool(re.search(spaced.get(postscript_marker, re.escape(postscript_marker.lower())), answer.lower()))


def number_bullet_lists(answer: str, num_bullets: int) -> bool:
    """The answer has exactly so many lines that begin with - or one *; a lone * takes the next line as its text."""
    lines = [line.lstrip() for line in answer.split("\n")]
    dashes = sum(line.startswith("-") for line in lines)
    stars, at = 0, 0
    while at < len(lines):
        lone = lines[at] == "*" and at + 1 < len(lines)
        stars += lone or (lines[at].startswith("*") and lines[at][1:2] not in ("", "*"))
        at += 2 if lone else 1
    return dashes + stars == num_bullets


def number_highlighted_sections(answer: str, num_highlights: int) -> bool:
    """The answer has at least so many *highlighted* or **highlighted** parts that are not blank."""
    marked = re.findall(r"\*[^\n*]*\*", answer) + re.findall(r"\*\*[^\n*]*\*\*", answer)
    return sum(bool(part.strip("*").strip()) for part in marked) >= num_highlights


def multiple_sections(answer: str, section_spliter: str, num_sections: int) -> bool:
    """The answer has at least so many section marks: the separator as it is written, and a number."""
    return len(re.findall(rf"{re.escape(section_spliter.strip())}\s?\d+", answer)) >= num_sections


def json_format(answer: str) -> bool:
    """The whole answer is JSON, with or without a Markdown fence around it."""
    text = answer.strip()
    for fence in ("```json", "```Json", "```JSON", "```"):
        text = text.removeprefix(fence)
    try:
        read_json(text.removesuffix("```").strip())
    except ValueError:
        return False
    return True


def title(answer: str) -> bool:
    """A line of the answer holds a <<title>> that is not blank."""
    return marked_title(answer, "<<", ">>")


def marked_title(answer: str, opening: str, closing: str) -> bool:
    """Tell whether a line holds a title between these double marks that is not blank."""
    for line in answer.split("\n"):
        start, end = line.find(opening), line.rfind(closing)
        if 0 <= start < end - len(opening) and line[start:end].lstrip(opening[0]).rstrip(closing[0]).strip():
            return True
    return False


def two_responses(answer: str) -> bool:
    """The answer holds two different responses with ****** between them; a third at either end may be empty."""
    responses = [response.strip() for response in answer.split("******")]
    filled = [response for response in responses if response]
    return all(responses[1:-1]) and len(filled) == 2 and filled[0] != filled[1]


def repeat_prompt(answer: str, prompt_to_repeat: str) -> bool:
    """The answer begins with the request, word for word; case is ignored."""
    return answer.strip().lower().startswith(prompt_to_repeat.strip().lower())


def end_checker(answer: str, end_phrase: str) -> bool:
    """The answer ends with the phrase; case and closing double quotes are ignored."""
    return answer.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def quotation(answer: str) -> bool:
    """The whole answer stands between straight double quotes."""
    text = answer.strip()
    return len(text) > 1 and text[0] == text[-1] == '"'


def no_comma(answer: str) -> bool:
    """The answer holds no comma."""
    return "," not in answer


def capital_word_frequency(answer: str, capital_frequency: int, capital_relation: Relation) -> bool:
    """The answer has few or many enough words all in capitals, "I" and "A" among them."""
    return compare(count_capital_words(answer), capital_relation, capital_frequency)
