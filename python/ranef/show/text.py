"""Documents as text for a terminal: aligned columns, nothing wider than it."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Sequence

from .parts import Document, Line, Table

USUAL_WIDTH = 80
NARROWEST = 40  # a terminal narrower than this breaks lines itself
_LABEL = 12  # a label is not folded to less
_HEADER = 32  # of a part of a header between colons, so many characters are not cut
_JOINT = re.compile(r"(?<=:)|(?<=\s)|(?<=[+*|/,_])|(?<=\.)(?!\d)|(?<=\])(?=\w)|(?=\[)")


def text(document: Document) -> str:
    """Return a document as text, a blank line before what has a heading."""
    lines = [_part(part) for part in document]
    for k, part in enumerate(document):
        if k and (part.caption if isinstance(part, Table) else part.style == "title"):
            lines[k] = f"\n{lines[k]}"
    return "\n".join(lines)


def width() -> int:
    """Return the columns of the terminal, 80 where the output is none."""
    return max(NARROWEST, shutil.get_terminal_size().columns) if sys.stdout.isatty() else USUAL_WIDTH


def fold(line: str, limit: int | None = None, indent: str = "  ") -> list[str]:
    """Return a line in pieces of at most `limit` characters, cut at blanks, else at signs, else anywhere.

    >>> fold("C(nitro)[T.0.2]:Variety[T.Marvellous]", 24)
    ['C(nitro)[T.0.2]:', '  Variety[T.Marvellous]']
    """
    limit = width() if limit is None else limit
    if len(line) <= limit:
        return [line]
    pieces: list[str] = []
    rest = line
    while len(rest) > limit:
        start = len(rest) - len(rest.lstrip()) if not pieces else len(indent)
        cuts = [match.start() for match in _JOINT.finditer(rest) if start < match.start() <= limit + 1]
        at_blanks = [cut for cut in cuts if rest[cut - 1].isspace() and len(rest[:cut].rstrip()) <= limit]
        at_colons = [cut for cut in cuts if rest[cut - 1] == ":" and cut <= limit]
        others = [cut for cut in cuts if cut <= limit]
        cut = max(at_blanks or at_colons or others or [limit])
        pieces.append(rest[:cut].rstrip())
        rest = indent + rest[cut:].lstrip()
    return [*pieces, rest]


def folded(lines: Sequence[str]) -> list[str]:
    """Return lines none of which is wider than the terminal."""
    return [piece for text in lines for line in text.split("\n") for piece in fold(line)]


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


def table_lines(
    headers: Sequence[str],
    columns: Sequence[Sequence[str]],
    right: bool | Sequence[bool] = False,
    labels: int = 1,
    limit: int | None = None,
) -> list[str]:
    """Return the lines of a table that fits: long names go on in the next line, then columns go below.

    headers, columns, right: as for `columns_of_text`.
    labels: so many first columns are names, repeated where columns go below.
    limit: by default the width of the terminal.

    >>> for line in table_lines(["", "Estimate"], [["a", "time:group[T.b]"], ["1.00", "0.52"]], limit=20):
    ...     print(line)
                 Estimate
    a            1.00
    time:
      group[T.b] 0.52
    """
    limit = width() if limit is None else limit
    sides = [right] * len(headers) if isinstance(right, bool) else list(right)
    columns = [
        [entry.strip() for entry in column] if side else column
        for column, side in zip(columns, sides, strict=True)
    ]
    sizes = [max(map(len, (header, *column))) for header, column in zip(headers, columns, strict=True)]
    if sum(sizes) + len(sizes) - 1 <= limit:
        return columns_of_text(headers, columns, sides)
    heads = [[header] for header in headers]
    for k in range(labels, len(sizes)):  # headers wider than what stands below
        content = max((len(entry) for entry in columns[k]), default=0)
        longest = max(map(len, re.split("(?<=:)", headers[k])))
        heads[k] = fold(headers[k], max(content, min(_HEADER, longest)), indent="")
        sizes[k] = max(content, *map(len, heads[k]))
    cells = [[[entry] for entry in column] for column in columns]
    rest = sum(sizes[labels:]) + len(sizes) - 1
    for k in sorted(range(labels), key=lambda k: -sizes[k]):
        others = sum(sizes[:labels]) - sizes[k]
        room = limit - rest - others
        if room >= sizes[k]:
            break
        room = max(room if room >= _LABEL else limit // 3, _LABEL)
        cells[k] = [fold(entry, room) for entry in columns[k]]
        heads[k] = fold(headers[k], room)
        sizes[k] = max(len(piece) for cell in (heads[k], *cells[k]) for piece in cell)
    lines: list[str] = []
    blocks = in_width(sizes, labels, limit)
    for number, block in enumerate(blocks):
        shown = [cells[k] for k in block]
        if number:  # rows with nothing in columns that went below are left out of them
            full = [any(any(cell) for cell in row[labels:]) for row in zip(*shown, strict=True)]
            shown = [[cell for cell, one in zip(column, full, strict=True) if one] for column in shown]
        lines += _block([heads[k] for k in block], shown, [sides[k] for k in block])
    return lines


def _block(heads: list[list[str]], cells: list[list[list[str]]], sides: list[bool]) -> list[str]:
    """Return the lines of a table whose cells may have several, numbers standing in the last."""
    rows = [heads, *(list(row) for row in zip(*cells, strict=True))]
    spread: list[list[str]] = [[] for _ in sides]
    for row in rows:
        height = max(map(len, row))
        for k, cell in enumerate(row):
            spread[k] += [""] * (height - len(cell)) + cell
    return columns_of_text([column[0] for column in spread], [column[1:] for column in spread], sides)


def in_width(sizes: Sequence[int], labels: int, limit: int) -> list[list[int]]:
    """Return the columns of each block such that, with the labels in front of every block, it fits.

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


def _part(part: Line | Table) -> str:
    if isinstance(part, Line):
        return part.text if part.style == "pre" else "\n".join(folded(part.text.split("\n")))
    rows = part.rows
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in part.headers]
    right = [k >= part.labels and header != "" for k, header in enumerate(part.headers)]
    lines = fold(part.caption) if part.caption else []
    return "\n".join([*lines, *table_lines(part.headers, columns, right, part.labels)])
