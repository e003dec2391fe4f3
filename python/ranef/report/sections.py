"""The summary as a document: the same numbers as in the text, in tables."""

from __future__ import annotations

from ..estimates.varcorr import component_columns
from ..show.document import Document, Line, Table
from .brief import groups_line
from .correlations import MOST_SHOWN, correlation_columns
from .criteria import criterion_lines, information
from .fixed_effects import LEGEND, P_VALUE, fixed_effects_columns
from .notes import notes
from .residuals import QUANTILES, residual_texts
from .summary import Summary


def summary_document(summary: Summary, title: str, digits: int) -> Document:
    """Return the parts of a summary."""
    fit = summary.fit
    parts: list[Line | Table] = [Line(title, "title"), Line(fit.formula, "code")]
    remarks = [Line(text) for text in notes(fit)]
    if summary.fixed is None:
        return [*parts, Line(groups_line(fit)), *remarks]
    if fit.reml:
        parts.append(Line(criterion_lines(fit)[0]))
    else:
        table = information(fit)
        parts.append(Table("", list(table), [[text] for text in table.values()]))
    if not fit.model.streamed:
        parts.append(Table("Scaled residuals", QUANTILES, [[text] for text in residual_texts(fit, digits)]))
    shown = component_columns(fit.varcorr, ("Variance", "Std.Dev."), digits)
    parts += [Table("Random effects", *shown, labels=2), Line(groups_line(fit))]
    if len(summary.fixed.frame):
        headers, columns = fixed_effects_columns(summary.fixed, digits)
        names = [str(name) for name in summary.fixed.frame.index]
        parts.append(Table("Fixed effects", ["", *headers], [names, *columns], labels=1))
        if summary.fixed.stars and P_VALUE in summary.fixed.frame and any(columns[-1]):
            parts.append(Line(LEGEND))
    if 2 <= len(fit.model.cross.kept) <= MOST_SHOWN:
        parts.append(Table("Correlation of fixed effects", *correlation_columns(fit), labels=1))
    return [*parts, *remarks]
