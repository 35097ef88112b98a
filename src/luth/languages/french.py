"""French."""

import re

from luth.core.text import PROTECTED
from luth.languages import Language

NO_BREAK, NARROW = "\u00a0", "\u202f"
# Lines that may be code by their indent, and JSON, whose quotes are its own.
_KEPT = re.compile(rf"(?<![^\n])(?: {{4}}|\t)[^\n]*|[{{\[]\s*\"[^{{}}\[\]]*[}}\]]|{PROTECTED.pattern}", re.DOTALL)
_RULES = [
    # "mot" becomes « mot », with the spaces inside that do not break.
    (re.compile(r"(?<![\w={\[])(?<!\":)(?<!\": )\"([^\"\n]+)\"(?!\w|\s*:\s*[\[{\"\d])"), f"«{NO_BREAK}\\1{NO_BREAK}»"),
    (re.compile(r"“([^“”\n]+)”"), f"«{NO_BREAK}\\1{NO_BREAK}»"),
    (re.compile(r"«[ \u00a0\u202f]*"), f"«{NO_BREAK}"),
    (re.compile(r"(?<![ \u00a0\u202f])[ \u00a0\u202f]*»"), f"{NO_BREAK}»"),
    (re.compile(r"(?<=\w)'(?=\w)"), "’"),
    # A narrow space before ; ! ? and a full one before a colon, where the line has a word before it.
    (re.compile(r"(?<=[\w»)\]%°*])[ \u00a0\u202f]*([;!?]+)(?=\s|$|[»)*])"), f"{NARROW}\\1"),
    (re.compile(r"(?<=[\w»)\]%°*])[ \u00a0\u202f]+:(?=\s|$)"), f"{NO_BREAK}:"),
    (re.compile(r"(?<=\d)[ \u00a0\u202f]*(?=[%€])"), NO_BREAK),
    # Groups of three digits, not a year and a number after it.
    (re.compile(r" (?=\d{3}\b)(?:(?<=\b\d )|(?<=\b\d\d )|(?<=\b\d\d\d ))"), NARROW),
]


def typography(text: str) -> str:
    """Return a text with French quotes, apostrophes and no-break spaces; code, JSON, formulas, addresses stay."""
    parts, end = [], 0
    for kept in _KEPT.finditer(text):
        parts += [_set(text[end : kept.start()]), kept.group()]
        end = kept.end()
    return "".join([*parts, _set(text[end:])])


def _set(prose: str) -> str:
    for pattern, replacement in _RULES:
        prose = pattern.sub(replacement, prose)
    return prose


_NO = [
    f"{before}{none}"
    for before in (
        "",
        "il n'y a ",
        "il n'existe ",
        "n'a ",
        "n'admet ",
        "elle n'a ",
        "cette equation n'a ",
        "cette equation n'admet ",
        "le systeme n'a ",
        "le systeme n'admet ",
        "l'equation n'a ",
        "l'equation n'admet ",
    )
    for none in ("pas de", "aucune")
]
_SOLUTION = [f"{what}{kind}" for what in ("solution", "solutions", "racine") for kind in ("", " reelle", " reelles")]

LANGUAGE = Language(
    code="fr",
    name="French",
    own_name="français",
    probe="Quelle est la capitale de l'Italie\u00a0?",
    example="Quelle est la capitale de la France ?",
    decimal_mark=",",
    thousands_mark=" ",
    months=(
        *("janvier", "fevrier", "mars", "avril", "mai", "juin"),
        *("juillet", "aout", "septembre", "octobre", "novembre", "decembre"),
    ),
    date_words=("le", "lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    ordinal_endings=("er",),
    hour_words=("heures?",),
    answer_words=("réponse", "reponse"),
    choice_words=("option", "choix", "proposition", "lettre", "solution"),
    final_words=("finale",),
    copulas=("est", "(?:me )?semble(?: être)?", "(?:me )?paraît(?: être)?", "serait", "doit être"),
    announcing_verbs=("est", "sera", "serait"),
    fillers=(
        *("la", "le", "l'", "l’", "donc", "alors", "bien", "ici", "plutôt", "encore", "finale", "correcte", "exacte"),
        *("juste", "bonne", "attendue", "lettre", "numéro", "à", "cette", "question"),
        *("bon", "correct", "exact", "meilleure", "meilleur", "sans", "doute", "clairement", "évidemment", "celle"),
        *("plus", "appropriée", "adaptée", "probable", "plausible", "possible", "recherchée", "seule"),
        *("doit", "devrait", "être"),
    ),
    or_words=("ou",),
    and_words=("et",),
    none_words=("ni", "aucune", "aucun"),
    letter_words=("A",),
    continuations=("car", "parce", "puisque", "ou", "et", "avec", "est"),
    rejections=(
        "n['’]",
        r"ne\b",
        r"est\s+(?:donc\s+)?(?:faux|fausse|incorrecte?|erronée?|exclue?|impossible)\b",
    ),
    hence_words=("donc", "alors", "bien", "par élimination", "sans doute", "clairement", "probablement", "évidemment"),
    right_articles=("la(?: seule| plus)?", "le(?: seul| plus)?", "l['’]", "ma", "mon"),
    right_words=("bon(?:ne)?", "correcte?", "juste", "exacte?", "vraie?", "meilleure?", "appropriée?", "adaptée?"),
    wrong_words=(
        *("mauvaise?", "pire", "fausse?", "faux"),
        *("incorrecte?", "erronée?", "inexacte?", "la (?:moins|plus)"),
    ),
    fitting_verbs=("convient", "répond à la question"),
    choosing_phrases=(
        "je (?:choisis|choisirais|dirais|sélectionne|prends|retiens|propose|réponds|répondrais|valide|coche)",
        "je vote(?:rais)?(?: pour)?",
        "j['’](?:opte|opterais|irais)(?: pour)?",
        "(?:on|nous) (?:choisit|choisissons|retient|retenons|coche|cochons)",
        "j['’]ai (?:choisi|coché|retenu|sélectionné)",
        "mon choix se porte sur",
        "ma préférence va à",
        "je penche(?:rais)? (?:donc )?pour",
        "(?:on|nous) (?:répond|répondons)",
        "il (?:nous |me |vous )?faut (?:donc )?(?:choisir|cocher|répondre|sélectionner)",
    ),
    pointing_phrases=(
        "c['’]est",
        "il s['’]agit de",
        "ce doit être",
        "ce serait",
        "(?:la bonne|celle qui convient) est",
        "je pense à",
        "(?:il ne )?reste(?: plus)?(?: que)?",
        "seule?",
    ),
    question_words=("question", "exercice", "problème"),
    yes_words=("oui",),
    no_words=("non",),
    true_words=("vrai",),
    # "incorrect" and "invalidee" are what the French BBH has for « faux » and « invalide ».
    false_words=("faux", "incorrect"),
    valid_words=("valide",),
    invalid_words=("invalide", "invalidee"),
    negations=("pas", "non"),
    contrast_words=("mais",),
    final_phrases=("r[ée]ponse finale", "r[ée]sultat final"),
    result_words=("solution", "r[ée]sultat"),
    answer_adjectives=("correcte?", "exacte?"),
    value_verbs=(r"(?:a|admet|ont|admettent) (?:exactement|pour \w{1,20})", "(?:converge|tend) vers"),
    of_words=("à", "de", "des", "du"),
    equality_verbs=("est égale? à", "sont égaux à", "est", "sont", "vaut", "valent", "égale"),
    therefore_words=("donc", "alors", "bien"),
    praise=("correct", "exact", "just", "bonne", "vrai"),
    reasons=("car", "puisque", "parce que", "où", "ce qui", "soit"),
    parameter_words=("avec", "où", "pour(?: toute?)?", "quel que soit"),
    base_words=("en base", "base"),
    short_words=("oui", "non", "est", "sud", "nul"),
    openers=("le", "la", "les", "un", "une", "des", "du", "est", "il", "elle"),
    opening_patterns=("[lc]'",),
    about_words=("environ", "approximativement"),
    courtesies=("j'espère", "j’espère", "n['’]hésite", "si vous avez", "si tu as", "dites-moi"),
    phrases={
        **{
            f"{none} {what}{where}": "∅"
            for none in _NO
            for what in _SOLUTION
            for where in ("", " dans \\r", " dans r")
        },
        **dict.fromkeys(("l'ensemble vide", "ensemble vide", "vide", "l'ensemble des solutions est vide"), "∅"),
        **dict.fromkeys(("aucun reel", "aucun nombre reel", "aucun nombre", "aucune valeur"), "∅"),
        **dict.fromkeys(("tous les reels", "tous les nombres reels", "tout reel", "tout nombre reel"), "\\R"),
        **dict.fromkeys(("toutes les valeurs reelles", "n'importe quel reel", "x reel", "tout x reel"), "\\R"),
        **dict.fromkeys(("une infinite", "une infinite de solutions", "infinite de solutions"), "‹infinitely many›"),
        **dict.fromkeys(("l'ensemble des reels", "l'ensemble des nombres reels"), "\\R"),
        **dict.fromkeys(("l'infini", "plus l'infini", "+ l'infini"), "∞"),
        **dict.fromkeys(("moins l'infini", "- l'infini"), "-∞"),
    },
    symbols={"infini": "∞", "racine": "\\sqrt "},
    functions={"pgcd": "gcd", "ppcm": "lcm"},
    units={
        **{"millimetre": "mm", "centimetre": "cm", "decimetre": "dm", "metre": "m", "kilometre": "km"},
        **{"pouce": "inch", "pied": "foot", "mille": "mile"},
        **{"milligramme": "mg", "gramme": "g", "kilogramme": "kg", "kilo": "kg"},
        **{"litre": "l", "millilitre": "ml", "centilitre": "cl"},
        **{"seconde": "s", "minute": "min", "heure": "h", "jour": "day", "j": "day", "semaine": "week"},
        **{"moi": "month", "mois": "month", "an": "year", "annee": "year"},
        **{"degre": "degree", "radian": "radian", "hertz": "hertz"},
        **{"dollar": "dollar", "euro": "euro", "livre": "pound", "centime": "cent", "cent": "cent"},
        **{"pour cent": "percent", "pourcent": "percent"},
    },
    plural_endings=("s",),
    powers_after={"carre": 2, "cube": 3},
    per_words=("par",),
    not_units=("pas", "faux", "impossible"),
    refusals=(
        "je suis désolé",
        "désolée?,? (?:mais )?je ne (?:peux|suis)",
        "je ne peux pas (?:vous aider|répondre|continuer)",
        "je ne suis pas en mesure",
        "il m'est impossible",
    ),
    boilerplate=(
        r"en tant qu(?:e modèle de langage|'(?:intelligence artificielle|ia|assistante? (?:virtuel|ia)))",
        r"(?:ma|mes) (?:dernière mise à jour|connaissances s'arrêtent)",
    ),
    preambles=("voici", "voilà", "traduction", "bien sûr"),
    cut_off_words=("et", "ou", "le", "la", "les", "un", "une", "des", "de", "du", "à", "que"),
    typography=typography,
)
