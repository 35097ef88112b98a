"""What the code knows of each language: one file a language, each with a `LANGUAGE`; docs/how-to/add-a-language.md."""

import dataclasses
import functools
import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module

from luth.core.errors import UserError
from luth.core.recipes import nearest

# The language that the recipes here improve, and the one that base models and teacher models know best.
TARGET, TEACHER = "fr", "en"


@dataclass(frozen=True, eq=False, repr=False)
class Language:
    r"""Everything the code knows of one language. What is left out is simply not looked for.

    "Words" are compared as whole words in lower case. "Patterns" are parts of a regular expression, matched whatever
    their case. No pattern may begin or end with a repetition without a bound: scoring time must stay linear.

    Parameters:
        code: the ISO 639-1 code, which fastText's lid.176 and langdetect use too.
        name: the English name; recipes give it in lower case, as in `typography: french`.
        own_name: the language's name in itself.
        probe: a question with a short answer that any model knows; a merged model is asked it.
        example: the question that a model card shows.
        decimal_mark: the mark before decimals: a comma or a full stop.
        thousands_mark: the mark between groups of three digits. Of use beside the decimal mark "." alone: with ","
            1,234 is one number, with any other mark two. Spaces between groups are always read, and 1.000 is always 1.
        day_first: whether 3/4/2025 is the third of April.
        months: words, January first, without accents.
        date_words: patterns of words that a date may hold, such as weekdays, without accents.
        ordinal_endings: patterns behind a day's number, without accents: the "st" of "1st".
        hour_words: patterns between hours and minutes, beside "h" and ":", without accents.
        answer_words: words that announce an answer, such as "answer", with and without accents.
        choice_words: words that announce a choice, such as "option".
        final_words: patterns behind an answer word: the "finale" of « réponse finale ».
        copulas: patterns of "is" between a letter and what is said of it.
        announcing_verbs: words between an answer word and a letter: "is", "would be".
        fillers: words that may stand between an answer word and its letter.
        or_words, and_words: words that join two choices or two values.
        none_words: words that reject every choice.
        letter_words: capital letters that are words too: the "A" of "A cat".
        continuations: words behind such a letter that show it is not a word there.
        rejections: patterns behind a letter that reject it: "is wrong".
        hence_words, right_articles, right_words: patterns behind a letter and a copula: "is (therefore) (the) right".
        wrong_words: patterns behind an answer word that call it wrong: « B est la réponse fausse ».
        fitting_verbs: patterns behind a letter that call it right without a copula: « B convient ».
        choosing_phrases: patterns right before a letter that is chosen: "I would pick".
        pointing_phrases: patterns right before a letter that may be one: "it's".
        question_words: words that begin a question: "question".
        yes_words, no_words, true_words, false_words, valid_words, invalid_words: words of a verdict.
        negations: words that turn a true or valid word round.
        contrast_words: words behind which a negation before them holds no longer.
        final_phrases: patterns that announce a final answer for certain: "final answer".
        result_words: patterns that announce one in the last line alone: "result".
        answer_adjectives: patterns behind an answer word: the "correcte" of « réponse correcte ».
        value_verbs: patterns between what is named and its value, beside those: "has", « a pour maximum ».
        of_words: words between an announcement and what it is about: "the answer to the question".
        equality_verbs: patterns between an announcement and the answer: "is", "are".
        therefore_words: words behind such a verb.
        praise: patterns behind such a verb that judge an answer instead of giving one.
        reasons: patterns of words that begin the reason for an answer.
        parameter_words: patterns before what a parameter runs over: "where k ∈ Z".
        base_words: patterns between a number and its base.
        short_words: words of three letters, without accents, that answer a problem: no products of three symbols.
        openers: words before an answer in prose that do not count, such as articles; without accents.
        opening_patterns: patterns before an answer in prose that are no words of their own, such as « l' ».
        about_words: patterns that say an answer is rounded.
        courtesies: patterns that begin a last sentence which gives no answer: "I hope", "let me know".
        phrases: notation by the phrase that stands for it, without accents: {"no solution": "∅"}.
        symbols: notation by word: {"infinity": "∞"}.
        functions: mathematical functions by their names in the language: {"pgcd": "gcd"}. The comparison has one
            list of all languages' names, so that a name must be the same function in each.
        units: canonical units by name, singular, without accents: {"hour": "h"}. A plural that is no ending of the
            singular, such as "feet", is a name of its own here.
        plural_endings: patterns that end a unit in the plural.
        powers_after, powers_before: exponents by the word behind or before a unit, without accents.
        per_words: words between two units.
        not_units: words behind a number that are no unit, without accents.
        refusals: patterns at the beginning of an answer that refuses.
        boilerplate: patterns in which a model speaks of itself as one.
        preambles: patterns that begin the line which a model puts before a translation.
        cut_off_words: words that end no sentence.
        typography: sets a text in the language's typography; None where there is nothing to set.
        abbreviations: words whose full stop ends no sentence.
        sentence_starters: words that begin a sentence after an abbreviation.
        common_words: words with a capital that are no surname, after a letter and a full stop.
    """

    code: str
    name: str
    own_name: str
    probe: str
    example: str
    # Numbers and dates
    decimal_mark: str = "."
    thousands_mark: str = ","
    day_first: bool = True
    months: tuple[str, ...] = ()
    date_words: tuple[str, ...] = ()
    ordinal_endings: tuple[str, ...] = ()
    hour_words: tuple[str, ...] = ()
    # Letters and words as answers
    answer_words: tuple[str, ...] = ()
    choice_words: tuple[str, ...] = ()
    final_words: tuple[str, ...] = ()
    copulas: tuple[str, ...] = ()
    announcing_verbs: tuple[str, ...] = ()
    fillers: tuple[str, ...] = ()
    or_words: tuple[str, ...] = ()
    and_words: tuple[str, ...] = ()
    none_words: tuple[str, ...] = ()
    letter_words: tuple[str, ...] = ()
    continuations: tuple[str, ...] = ()
    rejections: tuple[str, ...] = ()
    hence_words: tuple[str, ...] = ()
    right_articles: tuple[str, ...] = ()
    right_words: tuple[str, ...] = ()
    wrong_words: tuple[str, ...] = ()
    fitting_verbs: tuple[str, ...] = ()
    choosing_phrases: tuple[str, ...] = ()
    pointing_phrases: tuple[str, ...] = ()
    question_words: tuple[str, ...] = ()
    yes_words: tuple[str, ...] = ()
    no_words: tuple[str, ...] = ()
    true_words: tuple[str, ...] = ()
    false_words: tuple[str, ...] = ()
    valid_words: tuple[str, ...] = ()
    invalid_words: tuple[str, ...] = ()
    negations: tuple[str, ...] = ()
    contrast_words: tuple[str, ...] = ()
    # Final answers of mathematics
    final_phrases: tuple[str, ...] = ()
    result_words: tuple[str, ...] = ()
    answer_adjectives: tuple[str, ...] = ()
    value_verbs: tuple[str, ...] = ()
    of_words: tuple[str, ...] = ()
    equality_verbs: tuple[str, ...] = ()
    therefore_words: tuple[str, ...] = ()
    praise: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()
    parameter_words: tuple[str, ...] = ()
    base_words: tuple[str, ...] = ()
    short_words: tuple[str, ...] = ()
    openers: tuple[str, ...] = ()
    opening_patterns: tuple[str, ...] = ()
    about_words: tuple[str, ...] = ()
    courtesies: tuple[str, ...] = ()
    phrases: Mapping[str, str] = field(default_factory=dict)
    symbols: Mapping[str, str] = field(default_factory=dict)
    functions: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    plural_endings: tuple[str, ...] = ()
    powers_after: Mapping[str, int] = field(default_factory=dict)
    powers_before: Mapping[str, int] = field(default_factory=dict)
    per_words: tuple[str, ...] = ()
    not_units: tuple[str, ...] = ()
    # Instruction data
    refusals: tuple[str, ...] = ()
    boilerplate: tuple[str, ...] = ()
    preambles: tuple[str, ...] = ()
    cut_off_words: tuple[str, ...] = ()
    typography: Callable[[str], str] | None = None
    # Sentences
    abbreviations: tuple[str, ...] = ()
    sentence_starters: tuple[str, ...] = ()
    common_words: tuple[str, ...] = ()


@functools.cache
def known() -> dict[str, Language]:
    """Return the languages that have a file here, by code: `TARGET` first, `TEACHER` last."""
    modules = [import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__)]
    languages: list[Language] = [module.LANGUAGE for module in modules]
    languages.sort(key=lambda language: (language.code != TARGET, language.code == TEACHER, language.code))
    return {language.code: language for language in languages}


def get(code: str) -> Language:
    """Return a language by its ISO 639-1 code.

    Raises:
        UserError: no file here describes it.
    """
    if code not in known():
        names = {name: language.code for language in known().values() for name in (language.code, language.name)}
        close = nearest(code, names) or nearest(code.capitalize(), names)
        listed = ", ".join(f"{language.code} ({language.name})" for language in known().values())
        advice = "add a file to src/luth/languages, as docs/how-to/add-a-language.md says"
        raise UserError("unknown-language", f"there is no language {code!r}{close}: known are {listed}; {advice}")
    return known()[code]


@functools.cache
def reading(code: str, *also: str) -> Language:
    """Return a language that is read together with others: its own marks and names, and the words of all of them.

    Args:
        code: of the language that texts are written in.
        also: codes of the languages whose words are read as well.

    Raises:
        UserError: one of them is not known.
    """
    return functools.reduce(_with_words_of, map(get, also), get(code))


def _with_words_of(language: Language, other: Language) -> Language:
    both = {}
    for each in dataclasses.fields(Language):
        ours, theirs = getattr(language, each.name), getattr(other, each.name)
        if isinstance(ours, tuple):
            both[each.name] = (*ours, *theirs)
        elif isinstance(ours, Mapping):
            both[each.name] = {**theirs, **ours}
    return dataclasses.replace(language, **both)


def with_teacher(code: str) -> Language:
    """Return what to look for in a dataset in a language: its words, if it is known, and those of teacher models."""
    return reading(*dict.fromkeys([code, TEACHER] if code in known() else [TEACHER]))


def typographies() -> dict[str, Callable[[str], str]]:
    """Return the functions that set a text in a language's typography, by the language's name in lower case."""
    return {
        language.name.lower(): language.typography for language in known().values() if language.typography is not None
    }


def any_of(patterns: Iterable[str]) -> str:
    """Return a regular expression's part that matches one of several parts; of none, one that never matches."""
    return f"(?:{'|'.join(patterns) or '(?!)'})"
