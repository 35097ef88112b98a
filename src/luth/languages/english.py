"""English."""

from luth.languages import Language

_NO = ("no", "there is no", "there are no", "there exists no", "there exist no", "the equation has no", "it has no")
_SOLUTION = ("solution", "solutions", "root", "roots", "solution exists", "solutions exist")

LANGUAGE = Language(
    code="en",
    name="English",
    own_name="English",
    probe="What is the capital of Italy?",
    example="What is the capital of the United Kingdom?",
    decimal_mark=".",
    thousands_mark=",",
    day_first=False,
    months=(
        *("january", "february", "march", "april", "may", "june"),
        *("july", "august", "september", "october", "november", "december"),
    ),
    date_words=("the", "of", r"\w+day"),
    ordinal_endings=("st", "nd", "rd", "th"),
    answer_words=("answer",),
    choice_words=("option", "choice", "letter", "solution"),
    copulas=("is", "would be", "should be", "seems(?: to be)?", "must be", "appears to be", "looks"),
    announcing_verbs=("is", "be"),
    fillers=(
        "the",
        "for",
        "sure",
        "clearly",
        "most",
        "likely",
        "probably",
        "definitely",
        "would",
        "must",
        "should",
        "rather",
        "final",
        "correct",
        "right",
        "best",
        "letter",
        "this",
        "question",
        "to",
        "appropriate",
        "suitable",
        "possible",
        "plausible",
        "only",
        "that",
        "fits",
    ),
    or_words=("or",),
    and_words=("and",),
    none_words=("none", "neither"),
    letter_words=("A", "I"),
    continuations=("because", "since", "as", "or", "and", "with", "is"),
    rejections=(r"isn\b", r"is\s+(?:not|wrong|incorrect|false)\b"),
    hence_words=("therefore", "thus", "so", "hence", "by elimination", "clearly", "probably", "(?:most )?likely"),
    right_articles=("the(?: only| most)?", "my"),
    right_words=("correct", "right", "best", "appropriate", "suitable"),
    wrong_words=("that is wrong", "to avoid", "wrong", "incorrect", "false", "worst", r"least \w{1,20}"),
    fitting_verbs=("fits best", r"it is(?=[.!*]*\s*$)"),
    choosing_phrases=(
        "i(?: would|['’]d|['’]ll| will)?(?: have to)? "
        "(?:pick|choose|select|say|answer|go with|go for|opt for|vote for)",
        "i(?:['’]m| am) (?:going with|picking|choosing)",
        "(?:let['’]s go|going) with",
        "my (?:pick|guess|vote) (?:is|would be|goes to)",
        "(?:we|you) (?:should |must )?(?:pick|choose|select)",
    ),
    pointing_phrases=(
        "it(?:['’]s| is| must be| should be| would be| has to be)",
        "that(?:['’]s| is| would be)",
        "must be",
        "only",
        "(?:that|which) leaves(?: us with)?",
    ),
    question_words=("question", "exercise", "problem"),
    # No valid and invalid: a task in French would read them as well.
    yes_words=("yes",),
    no_words=("no",),
    true_words=("true",),
    false_words=("false",),
    negations=("not",),
    contrast_words=("but",),
    final_phrases=("final answer", "final result"),
    result_words=("solution", "result"),
    value_verbs=("(?:has|have)(?: exactly)?", "converges? to", "tends? to"),
    of_words=("to", "of"),
    equality_verbs=("is equal to", "are equal to", "is", "are", "equals", "equal"),
    therefore_words=("therefore", "thus"),
    praise=("correct", "exact", "just", "right"),
    reasons=("because", "since", "as", "where", "which"),
    parameter_words=("with", "for(?: all| every| any| each)?", "where"),
    base_words=("base",),
    short_words=("yes", "odd"),
    openers=("the", "an", "it", "is", "statement"),
    opening_patterns=(r"a (?=[^\W\d_]{2})",),
    about_words=("about", "approximately"),
    courtesies=("i hope", "let me know", "feel free", "if you have", "hope this"),
    phrases={
        **{f"{none} {kind}{what}": "∅" for none in _NO for kind in ("", "real ") for what in _SOLUTION},
        **dict.fromkeys(("the empty set", "empty set", "none"), "∅"),
        **dict.fromkeys(("infinitely many", "infinitely many solutions"), "‹infinitely many›"),
        **dict.fromkeys(
            ("all real numbers", "all reals", "the real numbers", "any real number", "every real number"), "\\R"
        ),
        "plus infinity": "∞",
        **dict.fromkeys(("minus infinity", "negative infinity"), "-∞"),
    },
    symbols={"infinity": "∞"},
    units={
        **{"millimeter": "mm", "centimeter": "cm", "decimeter": "dm", "meter": "m", "kilometer": "km"},
        **{"inch": "inch", "foot": "foot", "feet": "foot", "mile": "mile"},
        **{"milligram": "mg", "gram": "g", "kilogram": "kg", "kilo": "kg"},
        **{"liter": "l", "milliliter": "ml", "centiliter": "cl"},
        **{
            "second": "s",
            "minute": "min",
            "hour": "h",
            "day": "day",
            "week": "week",
            "month": "month",
            "year": "year",
        },
        **{"degree": "degree", "radian": "radian", "hertz": "hertz"},
        **{"dollar": "dollar", "euro": "euro", "pound": "pound", "cent": "cent"},
        **{"percent": "percent", "per cent": "percent"},
    },
    plural_endings=("(?<=ch)es", "s"),
    powers_after={"squared": 2, "cubed": 3},
    powers_before={"square": 2, "sq": 2, "cubic": 3},
    per_words=("per",),
    not_units=("not", "wrong", "impossible"),
    refusals=(
        r"i(?:'m| am) sorry",
        r"sorry,? (?:but )?i",
        r"i can(?:not|'t) (?:help|assist|fulfil)",
        r"i(?:'m| am) (?:not able|unable)",
    ),
    boilerplate=(
        r"as an? (?:ai\b|(?:large )?language model|artificial intelligence)",
        r"my (?:knowledge cutoff|last (?:knowledge )?update)",
    ),
    preambles=("sure", "certainly", "of course", "here(?: is|'s)", "translation"),
    cut_off_words=("and", "or", "the", "of", "to"),
    # What the trained English Punkt takes for abbreviations, as far as it matters; "s" is also the last part of
    # "P.-S.", since a hyphenated word's last part is looked up by itself.
    abbreviations=tuple(
        """
        a.d a.m adm ala ariz aug ave b.v bros c calif cie co col colo conn corp cos ct d d.c dec dr e f feb fla ft g
        ga gen h ill inc j.k j.r jan jr k kan ky l l.a lt ltd m maj messrs mg mich minn mr mrs ms n n.c n.h n.j n.m n.v
        n.y nev nov oct okla ore p p.m pa ph.d prof r rep reps s s.a s.c sen sept sr st t tenn u.k u.n u.s u.s.a v va
        vs vt w w.va wash wis yr
        """.split()
    ),
    sentence_starters=tuple(
        """
        although among both but despite even he however i if in indeed instead it many meanwhile moreover most since so
        some the there these they this though thus under when while yet
        """.split()
    ),
    common_words=tuple(
        """
        a after all also an and any are as at because before by can did do does each every few for from her here his
        how is its just let like more my near no not now of on once one only or our out over she such that their them
        then those to until was we were what where whether which who why will with would you your
        """.split()
    ),
)
