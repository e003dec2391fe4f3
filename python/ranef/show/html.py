"""Documents as HTML."""

from __future__ import annotations

from html import escape

from .parts import Document, Line, Table

_TAGS = {"title": "h4", "code": "code", "plain": "p", "pre": "pre"}


def html(document: Document) -> str:
    """Return a document as one ``<div>``."""
    parts = []
    for part in document:
        if isinstance(part, Line):
            tag = _TAGS[part.style]
            parts.append(f"<{tag}>{escape(part.text)}</{tag}>")
        else:
            parts.append(_table(part))
    return f'<div class="ranef">{"".join(parts)}</div>'


def _table(table: Table) -> str:
    def cell(tag: str, text: str, position: int, ruled: bool) -> str:
        side = "left" if position < table.labels else "right"
        rule = ";border-bottom:1px solid" if ruled else ""
        return f'<{tag} style="text-align:{side}{rule}">{escape(text)}</{tag}>'

    lines = []
    for number, row in enumerate([tuple(table.headers), *table.rows], start=-1):
        tag, ruled = "th" if number < 0 else "td", number in table.rules
        lines.append("<tr>" + "".join(cell(tag, text, k, ruled) for k, text in enumerate(row)) + "</tr>")
    title = f"<caption>{escape(table.caption)}</caption>" if table.caption else ""
    return f"<table>{title}{''.join(lines)}</table>"
