"""Documents as text for a terminal: aligned columns, those beyond its width below."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence

from .parts import Document, Line, Table

USUAL_WIDTH = 100


def text(document: Document) -> str:
    """Return a document as text."""
    return "\n".join(part.text if isinstance(part, Line) else _table(part) for part in document)


def width() -> int:
    """Return the columns of the terminal, 100 where the output is none."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else USUAL_WIDTH


def columns_of_text(
    headers: Sequence[str], columns: Sequence[Sequence[str]], right: bool | Sequence[bool] = False
) -> list[str]:
    """Return the lines of a table, columns one blank apart."""
    sides = [right] * len(headers) if isinstance(right, bool) else right
    padded = []
    for header, column, to_right in zip(headers, columns, sides, strict=True):
        size = max(len(text) for text in (header, *column))
        padded.append([text.rjust(size) if to_right else text.ljust(size) for text in (header, *column)])
    return [" ".join(row).rstrip() for row in zip(*padded, strict=True)]


def in_width(sizes: Sequence[int], labels: int, limit: int) -> list[list[int]]:
    """Return the columns of each block such that, with the labels in front of every block, it fits.

    Examples
    --------
    >>> in_width([5, 10, 10, 10], 1, 30)
    [[0, 1, 2], [0, 3]]
    """
    first = list(range(labels))
    start = sum(sizes[:labels]) + labels
    blocks: list[list[int]] = []
    used = limit + 1
    for k in range(labels, len(sizes)):
        if used + sizes[k] > limit or not blocks:
            blocks.append([*first])
            used = start
        blocks[-1].append(k)
        used += sizes[k] + 1
    return blocks or [first]


def _table(table: Table) -> str:
    rows = table.rows
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in table.headers]
    sizes = [max(map(len, (header, *column))) for header, column in zip(table.headers, columns, strict=True)]
    right = [k >= table.labels for k in range(len(sizes))]
    lines = [table.caption] if table.caption else []
    for block in in_width(sizes, table.labels, width()):
        part = [table.headers[k] for k in block], [columns[k] for k in block], [right[k] for k in block]
        lines += columns_of_text(*part)
    return "\n".join(lines)
