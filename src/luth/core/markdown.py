"""Markdown tables."""

from collections.abc import Container, Iterable, Sequence

MARKS = {"left": "---", "right": "---:"}


def table(header: Sequence[object], rows: Iterable[Sequence[object]], left: int | Container[int] = 1) -> str:
    """Return a markdown table.

    Args:
        header: the columns' titles.
        rows: the cells of each row, as many as there are titles; an upright bar in one is escaped.
        left: how many of the first columns hold words and are aligned to the left, or their numbers from 0; the rest
            hold numbers.
    """
    words = range(left) if isinstance(left, int) else left
    marks = [MARKS["left" if column in words else "right"] for column in range(len(header))]
    lines = [_line(header), _line(marks)]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"a row of {len(row)} cells under {len(header)} titles: {row}")
        lines.append(_line(row))
    return "\n".join(lines)


def _line(cells: Sequence[object]) -> str:
    return "| " + " | ".join(" ".join(str(cell).split()).replace("|", "\\|") for cell in cells) + " |"
