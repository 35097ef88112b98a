"""Comparing two parsed answers by their kind: numbers, equations, sets, tuples, matrices.

What counts as the same is listed in equivalence.py.
"""

from collections.abc import Iterator
from typing import Any

from luth.evaluation.scoring.mathematics.comparison import real_value, same_number, same_value
from luth.evaluation.scoring.mathematics.matrices import matrix, same_matrices
from luth.evaluation.scoring.mathematics.parsing import Node
from luth.evaluation.scoring.mathematics.regions import FUNCTIONS, NotARegion, parts_of, region, same_region

COLLECTIONS = ("list", "set", "tuple")
VALUES = {"num", "sym", "+", "*", "/", "^", "neg", "!", "deg", "fn"}


def items(node: Node) -> tuple[Node, ...]:
    """Return the members of a collection; a member with ± counts as two."""
    parts = node[1] if node[0] in ("set", "tuple") else node[2] if node[0] == "list" else (node,)
    return tuple(signed for part in parts for signed in _signs(part))


def _signs(node: Node) -> tuple[Node, ...]:
    """Return an expression with ± as two, all upper signs and all lower signs; one without ± as one."""
    upper, lower = _sign(node, "±"), _sign(node, "∓")
    return (upper,) if upper == lower else (upper, lower)


def _sign(part: Any, plus: str) -> Any:
    if not isinstance(part, tuple):
        return part
    if part[:1] == ("pm",):
        inner = _sign(part[1], plus)
        return inner if part[2] == plus else ("neg", inner)
    return tuple(_sign(each, plus) for each in part)


def same(answer: Node, gold: Node) -> bool:
    """Tell whether two nodes are the same, compared by their kind."""
    answer, gold = _bare(answer), _bare(gold)
    answer, gold = _spread(answer, gold), _spread(gold, answer)
    if answer == gold:
        return True
    if _is_equation(answer) or _is_equation(gold):
        return _same_equations(answer, gold)
    if any(node[0] == "rel" and ":" in node[1] for node in (answer, gold)):
        return _same_ratio(answer, gold)
    answer, gold = matrix(answer), matrix(gold)
    if "matrix" in (answer[0], gold[0]):
        return same_matrices(answer, gold, same)
    if (together := _same_regions(answer, gold)) is not None:
        return together
    answer, gold = _bounded(answer, gold), _bounded(gold, answer)
    if answer[0] == gold[0] == "interval":
        return answer[1::3] == gold[1::3] and same(answer[2], gold[2]) and same(answer[3], gold[3])
    if answer[0] in COLLECTIONS or gold[0] in COLLECTIONS or len(items(answer)) + len(items(gold)) > 2:
        return _same_collections(answer, gold)
    if answer[0] == gold[0] == "rel":
        return _same_inequalities(answer, gold)
    return _same_numbers(answer, gold)


def _bare(node: Node) -> Node:
    """Return a number without its degree sign, a set without « x ∈ » before it, and a : b = 2 : 3 as an equation."""
    kind, *parts = node
    if kind == "rel" and parts[0] == "∈" and _names(parts[1][0]):
        return parts[1][1]
    if kind == "rel" and ":" in parts[0] and parts[0].count("=") == 1 and set(parts[0]) == {"=", ":"}:
        at = parts[0].index("=")
        return (
            "rel",
            "=",
            (_ratio(parts[0][:at], parts[1][: at + 1]), _ratio(parts[0][at + 1 :], parts[1][at + 1 :])),
        )
    return node[1] if node[0] == "deg" else node


def _ratio(signs: str, members: tuple[Node, ...]) -> Node:
    return ("rel", signs, members) if signs else members[0]


def _spread(node: Node, other: Node) -> Node:
    """Return (x, y) = (3, 4) beside a list of equations as such a list."""
    if other[0] != "list" or node[0] != "rel" or node[1] != "=" or {side[0] for side in node[2]} != {"tuple"}:
        return node
    names, values = (side[1] for side in node[2])
    if len(names) != len(values) or not all(_is_equation(item) for item in other[2]):
        return node
    return ("list", ",", tuple(("rel", "=", pair) for pair in zip(names, values, strict=True)))


def _bounded(node: Node, other: Node) -> Node:
    """Return a < x < b, or (a, b) beside an interval, as an interval, for ends that have no order, such as letters."""
    if node[0] == "tuple" and len(node[1]) == 2 and other[0] == "interval":
        ordered = [real_value(end) for end in node[1]]
        return node if None not in ordered else ("interval", True, *node[1], True)
    if node[0] == "rel" and len(node[2]) == 3 and (set(node[1]) <= set("<≤") or set(node[1]) <= set(">≥")):
        signs, (low, _, high) = node[1], node[2]
        if signs[0] in ">≥":
            signs, low, high = signs[::-1], high, low
        return ("interval", signs[0] in "<>", low, high, signs[1] in "<>")
    return node


def _kinds(node: Node) -> Iterator[str]:
    """Yield the kind of a node and of every node inside it."""
    return (inner[0] for inner in parts_of(node))


def _same_numbers(answer: Node, gold: Node) -> bool:
    """Compare two expressions; infinities and numbers in other bases must be written alike."""
    if answer[0] == "base" and gold[0] == "base":
        return answer[1].lstrip("0") == gold[1].lstrip("0") and answer[2] == gold[2]
    return {*_kinds(answer), *_kinds(gold)} <= VALUES and same_number(answer, gold)


def _is_equation(node: Node) -> bool:
    return node[0] == "rel" and set(node[1]) <= {"=", "≡"}


def _same_equations(answer: Node, gold: Node) -> bool:
    """Compare an equation with another one, or with the value that its left side names."""
    if _is_equation(answer) and _is_equation(gold):
        sides = [("+", node[2][0], ("neg", node[2][-1])) for node in (answer, gold)]
        if all({*_kinds(side)} <= VALUES for side in sides) and same_value(*sides, up_to_factor=True):
            return True
        names = answer[2][0], gold[2][0]
        # x = 5 and y = 5 say different things, and so do P(X = 2) and P(X = 3); f(x) = 2x and y = 2x may not.
        if names[0][0] == names[1][0] in ("sym", "name") and names[0] != names[1]:
            return False
        if names[0][0] == names[1][0] == "*" and names[0][1] == names[1][1] and _other_numbers(*names):
            return False
        if all(_names(node[2][0]) for node in (answer, gold)):
            return _consistent(answer) and same(answer[2][-1], gold[2][-1])
        return False
    equation, other = (answer, gold) if _is_equation(answer) else (gold, answer)
    return _consistent(equation) and (value := _value(equation)) is not None and same(value, other)


def _value(equation: Node) -> Node | None:
    """Return the value that an equation gives: 3 in x = 3, in 3 = x and in 1 + 2 = 3; None in 7 = 11a + c."""
    first, last = equation[2][0], equation[2][-1]
    if _is_number(first) and last[0] == "sym":
        return first
    if last[0] == "matrix" and first[0] == "^" and first[1][0] == "sym":
        return last
    return last if _names(first) or (_is_number(first) and _is_number(last)) else None


def _other_numbers(first: Node, second: Node) -> bool:
    """Tell whether two quantities are those of other numbers, as f(1) and f(2) are."""
    numbers = [[node for node in parts_of(name) if node[0] == "num"] for name in (first, second)]
    return bool(numbers[0]) and bool(numbers[1]) and numbers[0] != numbers[1]


def _is_number(node: Node) -> bool:
    """Tell whether an expression has no unknown; an e or i alone may be the name of one."""
    unknown = any(part[0] == "sym" and part[1] not in ("\\pi", "e", "i") for part in parts_of(node))
    return {*_kinds(node)} <= VALUES and not unknown and node not in (("sym", "e"), ("sym", "i"))


def _consistent(equation: Node) -> bool:
    """Tell whether the numbers in a chain a = b = c are equal: 1 = 2 = 3 is no answer."""
    known = [member for member in equation[2] if _is_number(member)]
    return all(same_value(known[0], member) for member in known[1:])


def _names(node: Node) -> bool:
    """Tell whether a left side names a quantity, as x, f(2), P(A), a + b, NO/BO, a : b and |z| do."""
    kind = node[0]
    if kind in ("sym", "name"):
        return True
    if kind == "*":
        inverse = node[1][0] == "^" and node[1][1][0] == "sym" and node[1][1][1][0] in FUNCTIONS
        return inverse or _names(node[1])
    if kind == "^":
        return node[1][0] == "sym" and node[1][1].isupper() and node[2] in (("neg", ("num", "1")), ("sym", "T"))
    if kind in ("union", "inter", "minus"):
        return all(_names(part) for part in node[1:])
    if kind in ("+", "/"):
        return all(_names(part) or (part[0] == "neg" and _names(part[1])) for part in node[1:])
    if kind == "rel":
        return set(node[1]) == {":"} and all(_names(member) for member in node[2])
    if kind == "fn":
        return "sym" in {*_kinds(node)}
    return kind in ("tuple", "interval")


def _same_ratio(answer: Node, gold: Node) -> bool:
    """Compare the ratio a : b with c : d or c/d."""
    if not all(node[0] == "/" or (node[0] == "rel" and set(node[1]) == {":"}) for node in (answer, gold)):
        return False
    first, second = (node[2] if node[0] == "rel" else node[1:] for node in (answer, gold))
    if len(first) != len(second) or not {kind for node in (*first, *second) for kind in _kinds(node)} <= VALUES:
        return False
    return all(same_value(("*", a, second[0]), ("*", b, first[0])) for a, b in zip(first[1:], second[1:], strict=True))


def _same_regions(answer: Node, gold: Node) -> bool | None:
    """Compare two sets of real numbers; return None where one is no such set, or neither must be one."""
    kinds = {answer[0], gold[0]}
    if not kinds & {"interval", "union", "inter", "minus", "reals", "rel", "list"}:
        return None
    try:
        regions = region(answer, True), region(gold, True)
        # x > 3 and y > 3 say different things.
        return same_region(*regions) and (not kinds <= {"rel", "list"} or _symbols(answer) == _symbols(gold))
    except NotARegion:
        return None


def _symbols(node: Node) -> set[str]:
    """Return the unknowns in a node."""
    return {part[1] for part in parts_of(node) if part[0] in ("sym", "name") and part[1] not in ("e", "\\pi")}


def _same_inequalities(answer: Node, gold: Node) -> bool:
    """Compare inequalities in several unknowns: the same sides, in this order or turned round."""
    flipped = answer[1][::-1].translate(str.maketrans("<>≤≥", "><≥≤"))
    for signs, members in ((answer[1], answer[2]), (flipped, answer[2][::-1])):
        if signs != gold[1]:
            continue
        if all(same(a, g) for a, g in zip(members, gold[2], strict=True)):
            return True
        sides = [("+", pair[0], ("neg", pair[-1])) for pair in (members, gold[2])]
        if len(signs) == 1 and signs in "<>≤≥" and all({*_kinds(side)} <= VALUES for side in sides):
            product = ("*", *sides)
            # One is the other times a number: a positive one, if their product is never negative.
            return same_value(*sides, up_to_factor=True) and same_value(product, ("fn", "abs", product))
    return False


def _assigned(node: Node) -> Node:
    """Return x = 2, y = 3 as the pair (2, 3), in the order of the names, and such pairs in a row as their list."""
    if node[0] != "list" or not all(_is_equation(item) and item[2][0][0] == "sym" for item in node[2]):
        return node
    names = [item[2][0][1] for item in node[2]]
    size = len(set(names))
    if size < 2 or len(names) % size or names != names[:size] * (len(names) // size):
        return node
    rows = [node[2][at : at + size] for at in range(0, len(names), size)]
    pairs: list[Node] = [
        ("tuple", tuple(item[2][-1] for _, item in sorted(zip(names, row, strict=False)))) for row in rows
    ]
    return pairs[0] if len(pairs) == 1 else ("list", ",", tuple(pairs))


def _same_collections(answer: Node, gold: Node) -> bool:
    """Compare lists and sets in any order, and tuples in their order."""
    kinds = {answer[0], gold[0]}
    if "tuple" in kinds or len(items(answer)) != len(items(gold)):
        answer, gold = _assigned(answer), _assigned(gold)
    kinds = {answer[0], gold[0]}
    if "tuple" in kinds:
        if not kinds <= {"tuple", "list"} or "∨" in (answer[1], gold[1]):
            return False
        first, second = (node[1] if node[0] == "tuple" else node[2] for node in (answer, gold))
        return len(first) == len(second) and all(same(a, g) for a, g in zip(first, second, strict=True))
    first, second = list(items(answer)), list(items(gold))
    if kinds == {"set"}:
        return _includes(first, second) and _includes(second, first)
    if all(item[0] == "tuple" for item in (*first, *second)):
        # Points and solutions are a set; numbers may be roots that count twice.
        first, second = list(dict.fromkeys(first)), list(dict.fromkeys(second))
    if len(first) != len(second):
        return False
    for item in first:
        match = next((index for index, other in enumerate(second) if same(item, other)), None)
        if match is None:
            return False
        second.pop(match)
    return True


def _includes(larger: list[Node], smaller: list[Node]) -> bool:
    return all(any(same(item, other) for other in larger) for item in smaller)
