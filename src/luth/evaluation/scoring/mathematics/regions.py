"""Sets of real numbers: intervals, unions, differences and inequalities, as pieces in order."""

from collections.abc import Callable, Iterator

from luth.evaluation.scoring.mathematics.comparison import real_value, same_number
from luth.evaluation.scoring.mathematics.parsing import Node

INFINITY: Node = ("inf",)
MINUS_INFINITY: Node = ("neg", INFINITY)
ZERO: Node = ("num", "0")
# (lower end, whether it is open, upper end, whether it is open); ends are nodes.
Piece = tuple[Node, bool, Node, bool]
LINE: Piece = (MINUS_INFINITY, True, INFINITY, True)
FUNCTIONS = "fghFGHPEV"  # letters that name a function: f(x) is no product of two unknowns
FLIPPED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤", "=": "=", "≠": "≠"}


class NotARegion(ValueError):
    """The node is no set of real numbers, or its ends have no order."""


def _known(node: Node) -> float | None:
    """Return the value of a symbol or number as a float; None if it is unknown."""
    return None if node[0] == "name" else real_value(node)


def order(end: Node) -> float:
    """Return the value of an end as a float."""
    value = real_value(end)
    if value is None:
        raise NotARegion(end)
    return value


def region(node: Node, bare_pair: bool = False) -> list[Piece]:
    """Return the pieces of a set of real numbers in order; pieces that touch are joined.

    What an inequality says of its unknown counts: -2x < 4 is x > -2, and 0 < f(x) < 1 is ]0; 1[.

    Args:
        node: a node of parsing.py.
        bare_pair: take (a, b) for an open interval; so it is inside a union.

    Raises:
        NotARegion: the node is something else.
    """
    kind = node[0]
    if kind == "interval":
        return _checked((node[2], node[1], node[3], node[4]))
    if kind == "tuple" and bare_pair and len(node[1]) == 2:
        return _checked((node[1][0], True, node[1][1], True))
    if kind == "set":
        return joined([(item, False, item, False) for item in node[1]])
    if kind == "reals" or node == ("sym", "R"):
        return _line(node[1])
    if kind in ("union", "inter", "minus"):
        left, right = region(node[1], True), region(node[2], True)
        if kind == "union":
            return joined(left + right)
        return intersection(left, right if kind == "inter" else complement(right))
    if kind == "rel" and node[1] == "≠" and node[2][1][0] == "pm":
        unknown, (_, end, _) = node[2]
        return intersection(*(_inequality(("rel", "≠", (unknown, each))) for each in (end, negated(end))))
    if kind == "rel":
        return _inequality(node)
    if kind == "list" and node[1] in "∧∨," and _one_unknown(node[2]):
        parts = [region(item) for item in node[2]]
        both: list[Piece] = [LINE]
        for part in parts:
            both = intersection(both, part)
        # x > 1, x < 5 is both; x < 1, x > 5 can be either alone.
        either = node[1] == "∨" or (node[1] == "," and not both)
        return joined([piece for part in parts for piece in part]) if either else both
    raise NotARegion(kind)


def _one_unknown(items: tuple[Node, ...]) -> bool:
    """Tell whether all items are conditions on one unknown, and at least one is no equation."""
    if any(item[0] != "rel" for item in items) or all(set(item[1]) == {"="} for item in items):
        return False
    unknowns = {member for item in items for member in item[2] if member[0] == "sym" and real_value(member) is None}
    return len(unknowns) == 1


def _checked(piece: Piece) -> list[Piece]:
    low, high = order(piece[0]), order(piece[2])
    if low > high or (low == high and (piece[1] or piece[3])):
        raise NotARegion("its ends are in the wrong order")
    return [(piece[0], piece[1] or low == -float("inf"), piece[2], piece[3] or high == float("inf"))]


def _line(name: str) -> list[Piece]:
    """Return R, R* (without 0), R+ or R- (with 0), R+* or R-* (without 0) as pieces."""
    if name[0] != "R":
        raise NotARegion(name)
    pieces: list[Piece] = [LINE]
    if "+" in name:
        pieces = [(ZERO, False, INFINITY, True)]
    if "-" in name:
        pieces = [(MINUS_INFINITY, True, ZERO, False)]
    return intersection(pieces, complement([(ZERO, False, ZERO, False)])) if "×" in name else pieces


def _inequality(node: Node) -> list[Piece]:
    """Return the pieces of x < a, a ≤ 2x + 1 < b, |x - a| < b, x ≠ a, x ∈ A, 0 < f(x) < 1: one unknown."""
    signs, members = node[1], node[2]
    if signs in ("∈", "∉") and _unknown(members[:1]) == members[0]:
        inside = region(members[1], True)
        return inside if signs == "∈" else complement(inside)
    if any(sign not in FLIPPED for sign in signs):
        raise NotARegion(signs)
    unknown = _unknown(members)
    pieces: list[Piece] = [LINE]
    for sign, left, right in zip(signs, members, members[1:], strict=False):
        if unknown in parts_of(left):
            pieces = intersection(pieces, _solutions(left, _half_line(sign, right), unknown))
        else:
            pieces = intersection(pieces, _solutions(right, _half_line(FLIPPED[sign], left), unknown))
    if not pieces:
        raise NotARegion("no number satisfies it")
    return pieces


def _unknown(members: tuple[Node, ...]) -> Node:
    """Return the one unknown of an inequality: a symbol, or a quantity such as f(x) or P(X = 2)."""
    free = {
        part for member in members for part in parts_of(member) if part[0] in ("sym", "name") and _known(part) is None
    }
    if len(free) == 1:
        return free.pop()
    called = {
        member for member in members if member[0] == "*" and member[1][0] == "sym" and member[1][1][0] in FUNCTIONS
    }
    if len(called) == 1 and all(member in called or not free & {*parts_of(member)} for member in members):
        return called.pop()
    raise NotARegion(members)


def parts_of(node: Node) -> Iterator[Node]:
    """Yield an expression and every expression inside it."""
    yield node
    for part in node[1:]:
        if isinstance(part, tuple) and part:
            for each in (part,) if isinstance(part[0], str) else part:
                if isinstance(each, tuple):
                    yield from parts_of(each)


def _solutions(side: Node, pieces: list[Piece], unknown: Node) -> list[Piece]:
    """Return the values of the unknown for which a side of an inequality lies in `pieces`."""
    kind = side[0]
    if side == unknown:
        return pieces
    if kind == "neg":
        return _solutions(side[1], _moved(pieces, negated, turned=True), unknown)
    if kind == "fn" and side[1] == "abs":
        pieces = intersection(pieces, [(ZERO, False, INFINITY, True)])
        return _solutions(side[2], joined([*pieces, *_moved(pieces, negated, turned=True)]), unknown)
    if kind == "^" and side[2] == ("num", "2"):
        roots = _moved(intersection(pieces, [(ZERO, False, INFINITY, True)]), _root, turned=False)
        return _solutions(side[1], joined([*roots, *_moved(roots, negated, turned=True)]), unknown)
    if kind not in ("+", "*", "/"):
        raise NotARegion(kind)
    inner, other = (side[1], side[2]) if unknown in parts_of(side[1]) else (side[2], side[1])
    if unknown in parts_of(other) or (kind == "/" and inner is side[2]):
        raise NotARegion("the unknown stands twice, or below a fraction")
    if kind == "+":
        return _solutions(inner, _moved(pieces, lambda end: ("+", end, negated(other)), turned=False), unknown)
    if order(other) == 0:
        raise NotARegion("times zero")
    back = "/" if kind == "*" else "*"
    return _solutions(inner, _moved(pieces, lambda end: (back, end, other), turned=order(other) < 0), unknown)


def negated(node: Node) -> Node:
    """Return an expression with the other sign."""
    return node[1] if node[0] == "neg" else ("neg", node)


def _root(node: Node) -> Node:
    return ("fn", "root", node, ("num", "2"))


def _moved(pieces: list[Piece], change: Callable[[Node], Node], turned: bool) -> list[Piece]:
    """Return pieces whose finite ends are changed by a function that keeps their order, or turns it round."""
    moved: list[Piece] = []
    for low, low_open, high, high_open in pieces:
        ends = [end if end in (INFINITY, MINUS_INFINITY) else change(end) for end in (low, high)]
        if turned:
            high, low = (negated(end) if end in (INFINITY, MINUS_INFINITY) else end for end in ends)
            moved.insert(0, (low, high_open, high, low_open))
        else:
            moved.append((ends[0], low_open, ends[1], high_open))
    return moved


def _half_line(sign: str, bound: Node) -> list[Piece]:
    if sign in "<≤":
        return [(MINUS_INFINITY, True, bound, sign == "<")]
    if sign in ">≥":
        return [(bound, sign == ">", INFINITY, True)]
    point: list[Piece] = [(bound, False, bound, False)]
    return point if sign == "=" else complement(point)


def joined(pieces: list[Piece]) -> list[Piece]:
    """Return the union of pieces, in order, those that touch being joined."""
    result: list[Piece] = []
    for piece in sorted(pieces, key=lambda piece: (order(piece[0]), piece[1])):
        if result and _reaches(result[-1], piece):
            low, low_open, high, high_open = result[-1]
            if order(piece[2]) > order(high):
                high, high_open = piece[2:]
            elif order(piece[2]) == order(high):
                high_open = high_open and piece[3]
            result[-1] = (low, low_open, high, high_open)
        else:
            result.append(piece)
    return result


def _reaches(left: Piece, right: Piece) -> bool:
    end, start = order(left[2]), order(right[0])
    return end > start or (end == start and not (left[3] and right[1]))


def complement(pieces: list[Piece]) -> list[Piece]:
    """Return the real numbers outside pieces that are in order."""
    result: list[Piece] = []
    low, low_open = MINUS_INFINITY, True
    for piece in pieces:
        if order(low) < order(piece[0]) or (order(low) == order(piece[0]) and not low_open and piece[1]):
            result.append((low, low_open, piece[0], not piece[1]))
        low, low_open = piece[2], not piece[3]
    if order(low) < order(INFINITY):
        result.append((low, low_open, INFINITY, True))
    return result


def intersection(left: list[Piece], right: list[Piece]) -> list[Piece]:
    """Return the real numbers that lie in both sets of pieces."""
    pieces: list[Piece] = []
    for a in left:
        for b in right:
            low, low_open = max((a[:2], b[:2]), key=lambda end: (order(end[0]), end[1]))
            high, high_open = min((a[2:], b[2:]), key=lambda end: (order(end[0]), not end[1]))
            if order(low) < order(high) or (order(low) == order(high) and not (low_open or high_open)):
                pieces.append((low, low_open, high, high_open))
    return joined(pieces)


def same_region(left: list[Piece], right: list[Piece], same: Callable[[Node, Node], bool] = same_number) -> bool:
    """Tell whether two regions have the same pieces with the same ends."""
    return len(left) == len(right) and all(
        a[1] == b[1] and a[3] == b[3] and same(a[0], b[0]) and same(a[2], b[2])
        for a, b in zip(left, right, strict=True)
    )
