r"""LaTeX that sets how an answer looks: fonts, colours, alignment, siunitx, escapes. What it says is left.

A backslash that stands double everywhere (JSON once too often) is made single. Rows of equations (aligned, cases, an
array of them, with or without a brace before it) become one cases environment without &.
"""

import re
import unicodedata

# A group in braces, with groups inside it, and these with groups in turn.
GROUP = r"\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}"
FONTS = (
    r"text|textbf|textit|textrm|textsf|texttt|textsc|textnormal|textup|mbox|hbox"
    r"|mathrm|mathbf|mathit|mathsf|mathtt|operatorname\*?"
)
FONT_OF_A_LETTER = re.compile(rf"\\({FONTS}|mathbb|mathcal|mathscr|mathfrak|boldsymbol)(?:\s+([A-Za-z])|\s*(\d))")
SIZES = "tiny|small|normalsize|large|Large|LARGE|huge|Huge"
SWITCH = re.compile(r"\{\s*\\(?:rm|bf|it|sf|tt|em|sl)(?![A-Za-z])\s*([^{}]*)\}")
OLD_FONT = re.compile(rf"\\(?:rm|bf|it|sf|tt|em|sl|{SIZES})(?![A-Za-z])\s*")
COLOUR = r"(?:\[[^\[\]]*\])?\s*\{[^{}]*\}"
# A colour, or a font that a formula keeps its meaning in; upright words and letters are told apart in notation.py.
TRANSPARENT = re.compile(
    r"\\(?:boldsymbol|bm|pmb|underline|mathit|mathbf(?!\s*\{\s*[RNZQC]\s*\})|mathnormal|mathop|cancel)\s*(?=\{)"
    rf"|\\(?:textcolor|colorbox|fcolorbox\s*{COLOUR})\s*{COLOUR}\s*(?=\{{)"
)
BLACKBOARD = re.compile(r"\\mathbb\s*\{\s*([ABD-MOPS-Y])\s*\}")
COLOUR_FROM_HERE = re.compile(rf"\\color\s*{COLOUR}")
QUANTITY = re.compile(rf"\\(?:SI|qty|SIrange)\s*(?:\[[^\[\]]*\])?\s*{GROUP}\s*{GROUP}")
UNIT = re.compile(rf"\\(?:si|unit)\s*{GROUP}")
NUMBER = re.compile(rf"\\(?:num|pu)\s*{GROUP}")
ANGLE = re.compile(rf"\\ang\s*{GROUP}")
PREFIX = re.compile(r"\\(kilo|hecto|deca|deci|centi|milli|micro|nano|mega|giga)\s*\\")
NOTHING = re.compile(
    r"\\(?:hspace|vspace|phantom|hphantom|vphantom|label|tag)\*?\s*\{[^{}]*\}|\\(?:left|right)\s*\."
    r"|\\q?quad(?=[A-Za-z])|\\(?:begin|end)\s*\{(?:equation|displaymath|math|center)\*?\}"
)
DERIVATIVE = re.compile(r"(?<=[fghuvyFG])\s*\^\s*\{\s*\(\s*([1-9])\s*\)\s*\}")
UPRIGHT = r"\\(?:text|mathrm)\s*"
FRACTION_OF_UNITS = re.compile(
    rf"\\[dt]?frac\s*\{{\s*{UPRIGHT}\{{([^{{}}\d]*)\}}\s*\}}\s*\{{\s*{UPRIGHT}\{{([^{{}}\d]*)\}}\s*\}}"
)
MICRO = re.compile(rf"\\mu\s*{UPRIGHT}\{{\s*([mgslLFAVC])\s*\}}")
OHM = re.compile(r"(?<=\d)(?:\\[,; ]|\s|~)*\\Omega\s*$")
NOT = re.compile(r"\\not\s*(\\in(?![A-Za-z])|=)")
PRIMES = re.compile(r"\^\s*(?:\\prime(?![A-Za-z])|\{\s*((?:\\prime\s*)+)\})")
ROWS = re.compile(
    r"(?:(?:\\left\s*)?\\(?:\{|lbrace(?![A-Za-z]))\s*(?=[^{}]*\{[^{}]*\}(?:(?!\\right\s*\\\}).)*$))?"
    r"\\begin\s*\{(aligned|alignedat|align\*?|gathered|gather\*?|split|eqnarray\*?|cases|dcases|array|matrix)\}(\{[^{}]*\})?"
    r"(.*?)\\end\s*\{\1\}",
    re.DOTALL,
)
RELATION = r"(?:[=<>≤≥≠≈]|\\(?:leq?|leqslant|geq?|geqslant|lt|gt|neq?|in|approx)(?![A-Za-z]))"
# « si », "if" and a comma before the condition of a piece.
CONDITION = re.compile(
    rf"\s*,?\s*&\s*,?\s*\\(?:text|mathrm|mbox)\s*\{{[^{{}}]*\}}(?=[^\\&]*{RELATION})|\s*,\s*&(?=[^\\&]*{RELATION})"
)
SEPARATOR = "\\\\"  # of rows
WHOLE_RELATION = re.compile(rf"[^&]*[\w)}}][^&]*{RELATION}\s*[^&\s][^&]*")
WORD_AFTER_TWO = re.compile(r"\\\\(?:[A-Za-z]{3}|(?:le|ge|ne|in|pi|pm|ln|mu)(?![A-Za-z])|[()\[\]{}])")


def plain(text: str) -> str:
    """Return LaTeX without what only sets how it looks."""
    text = "".join(_letter(character) for character in unescaped(text))
    text = ROWS.sub(_system, NOTHING.sub(" ", _stacked(text)))
    text = NOT.sub(lambda match: "\\ne " if match[1] == "=" else "\\notin ", text)
    text = MICRO.sub(r"\\text{µ\1}", OHM.sub(r"\\text{ ohm}", FRACTION_OF_UNITS.sub(r"\\text{\1/\2}", text)))
    text = DERIVATIVE.sub(lambda match: "'" * int(match[1]), text)
    text = PRIMES.sub(lambda match: "'" * max(1, (match[1] or "").count("\\prime")), text)
    text = OLD_FONT.sub("", SWITCH.sub(r"\\mathrm{\1}", text))
    text = FONT_OF_A_LETTER.sub(lambda match: f"\\{match[1]}{{{match[2] or match[3]}}}", text)
    text = QUANTITY.sub(lambda match: f"{match[1]} \\text{{{_unit(match[2])}}}", text)
    text = UNIT.sub(lambda match: f" \\text{{{_unit(match[1])}}}", NUMBER.sub(r" \1 ", ANGLE.sub(r" \1°", text)))
    return BLACKBOARD.sub(r" \1", COLOUR_FROM_HERE.sub(" ", _unwrapped(text))).strip()


def _unwrapped(text: str) -> str:
    """Return what stands in colours and transparent fonts without these."""
    at = 0
    while command := TRANSPARENT.search(text, at):
        at = command.start()
        end = closing(text, command.end())
        if end is None:
            return text
        text = f"{text[:at]}{text[command.end() + 1 : end]}{text[end + 1 :]}"
    return text


def closing(text: str, start: int, within: int = 2000) -> int | None:
    """Return where the brace that opens at `start` closes, within so many characters; None if it does not."""
    depth, at = 0, start
    while at < min(len(text), start + within):
        if text[at] == "\\":
            at += 2
            continue
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        if depth == 0:
            return at
        at += 1
    return None


def unescaped(text: str) -> str:
    """Return a text in which no backslash stands alone, and commands stand behind two, with half of them."""
    while WORD_AFTER_TWO.search(text) and all(len(run) % 2 == 0 for run in re.findall(r"\\+", text)):
        text = text.replace("\\\\", "\\")
    return text


def _letter(character: str) -> str:
    """Return the plain letter or digit of a mathematical one, such as the 𝑥 of Unicode; others as they are."""
    mathematical = "\U0001d400" <= character <= "\U0001d7ff" or character in "ⅆⅇⅈℯ"
    return unicodedata.normalize("NFKC", character) if mathematical else character


def _unit(text: str) -> str:
    r"""Return the unit of siunitx as words: \metre\per\second is "metre per second"."""
    return re.sub(r"\\([A-Za-z]+)", r" \1", PREFIX.sub(r"\\\1", text)).strip()


def _equations(row: str) -> list[str]:
    """Return the equations that stand side by side in a row, x = 3 & y = 4; a row of another kind as it is."""
    cells = [cell for cell in row.split("&") if cell.strip()]
    return cells if len(cells) > 1 and all(WHOLE_RELATION.fullmatch(cell) for cell in cells) else [row]


def _stacked(text: str) -> str:
    """Return equations that stand below one another without an environment as one cases environment."""
    rows = text.split("\\\\")
    beside = re.split(r"\\q?quad(?![A-Za-z])", text)
    rows = beside if len(beside) > 1 and all("=" in part for part in beside) else rows
    if "\\begin" in text or len(rows) < 2 or not all(WHOLE_RELATION.fullmatch(row.strip()) for row in rows):
        return text
    return f"\\begin{{cases}}{SEPARATOR.join(rows)}\\end{{cases}}"


def _system(match: re.Match[str]) -> str:
    """Return rows of equations as one cases environment; a row that begins with a sign goes on with the one before."""
    kind = match[1]
    rows = [row for row in re.split(r"\\\\(?:\s*\[\d+\w\w\])?", match[3].replace("\\hline", "")) if row.strip()]
    if kind in ("array", "matrix") and not all(re.search(RELATION, row) for row in rows):
        return match[0]
    rows = [part for row in rows for part in _equations(row)]
    body = "\\\\".join(re.sub(r"[,;.]\s*$", "", row) for row in rows)
    by_pieces = kind in ("cases", "dcases")
    body = CONDITION.sub(" & ", body) if by_pieces else body
    body = re.sub(rf"&\s*(?={RELATION})|(?<=[=<>])\s*&", " ", body) if by_pieces else body.replace("&", " ")
    body = re.sub(rf"\\\\\s*(?={RELATION})", " ", body)
    return body if "\\\\" not in body else f"\\begin{{cases}}{body}\\end{{cases}}"
