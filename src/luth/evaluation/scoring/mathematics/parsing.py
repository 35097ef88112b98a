"""A parser from the plain notation (notation.py) to nested tuples; nothing is evaluated.

A node is a tuple whose first element names it:

- numbers: ("num", "3.50"), ("base", "2516", "8"), ("sym", "x"), ("inf",);
- operations: ("+", a, b), ("*", a, b), ("/", a, b), ("^", a, b), ("neg", a), ("pm", a, sign), ("!", a), ("deg", a);
- functions: ("fn", name, argument, ...);
- collections: ("list", connective, items), ("set", items), ("tuple", items), ("interval", open, a, b, open),
  ("matrix", rows), ("union", a, b), ("inter", a, b), ("minus", a, b), ("reals", name);
- relations: ("rel", signs, members).
"""

import re
from typing import Any

Node = tuple[Any, ...]

TOKEN = re.compile(r"\\[A-Za-z]+|\\.|\d+\.\d+[eE][-+]?\d+|\d+(?:\.\d*)?(?:E[-+]?\d+)?|\.\d+|‹[^‹›]*›|[^\W\d_]+|\S")
RELATIONS = "=<>≤≥≠∈∉:≡"
CLOSING = {")", "]", "["}
OPAQUE = {"overline", "vec", "overrightarrow", "widehat", "hat", "bar", "tilde", "Vert", "det", "arg", "mathcal"}
OPAQUE |= {"mathscr", "mathfrak"}
GREEK = set(
    "alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi pi rho sigma tau phi"
    " varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega ell hbar lim angle triangle".split()
)
MATRICES = {"pmatrix", "bmatrix", "matrix", "vmatrix", "smallmatrix", "Bmatrix", "array", "cases", "aligned"}
MAX_DEPTH = 40
MAX_TOKENS = 300


class NotParsed(ValueError):
    """The text is no mathematics that this parser reads."""


def parse(text: str, functions: frozenset[str]) -> Node:
    """Return the node of a whole answer, its numbers already written with points (notation.numbers).

    Args:
        text: the answer in the plain notation.
        functions: the names that are functions (notation.function_names).

    Raises:
        NotParsed: the text is prose, malformed, or longer or deeper than any final answer.
    """
    tokens = TOKEN.findall(text[: 10 * MAX_TOKENS])
    if not tokens or len(tokens) > MAX_TOKENS:
        raise NotParsed(text[:40])
    parser = _Parser(tokens, functions)
    try:
        node = parser.listing()
    except RecursionError:
        raise NotParsed("too deep") from None
    if parser.token is not None:
        raise NotParsed(parser.token)
    return node


class _Parser:
    """Recursive descent over the tokens of one answer."""

    def __init__(self, tokens: list[str], functions: frozenset[str]) -> None:
        self.functions = functions
        self.tokens = [letter for token in tokens for letter in _letters(token)]
        self.at = 0
        self.depth = 0
        self.brackets = 0
        self.bars = 0

    @property
    def token(self) -> str | None:
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, expected: str | None = None) -> str:
        token = self.token
        if token is None or (expected is not None and token != expected):
            raise NotParsed(f"{token} for {expected}")
        self.at += 1
        return token

    def accept(self, *wanted: str) -> str | None:
        return self.take() if self.token in wanted else None

    def listing(self) -> Node:
        """Read items between separators; a single item is returned as it is."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotParsed("too deep")
        items, signs = [self.relation()], []
        while sign := self.accept(",", ";", "∧", "∨"):
            signs.append(sign)
            items.append(self.relation())
        self.depth -= 1
        connective = next((sign for sign in signs if sign in "∧∨"), ",")
        return items[0] if len(items) == 1 else ("list", connective, tuple(items))

    def relation(self) -> Node:
        members, signs = [self.union()], []
        while (sign := self.token) and sign in RELATIONS:
            signs.append(self.take())
            members.append(self.union())
        return ("rel", "".join(signs), tuple(members)) if signs else members[0]

    def union(self) -> Node:
        node = self.sum()
        while sign := self.accept("∪", "∩", "∖"):
            node = ({"∪": "union", "∩": "inter", "∖": "minus"}[sign], node, self.sum())
        return node

    def sum(self) -> Node:
        node = ("pm", self.product(), sign) if (sign := self.accept("±", "∓")) else self.product()
        while sign := self.accept("+", "-", "±", "∓"):
            term = self.product()
            if sign == "-" and node[0] == "reals":
                node = ("minus", node, term)
                continue
            node = ("+", node, {"+": term, "-": ("neg", term)}.get(sign, ("pm", term, sign)))
        return node

    def product(self) -> Node:
        node = self.unary()
        while True:
            if self.accept("×"):
                node = ("*", node, self.unary())
            elif self.accept("/"):
                node = ("/", node, self.unary())
            elif self.starts_factor():
                node = self.juxtapose(node)
            else:
                return node

    def starts_factor(self) -> bool:
        """Tell whether the next token may follow a factor without a sign between them."""
        token = self.token
        if token is None or token in ("\\cr", "\\end", "\\rfloor", "\\rceil") or token.startswith("‹"):
            return False
        if token == "[":
            return not self.brackets
        if token == "|":
            return not self.bars
        return token in "({∞" or token[0] == "\\" or token.isalpha() or token[0].isdigit()

    def juxtapose(self, left: Node) -> Node:
        """Read a product without a sign, a mixed number (1\\frac{4}{5}, 1 4/5) or a named point (A(2; 3))."""
        if left[0] == "neg" and left[1][0] == "num":
            return ("neg", self.juxtapose(left[1]))
        following, whole = self.token or "", left[0] == "num" and "." not in left[1]
        right = self.power()
        if following[0].isdigit():
            if not (whole and "." not in following and self.accept("/")):
                raise NotParsed("two numbers side by side")
            right = ("/", right, self.power())
        if whole and right[0] == "/" and (following == "\\frac" or following[0].isdigit()) and _proper(right):
            return ("+", left, right)
        vector = left[0] == "sym" and left[1].startswith(("\\vec", "\\overrightarrow")) and right[0] == "matrix"
        named = vector or (left[0] == "sym" and right[0] in ("tuple", "interval"))
        return right if named else ("*", left, right)

    def unary(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise NotParsed("too deep")
        sign = self.accept("-", "+")
        node = self.unary() if sign else self.power()
        self.depth -= 1
        return ("neg", node) if sign == "-" else node

    def power(self) -> Node:
        base = self.postfix(self.atom())
        return self.postfix(("^", base, self.argument(signed=True))) if self.accept("^") else base

    def postfix(self, node: Node) -> Node:
        while sign := self.accept("!", "°", "'", "%"):
            if sign == "'":
                if node[0] != "sym":
                    raise NotParsed(sign)
                node = ("sym", f"{node[1]}'")
            elif sign == "%":
                node = ("/", node, ("num", "100"))
            else:
                node = ({"!": "!", "°": "deg"}[sign], node)
        return node

    def argument(self, signed: bool = False, digit: bool = False) -> Node:
        """Read what a command or ^ takes: a group in braces or one token; of a number one digit if `digit`."""
        if self.token == "{":
            return self.group("{", "}")
        if signed and self.accept("-"):
            return ("neg", self.argument(signed=True))
        if digit and self.token and re.fullmatch(r"\d\d+", self.token):
            self.tokens[self.at : self.at + 1] = list(self.token)
        node = self.atom()
        return ("^", node, self.argument(signed=True)) if signed and self.accept("^") else node

    def group(self, opening: str, closing: str) -> Node:
        self.take(opening)
        outer, self.brackets, self.bars = (self.brackets, self.bars), 0, 0
        node = self.listing()
        self.brackets, self.bars = outer
        self.take(closing)
        return node

    def atom(self) -> Node:
        token = self.token or ""
        if token == "{":
            return self.group("{", "}")
        if token in ("(", "[", "]"):
            return self.bracket()
        if token == "⦃":
            return self.set()
        if token == "|":
            return self.bar()
        self.take()
        if token[0].isdigit() or token[0] == ".":
            return self.number(token)
        if token == "∞":
            return ("inf",)
        if token == "∅":
            return ("set", ())
        if (token[0] == "\\" and len(token) > 2) or token in ("\\R", "\\N", "\\Z", "\\Q", "\\C"):
            return self.command(token[1:])
        if token.isalpha() and len(token) == 1:
            return self.subscripted(token)
        raise NotParsed(token)

    def number(self, token: str) -> Node:
        if not token.isascii():
            raise NotParsed(token)
        if self.token == "_":
            self.take()
            base = self.argument()
            if base[0] != "num":
                raise NotParsed("a base that is not a number")
            return ("base", token, base[1])
        return ("num", token.upper())

    def subscripted(self, name: str) -> Node:
        if not self.accept("_"):
            return ("sym", name)
        return ("sym", f"{name}_{self.raw_argument()}")

    def raw_argument(self) -> str:
        """Return what a command takes, as it is written."""
        start = self.at
        if self.accept("{"):
            depth = 1
            while depth:
                depth += {"{": 1, "}": -1}.get(self.take(), 0)
        else:
            self.argument()
        return "".join(self.tokens[start : self.at]).removeprefix("{").removesuffix("}")

    def bracket(self) -> Node:
        """Read (a), (a, b), [a, b], ]a; b[ and their mixtures."""
        opening = self.take()
        bars, self.bars, self.brackets = self.bars, 0, self.brackets + 1
        node = self.listing()
        self.bars, self.brackets = bars, self.brackets - 1
        closing = self.take()
        if closing not in CLOSING:
            raise NotParsed(closing)
        items = node[2] if node[0] == "list" else (node,)
        if opening + closing in ("()", "[]") and len(items) == 1:
            return node
        if opening + closing == "()" or (opening + closing == "[]" and len(items) > 2):
            return ("tuple", items)
        if len(items) != 2:
            raise NotParsed("an interval has two ends")
        return ("interval", opening != "[", *items, closing != "]")

    def set(self) -> Node:
        """Read {a; b; c}; of {x | condition}, return the condition."""
        self.take("⦃")
        if self.accept("⦄"):
            return ("set", ())
        outer, self.brackets, self.bars = (self.brackets, self.bars), 0, 1
        node = self.listing()
        if self.accept("|"):
            node = self.listing()
            self.brackets, self.bars = outer
            self.take("⦄")
            return node
        self.brackets, self.bars = outer
        self.take("⦄")
        if node[0] == "rel" and ":" in node[1][:-1]:
            condition = node[1].index(":") + 1
            return ("rel", node[1][condition:], node[2][condition:])
        return ("set", node[2] if node[0] == "list" else (node,))

    def bar(self) -> Node:
        self.take("|")
        self.bars += 1
        node = self.listing()
        self.bars -= 1
        self.take("|")
        return ("fn", "abs", node)

    def command(self, name: str) -> Node:
        if name == "frac":
            return ("/", self.argument(digit=True), self.argument(digit=True))
        if name in ("binom", "dbinom", "tbinom"):
            return ("fn", "binom", self.argument(digit=True), self.argument(digit=True))
        if name == "sqrt":
            index = self.group("[", "]") if self.token == "[" else ("num", "2")
            return ("fn", "root", self.argument(), index)
        if name in ("lfloor", "lceil"):
            node = self.listing()
            self.take({"lfloor": "\\rfloor", "lceil": "\\rceil"}[name])
            return ("fn", name[1:], node)
        if name in self.functions:
            return self.function(name)
        if name == "begin":
            return self.matrix()
        if name in OPAQUE:
            return ("sym", f"\\{'overline' if name == 'bar' else name}{{{self.raw_argument()}}}")
        if name in ("R", "N", "Z", "Q", "C"):
            return self.number_set(name)
        if name in GREEK:
            return self.subscripted(f"\\{name}")
        raise NotParsed(name)

    def function(self, name: str) -> Node:
        """Read a function: power and base stand before the argument, which without brackets is a product."""
        exponent = base = None
        for _ in range(2):
            if self.accept("^"):
                exponent = self.argument(signed=True)
            elif self.accept("_"):
                base = self.argument()
        if self.token == "(":
            argument = self.bracket()
        elif self.token == "{":
            argument = self.argument()
        else:
            argument = self.unary() if self.token in ("-", "+") else self.power()
            while self.starts_factor() and (self.token or "")[1:] not in self.functions and self.token != "(":
                argument = self.juxtapose(argument)
        items = argument[1] if argument[0] == "tuple" else argument[2] if argument[0] == "list" else (argument,)
        if exponent == ("neg", ("num", "1")):
            return ("fn", f"arc{name}", *items)
        node = ("fn", name, *items) if base is None else ("fn", name, *items, base)
        return node if exponent is None else ("^", node, exponent)

    def number_set(self, name: str) -> Node:
        marks = ""
        while sign := self.accept("^", "_"):
            braced = self.accept("{")
            while mark := self.accept("×", "+", "-"):
                marks += mark
                if not braced:
                    break
            if not marks or (braced and not self.accept("}")):
                raise NotParsed(sign)
        return ("reals", name + "".join(sorted(marks)))

    def matrix(self) -> Node:
        self.take("{")
        kind = "".join(iter(lambda: self.take() if self.token != "}" else "", ""))
        self.take("}")
        if kind not in MATRICES:
            raise NotParsed(kind)
        if kind == "array" and self.accept("{"):
            while self.take() != "}":
                pass
        rows = [[self.listing()]]
        while sign := self.accept("&", "\\cr"):
            if self.token == "\\end":
                break
            rows[-1].append(self.listing()) if sign == "&" else rows.append([self.listing()])
        self.take("\\end")
        self.take("{")
        while self.take() != "}":
            pass
        if kind == "cases":
            return ("list", "∧", tuple(row[0] if len(row) == 1 else ("tuple", tuple(row)) for row in rows))
        whole: Node = ("matrix", tuple(tuple(row) for row in rows))
        return ("fn", "det", whole) if kind == "vmatrix" else whole


def _letters(token: str) -> list[str]:
    """Split three letters or fewer into symbols of a product; more are a word, which no formula holds."""
    return list(token) if token.isalpha() and len(token) <= 3 else [token]


def _proper(fraction: Node) -> bool:
    """Tell whether a fraction may end a mixed number: whole numbers, and smaller than 1."""
    over, under = fraction[1:]
    return over[0] == under[0] == "num" and over[1].isdigit() and under[1].isdigit() and int(over[1]) < int(under[1])
