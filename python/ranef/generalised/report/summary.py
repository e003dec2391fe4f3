"""The summary of a generalised model, in the layout of glmer, with numbers by R's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ...errors import FitError
from ...estimates.varcorr import component_columns, component_table
from ...guidance.elsewhere import explained, of_what_a_fit_has
from ...guidance.words_of_results import OF_A_SUMMARY
from ...report import brief as linear
from ...report.brief import groups_line
from ...report.summary import (
    DIGITS,
    SHOWN,
    TESTS,
    Shown,
    correlation_lines,
    correlation_table,
    quantile_lines,
    shows_correlations,
)
from ...report.tables import (
    LEGEND,
    criteria,
    fixed_effects,
    fixed_effects_columns,
    residual_quantiles,
    starred,
)
from ...show import Document, Line, Printed, Table, render
from ...show.numbers import format_common
from ...show.text import folded, table_lines
from ..diagnostics.approximation import of_a_minimum
from ..fit import GlmerFit

_METHOD = "Generalized linear mixed model fit by maximum likelihood"


@dataclass(frozen=True, eq=False, repr=False)
class Summary(Printed):
    """A printed fit: as text, as HTML in a notebook, and ``.to("markdown")`` or ``.to("latex")``.

    Attributes
    ----------
    fit : GlmerFit
    fixed : DataFrame or None
        The coefficient table: ``Estimate``, ``Std. Error``, ``z value``, ``Pr(>|z|)``, or with degrees of
        freedom as of a linear model; None without estimates.
    ddf : str
        Method of the tests.
    stars : bool
    correlation : bool or None
        Whether correlations of the estimates are shown; None: of at most six.
    others : tuple of (str, DataFrame)
        Tables of other coefficients, with their titles.
    """

    fit: GlmerFit
    fixed: pd.DataFrame | None
    ddf: str = "normal"
    stars: bool = True
    correlation: bool | None = None
    others: tuple[tuple[str, pd.DataFrame], ...] = ()

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("a summary", OF_A_SUMMARY, of_what_a_fit_has)

    @property
    def title(self) -> str:
        """The first line: how the model was fitted, and how it is tested where that is not Wald's z."""
        return how_fitted(self.fit) + (f". {TESTS[self.ddf]}" if self.ddf != "normal" else "")

    def document(self) -> Document:
        """Return the summary in parts, which HTML, Markdown and LaTeX are made of."""
        fit = self.fit
        parts: list[Line | Table] = [
            Line(self.title, "title"),
            *(Line(text.strip(), "code") for text in _head(fit)),
        ]
        if self.fixed is None:
            return [*parts, Line(groups_line(fit)), *map(Line, linear.remarks(fit))]
        parts.append(Table("", *criteria(fit)))
        if not fit.by_cells:
            parts.append(Table("Scaled residuals", *residual_quantiles(fit, DIGITS)))
        components = component_columns(fit.varcorr, SHOWN, DIGITS)
        parts += [Table("Random effects", *components, labels=2), Line(groups_line(fit))]
        parts += map(Line, _dispersion_line(fit))
        for title, table in self._tables():
            parts.append(Table(title, *fixed_effects_columns(table, self.stars, DIGITS), labels=1))
        if shows_correlations(self):
            parts.append(correlation_table(fit))
        return [*parts, *map(Line, remarks(fit))]

    def __str__(self) -> str:
        fit = self.fit
        head = [f"{self.title} ['ranef']", *_head(fit)]
        if self.fixed is None:
            return "\n".join([*head, "", groups_line(fit), *linear.remarks(fit)])
        components = component_table(fit.varcorr, SHOWN, DIGITS)
        parts = [
            head,
            table_lines(*criteria(fit), right=True, labels=0),
            *([] if fit.by_cells else [["Scaled residuals:", *quantile_lines(fit)]]),
            ["Random effects:", components, groups_line(fit), *_dispersion_line(fit)],
        ]
        parts += [[f"{title}:", *self._lines(table)] for title, table in self._tables()]
        parts += correlation_lines(self)
        parts.append(remarks(fit))
        return "\n\n".join("\n".join(part) for part in parts if part)

    def _tables(self) -> list[tuple[str, pd.DataFrame]]:
        assert self.fixed is not None
        return [*([("Fixed effects", self.fixed)] if len(self.fixed) else []), *self.others]

    def _lines(self, table: pd.DataFrame) -> list[str]:
        headers, columns = fixed_effects_columns(table, self.stars, DIGITS)
        lines = table_lines(headers, columns, [False, *(name != "" for name in headers[1:])])
        return [*lines, "---", LEGEND] if starred(headers, columns) else lines


def summary_of(fit: GlmerFit, shown: Shown) -> Summary:
    """Return the summary; lme4's own table has Wald's z."""
    by = "normal" if shown.ddf == "lme4" else shown.ddf
    try:
        table = fixed_effects(fit, by, shown.level)
    except FitError:
        return Summary(fit, None)
    if by == "normal":
        table = table.drop(columns="df").rename(columns={"t value": "z value", "Pr(>|t|)": "Pr(>|z|)"})
    others = tuple(fit.other_tables(shown.level))
    return Summary(fit, table, by, shown.stars, shown.correlation, others)


def other_tables(fit: GlmerFit, level: float | None) -> list[tuple[str, pd.DataFrame]]:
    """Return titles and tables of coefficients that are not the mean's, of which there are none."""
    return []


def how_fitted(fit: GlmerFit) -> str:
    """Return the first line, with the approximation in brackets as glmer has it."""
    nodes = fit.model.agq
    if nodes == 1:
        return f"{_METHOD} (Laplace Approximation)"
    return f"{_METHOD} (Adaptive Gauss-Hermite Quadrature, nAGQ = {nodes})"


def _head(fit: GlmerFit) -> list[str]:
    lines = [f" Family: {fit.family.name} ( {fit.family.link.name} )", f"Formula: {fit.formula}"]
    if fit.model.weights_argument:
        lines.append(f"Weights: {fit.model.weights_argument}")
    if fit.model.offset_argument:
        lines.append(f"Offset: {fit.model.offset_argument}")
    if fit.model.information == "expected":
        lines.append("Determinant: expected information, as lme4")
    return lines


def remarks(fit: GlmerFit) -> list[str]:
    """Return what a reader must know besides the numbers."""
    lines = list(filter(None, [of_a_minimum(fit)[1]]))
    found = fit.separation
    if found is not None:
        lines.append(str(found))
    return [*linear.remarks(fit), *lines]


def _dispersion_line(fit: GlmerFit) -> list[str]:
    if not fit.family.dispersed:
        return []
    kind = fit.family.kind
    return [f"Dispersion ({kind.dispersion}): {fit.dispersion:.4g}, variance {kind.meaning}"]


def brief(fit: GlmerFit) -> str:
    """Return formula, criterion, variance components and fixed effects."""
    lines = [f"{how_fitted(fit)} ['ranef']", *_head(fit)]
    try:
        lines += [f"-2 log L at convergence: {fit.objective:.4f}", "Random effects:", str(fit.varcorr)]
        lines += [groups_line(fit), *_dispersion_line(fit), "Fixed effects:"]
        names = [str(name) for name in fit.params.index]
        texts = format_common(fit.params.to_numpy(), 4)
    except FitError as error:
        return "\n".join([*lines, str(error)])
    lines = folded([*lines, *linear.coefficient_lines(names, texts), *remarks(fit)])
    for title, table in fit.other_tables(None):
        texts = format_common(table["Estimate"].to_numpy(), 4)
        lines += [f"{title}:", *linear.coefficient_lines(list(table.index), texts)]
    return "\n".join(lines)


def brief_html(fit: GlmerFit) -> str:
    """Return the summary as HTML."""
    return render(fit.summary().document(), "html")
