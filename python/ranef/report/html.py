"""The summary as HTML for a notebook: the same numbers, in tables."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from .brief import groups_line
from .components import component_columns
from .correlations import MOST_SHOWN, correlation_columns
from .criteria import criterion_lines, information
from .fixed_effects import fixed_effects_columns
from .notes import notes
from .residuals import QUANTILES, residual_texts

if TYPE_CHECKING:
    from .summary import Summary


def summary_html(summary: Summary) -> str:
    """Return the summary as one ``<div>``."""
    from .summary import DIGITS, title

    fit = summary.fit
    parts = [f"<h4>{escape(title(summary))}</h4>", f"<code>{escape(fit.formula)}</code>"]
    if summary.fixed is None:
        return _div([*parts, _paragraph(groups_line(fit)), *map(_paragraph, notes(fit))])
    if fit.reml:
        parts.append(_paragraph(criterion_lines(fit)[0]))
    else:
        table = information(fit)
        parts.append(_table("", list(table), [[text] for text in table.values()]))
    parts.append(_table("Scaled residuals", QUANTILES, [[text] for text in residual_texts(fit, DIGITS)]))
    shown = component_columns(fit.varcorr, ("Variance", "Std.Dev."), DIGITS)
    parts += [_table("Random effects", *shown, labels=2), _paragraph(groups_line(fit))]
    if len(summary.fixed.frame):
        headers, columns = fixed_effects_columns(summary.fixed, DIGITS)
        names = [str(name) for name in summary.fixed.frame.index]
        parts.append(_table("Fixed effects", ["", *headers], [names, *columns], labels=1))
    if 2 <= len(fit.model.cross.kept) <= MOST_SHOWN:
        parts.append(_table("Correlation of fixed effects", *correlation_columns(fit), labels=1))
    return _div([*parts, *map(_paragraph, notes(fit))])


def _div(parts: Sequence[str]) -> str:
    return f'<div class="ranef-summary">{"".join(parts)}</div>'


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _table(
    caption: str, headers: Sequence[str], columns: Sequence[Sequence[str]], labels: int = 0
) -> str:
    """Return a table; the first `labels` columns are text to the left, the others numbers to the right."""

    def cell(tag: str, text: str, position: int) -> str:
        side = "left" if position < labels else "right"
        return f'<{tag} style="text-align:{side}">{escape(text.strip())}</{tag}>'

    rows = [tuple(headers), *zip(*columns, strict=True)]
    lines = [
        "<tr>" + "".join(cell("td" if i else "th", text, k) for k, text in enumerate(row)) + "</tr>"
        for i, row in enumerate(rows)
    ]
    title = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f"<table>{title}{''.join(lines)}</table>"
