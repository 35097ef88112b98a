"""IFEval's 25 instructions, by id: Zhou et al. 2023, arXiv 2311.07911."""

from collections.abc import Callable

from luth.evaluation.scoring.instructions import checks

OPTIONS = ("My answer is yes.", "My answer is no.", "My answer is maybe.")


def constrained_response(answer: str) -> bool:
    """The answer holds one of the three options, word for word."""
    return any(option in answer for option in OPTIONS)


def english_capital(answer: str) -> bool:
    """All letters are capitals, and langdetect finds English: of capitals it sees little."""
    return answer.isupper() and checks.detected(answer, "en")


def english_lowercase(answer: str) -> bool:
    """All letters are small, and langdetect finds English: a French answer always fails."""
    return answer.islower() and checks.detected(answer, "en")


CHECKS: dict[str, Callable[..., bool]] = {
    "keywords:existence": checks.keywords_existence,
    "keywords:frequency": checks.keyword_frequency,
    "keywords:forbidden_words": checks.forbidden_words,
    "keywords:letter_frequency": checks.letter_frequency,
    "language:response_language": checks.response_language,
    "length_constraints:number_sentences": checks.number_sentences,
    "length_constraints:number_paragraphs": checks.number_paragraphs,
    "length_constraints:number_words": checks.number_words,
    "length_constraints:nth_paragraph_first_word": checks.nth_paragraph_first_word,
    "detectable_content:number_placeholders": checks.number_placeholders,
    "detectable_content:postscript": checks.postscript,
    "detectable_format:number_bullet_lists": checks.number_bullet_lists,
    "detectable_format:constrained_response": constrained_response,
    "detectable_format:number_highlighted_sections": checks.number_highlighted_sections,
    "detectable_format:multiple_sections": checks.multiple_sections,
    "detectable_format:json_format": checks.json_format,
    "detectable_format:title": checks.title,
    "combination:two_responses": checks.two_responses,
    "combination:repeat_prompt": checks.repeat_prompt,
    "startend:end_checker": checks.end_checker,
    "change_case:capital_word_frequency": checks.capital_word_frequency,
    "change_case:english_capital": english_capital,
    "change_case:english_lowercase": english_lowercase,
    "punctuation:no_comma": checks.no_comma,
    "startend:quotation": checks.quotation,
}
