"""The summary of a generalised model, in the layout of glmer, with numbers by R's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from ...errors import FitError
from ...estimates.varcorr import component_columns, component_table
from ...frame.native import in_pandas
from ...guidance.arguments import guided
from ...guidance.elsewhere import explained
from ...guidance.words_of_results import OF_A_SUMMARY
from ...report import brief as linear
from ...report.brief import groups_line
from ...report.summary import (
    DIGITS,
    SHOWN,
    correlation_lines,
    correlation_table,
    quantile_lines,
    shows_correlations,
)
from ...report.tables import LEGEND, Columns, criteria, level_of, residual_quantiles, with_limits
from ...show import Document, Line, Printed, Table, render
from ...show.numbers import (
    format_common,
    format_estimates,
    format_p_values,
    format_statistics,
    significance_stars,
)
from ...show.text import folded, table_lines
from ..fit import GlmerFit

_METHOD = "Generalized linear mixed model fit by maximum likelihood"


@dataclass(frozen=True, eq=False, repr=False)
class Summary(Printed):
    """A printed fit: as text, as HTML in a notebook, and ``.to("markdown")`` or ``.to("latex")``.

    Attributes
    ----------
    fit : GlmerFit
    fixed : DataFrame or None
        Estimates, standard errors, z and p of the columns that have a coefficient; None without estimates.
    stars : bool
    others : tuple of (str, DataFrame)
        Tables of other coefficients, with their titles.
    """

    fit: GlmerFit
    fixed: pd.DataFrame | None
    stars: bool = True
    correlation: bool | None = None
    others: tuple[tuple[str, pd.DataFrame], ...] = ()

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("a summary", OF_A_SUMMARY)

    def document(self) -> Document:
        """Return the summary in parts, which HTML, Markdown and LaTeX are made of."""
        fit = self.fit
        parts: list[Line | Table] = [
            Line(how_fitted(fit), "title"),
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
            parts.append(Table(title, *_fixed_columns(table, self.stars), labels=1))
        if shows_correlations(self):
            parts.append(correlation_table(fit))
        return [*parts, *map(Line, remarks(fit))]

    def __str__(self) -> str:
        fit = self.fit
        head = [f"{how_fitted(fit)} ['ranef']", *_head(fit)]
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
        return "\n\n".join("\n".join(part) for part in [*parts, remarks(fit)])

    def _tables(self) -> list[tuple[str, pd.DataFrame]]:
        assert self.fixed is not None
        return [*([("Fixed effects", self.fixed)] if len(self.fixed) else []), *self.others]

    def _lines(self, table: pd.DataFrame) -> list[str]:
        headers, columns = _fixed_columns(table, self.stars)
        lines = table_lines(headers, columns, [False, *(name != "" for name in headers[1:])])
        return [*lines, "---", LEGEND] if self.stars and any(columns[-1]) else lines


@guided(
    ddf="the tests of a generalised model are asymptotic",
    alpha="write conf_int=0.95, the coverage",
    level="write conf_int=0.95, the coverage",
)
def summary(
    fit: GlmerFit,
    stars: bool = True,
    correlation: bool | None = None,
    conf_int: bool | float = False,
) -> Summary:
    """Return the summary of a fit.

    Parameters
    ----------
    fit : GlmerFit
    stars : bool
        Mark small p-values.
    correlation : bool, optional
        Show the correlations of the estimates; by default of at most six coefficients.
    conf_int : bool or float
        Show confidence limits, of 95 % or of the coverage given.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> print(fit.summary())
    Generalized linear mixed model fit by maximum likelihood (Laplace Approximation) ['ranef']
     Family: binomial ( logit )
    Formula: cbind(incidence, size - incidence) ~ period + (1 | herd)
    <BLANKLINE>
      AIC   BIC logLik deviance df.resid
    194.1 204.2  -92.0    184.1       51
    ...
    """
    try:
        kept = [fit.params.index[index] for index in fit.model.cross.columns]
        table, level = in_pandas(fit.coef_table)().loc[kept], level_of(conf_int)
        if level is not None:
            table = with_limits(table, in_pandas(fit.conf_int)(level=level), level)
        return Summary(fit, table, stars, correlation)
    except FitError:
        return Summary(fit, None, stars)


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
    lines = [str(fit.approximation)] if fit.model.agq == 1 and fit.converged else []
    found = fit.separation
    if found is not None:
        lines.append(str(found))
    return [*linear.remarks(fit), *lines]


def _dispersion_line(fit: GlmerFit) -> list[str]:
    if not fit.family.dispersed:
        return []
    kind = fit.family.kind
    return [f"Dispersion ({kind.dispersion}): {fit.dispersion:.4g}, variance {kind.meaning}"]


def _fixed_columns(frame: pd.DataFrame, stars: bool) -> Columns:
    """Return headers and columns of the table of fixed effects, names first."""
    p = frame["p"].to_numpy()
    limits = [name for name in frame if name.endswith(" %")]
    texts = [
        *format_estimates([frame[name].to_numpy() for name in ("estimate", "se", *limits)], DIGITS),
        format_statistics(frame["z"].to_numpy(), DIGITS),
        format_p_values(p, DIGITS - 1),
        *([significance_stars(p)] if stars else []),
    ]
    headers = ["Estimate", "Std. Error", *limits, "z value", "Pr(>|z|)", *([""] if stars else [])]
    return ["", *headers], [[str(name) for name in frame.index], *texts]


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
    return "\n".join(folded([*lines, *linear.coefficient_lines(names, texts), *remarks(fit)]))


def brief_html(fit: GlmerFit) -> str:
    """Return the summary as HTML."""
    return render(summary(fit).document(), "html")
