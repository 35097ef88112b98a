"""Markdown tables."""

from collections.abc import Collection, Iterable, Sequence


def table(header: Sequence[object], rows: Iterable[Sequence[object]], left: int | Collection[int] = 1) -> str:
    """Return a markdown table.

    Args:
        header: the columns' titles.
        rows: the cells of each row, as many as there are titles; an upright bar in one is escaped.
        left: how many of the first columns hold words and are aligned to the left, or which columns; the rest hold
            numbers.
    """
    words = range(left) if isinstance(left, int) else left
    marks = ["---" if column in words else "---:" for column in range(len(header))]
    rows = list(rows)
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row of {len(row)} cells under {len(header)} titles: {row}")
    return "\n".join(_line(cells) for cells in (header, marks, *rows))


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(" ".join(str(cell).split()).replace("|", "\\|") for cell in cells) + " |"
