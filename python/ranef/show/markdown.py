"""Documents as Markdown with GitHub's tables."""

from __future__ import annotations

import re

from .parts import Document, Line, Table

_SPECIAL = re.compile(r"([\\`*_|<>\[\]])")


def markdown(document: Document) -> str:
    """Return a document as Markdown, parts one blank line apart."""
    return "\n\n".join(_line(part) if isinstance(part, Line) else _table(part) for part in document)


def escape(text: str) -> str:
    """Return text that Markdown shows as it is.

    >>> print(escape("a*b (c|d)"))
    a\\*b (c\\|d)
    """
    return _SPECIAL.sub(r"\\\1", text)


def _line(line: Line) -> str:
    if line.style == "pre":
        return f"```\n{line.text}\n```"
    if line.style == "code":
        return f"`{line.text}`"
    return f"**{escape(line.text)}**" if line.style == "title" else escape(line.text)


def _table(table: Table) -> str:
    sides = [":---" if k < table.labels else "---:" for k in range(len(table.headers))]
    rows = [[escape(text) for text in row] for row in (tuple(table.headers), *table.rows)]
    lines = [f"| {' | '.join(row)} |" for row in (rows[0], sides, *rows[1:])]
    return "\n".join([f"**{escape(table.caption)}**", "", *lines] if table.caption else lines)
