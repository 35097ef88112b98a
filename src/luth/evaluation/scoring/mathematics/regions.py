"""Sets of real numbers: intervals, unions, differences and inequalities, as pieces in order."""

from collections.abc import Callable

from luth.evaluation.scoring.mathematics.comparison import real_value, same_value
from luth.evaluation.scoring.mathematics.parsing import Node

INFINITY: Node = ("inf",)
MINUS_INFINITY: Node = ("neg", INFINITY)
ZERO: Node = ("num", "0")
# (lower end, whether it is open, upper end, whether it is open); ends are nodes.
Piece = tuple[Node, bool, Node, bool]
LINE: Piece = (MINUS_INFINITY, True, INFINITY, True)
FLIPPED = {"<": ">", ">": "<", "≤": "≥", "≥": "≤", "=": "=", "≠": "≠"}


class NotARegion(ValueError):
    """The node is no set of real numbers, or its ends have no order."""


def order(end: Node) -> float:
    """Return the value of an end as a float."""
    value = real_value(end)
    if value is None:
        raise NotARegion(end)
    return value


def region(node: Node, bare_pair: bool = False) -> list[Piece]:
    """Return the pieces of a set of real numbers in order; pieces that touch are joined.

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
    if kind == "rel":
        return _inequality(node)
    if kind == "list" and node[1] in "∧∨" and _one_unknown(node[2]):
        parts = [region(item) for item in node[2]]
        if node[1] == "∨":
            return joined([piece for part in parts for piece in part])
        both: list[Piece] = [LINE]
        for part in parts:
            both = intersection(both, part)
        return both
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
    """Return the pieces of x < a, a ≤ x < b, x ≠ a or x ∈ A: one unknown that stands alone."""
    signs, members = node[1], node[2]
    if signs[0] == "∈" and len(members) == 2:
        return region(members[1], True)
    if len(members) == 2 and members[0][:2] == ("fn", "abs") and members[0][2][0] == "sym" and signs[0] in "<≤>≥":
        bound, is_open = members[1], signs[0] in "<≥"
        if order(bound) <= 0:
            raise NotARegion(signs)
        inside = [(("neg", bound), is_open, bound, is_open)]
        return inside if signs[0] in "<≤" else complement(inside)
    unknowns = [index for index, member in enumerate(members) if member[0] == "sym" and real_value(member) is None]
    if len(unknowns) != 1 or any(sign not in FLIPPED for sign in signs):
        raise NotARegion(signs)
    at = unknowns[0]
    if not (at in (0, 1) and len(members) <= 3 and len(members) == (3 if at == 1 and len(members) == 3 else 2)):
        raise NotARegion(signs)
    bounds = [(signs[at], members[at + 1])] if at + 1 < len(members) else []
    bounds += [(FLIPPED[signs[at - 1]], members[at - 1])] if at else []
    pieces: list[Piece] = [LINE]
    for sign, bound in bounds:
        order(bound)
        pieces = intersection(pieces, _half_line(sign, bound))
    return pieces


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


def same_region(left: list[Piece], right: list[Piece], same: Callable[[Node, Node], bool] = same_value) -> bool:
    """Tell whether two regions have the same pieces with the same ends."""
    return len(left) == len(right) and all(
        a[1] == b[1] and a[3] == b[3] and same(a[0], b[0]) and same(a[2], b[2])
        for a, b in zip(left, right, strict=True)
    )
