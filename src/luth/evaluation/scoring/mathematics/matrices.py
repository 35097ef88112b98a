"""Matrices: sums, products and powers of them, and their comparison entry by entry."""

from collections.abc import Callable

from luth.evaluation.scoring.mathematics.comparison import exact
from luth.evaluation.scoring.mathematics.parsing import Node

Rows = tuple[tuple[Node, ...], ...]
MAX_POWER = 6
MAX_ENTRIES = 1000  # products of entries in one product of matrices


def matrix(node: Node) -> Node:
    """Return an expression of matrices as the matrix that it is; another node, or one without a value, as it is."""
    rows = _rows(node)
    return node if rows is None else ("matrix", rows)


def _rows(node: Node) -> Rows | None:
    kind = node[0]
    if kind == "matrix":
        return node[1]
    if kind == "neg":
        return _each(_rows(node[1]), lambda entry: ("neg", entry))
    if kind == "+":
        return _sum(_rows(node[1]), _rows(node[2]))
    if kind == "/":
        return _each(_rows(node[1]), lambda entry: ("/", entry, node[2]))
    if kind == "*":
        left, right = _rows(node[1]), _rows(node[2])
        if left is None or right is None:
            factor = node[1] if left is None else node[2]
            return _each(right if left is None else left, lambda entry: ("*", factor, entry))
        return _product(left, right)
    if kind == "^" and node[2][0] == "num" and node[2][1].isdigit() and 1 <= int(node[2][1]) <= MAX_POWER:
        base = power = _rows(node[1])
        for _ in range(int(node[2][1]) - 1):
            power = _product(power, base)
        return power
    return None


def _each(rows: Rows | None, change: Callable[[Node], Node]) -> Rows | None:
    return None if rows is None else tuple(tuple(change(entry) for entry in row) for row in rows)


def _shape(rows: Rows) -> list[int]:
    return [len(row) for row in rows]


def _sum(left: Rows | None, right: Rows | None) -> Rows | None:
    if left is None or right is None or _shape(left) != _shape(right):
        return None
    return tuple(
        tuple(_short(("+", a, b)) for a, b in zip(*rows, strict=True)) for rows in zip(left, right, strict=True)
    )


def _product(left: Rows | None, right: Rows | None) -> Rows | None:
    if left is None or right is None or {len(row) for row in left} != {len(right)} or len(set(_shape(right))) != 1:
        return None
    if len(left) * len(right) * len(right[0]) > MAX_ENTRIES:
        return None
    rows = []
    for row in left:
        entries = []
        for column in zip(*right, strict=True):
            entry: Node = ("num", "0")
            for a, b in zip(row, column, strict=True):
                entry = _short(("+", entry, ("*", a, b)))
            entries.append(entry)
        rows.append(tuple(entries))
    return None if any(len(str(entry)) > 5000 for row in rows for entry in row) else tuple(rows)


def _short(entry: Node) -> Node:
    """Return a number that is known exactly as one number or fraction."""
    value = exact(entry)
    if value is None or max(map(int.bit_length, value)) > 2000:
        return entry
    over: Node = ("num", str(abs(value[0])))
    short = over if value[1] == 1 else ("/", over, ("num", str(value[1])))
    return short if value[0] >= 0 else ("neg", short)


def same_matrices(answer: Node, gold: Node, same: Callable[[Node, Node], bool]) -> bool:
    """Compare matrices entry by entry with `same`; a tuple counts as a column."""
    rows = []
    for node in (answer, gold):
        if node[0] == "matrix":
            rows.append(node[1])
        elif node[0] in ("tuple", "interval"):
            rows.append(tuple((item,) for item in (node[1] if node[0] == "tuple" else node[2:4])))
        else:
            return False
    return _shape(rows[0]) == _shape(rows[1]) and all(
        same(a, g) for first, second in zip(*rows, strict=True) for a, g in zip(first, second, strict=True)
    )
