"""Matrices: sums, products and powers of them, and their comparison entry by entry."""

from collections.abc import Callable

from luth.evaluation.scoring.mathematics.comparison import exact
from luth.evaluation.scoring.mathematics.parsing import Node

Rows = tuple[tuple[Node, ...], ...]
MAX_POWER = 6
LARGEST_INVERSE = 4  # rows
TRANSPOSED = (("sym", "T"), ("sym", "t"))
MAX_ENTRIES = 1000  # products of entries in one product of matrices


def matrix(node: Node) -> Node:
    """Return an expression of matrices as the matrix that it is; another node, or one without a value, as it is."""
    if node[0] == "fn" and node[1] == "det" and set(_shape(node[2][1])) == {len(node[2][1])} <= {*range(1, 5)}:
        return _determinant(node[2][1])
    rows = _rows(node)
    if rows is not None and node[0] == "*" and _shape(rows) == [1]:
        return rows[0][0]
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
    if kind == "^" and node[2] in TRANSPOSED and (rows := _rows(node[1])) and len(set(_shape(rows))) == 1:
        return tuple(zip(*rows, strict=True))
    if kind == "^" and node[2] == ("neg", ("num", "1")):
        return _inverse(_rows(node[1]))
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


def _determinant(rows: Rows) -> Node:
    """Return the determinant of a square matrix, along its first row."""
    if len(rows) == 1:
        return rows[0][0]
    total: Node = ("num", "0")
    for at, entry in enumerate(rows[0]):
        term = _short(("*", entry, _determinant(_without(rows, 0, at))))
        total = _short(("+", total, ("neg", term) if at % 2 else term))
    return total


def _without(rows: Rows, row: int, column: int) -> Rows:
    return tuple(line[:column] + line[column + 1 :] for at, line in enumerate(rows) if at != row)


def _inverse(rows: Rows | None) -> Rows | None:
    """Return the inverse of a small matrix of numbers that has one, by its cofactors."""
    if rows is None or not 2 <= len(rows) <= LARGEST_INVERSE or set(_shape(rows)) != {len(rows)}:
        return None
    whole = _determinant(rows)
    if (value := exact(whole)) is None or value[0] == 0:
        return None
    return tuple(
        tuple(
            _short(("/", ("neg", part) if (row + column) % 2 else part, whole))
            for column in range(len(rows))
            for part in [_determinant(_without(rows, column, row))]
        )
        for row in range(len(rows))
    )


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
