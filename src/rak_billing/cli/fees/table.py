"""Columns of figures for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

__all__ = ["table"]


def table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Give *rows* as lines, each column aligned to the right and two spaces apart."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join([cell.rjust(width) for cell, width in zip(row, widths, strict=True)])
