"""The summary of a fit, in the layout of lme4 and lmerTest, with numbers by R's rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from ..cached import cached_property
from ..errors import FitError
from ..estimates.varcorr import component_columns, component_table
from ..fit import Fit
from ..guidance.arguments import guided
from ..guidance.elsewhere import explained, of_what_a_fit_has
from ..guidance.words_of_results import OF_A_SUMMARY
from ..inference.methods import chosen_ddf
from ..show import Document, Line, Printed, Table
from ..show.numbers import format_common, round_to
from ..show.text import columns_of_text, table_lines
from .brief import groups_line, how_fitted, remarks
from .tables import (
    LEGEND,
    MOST_CORRELATIONS,
    correlations,
    criteria,
    fixed_effects,
    fixed_effects_columns,
    level_of,
    residual_quantiles,
    starred,
)

DIGITS = 4
SHOWN = ("Variance", "Std.Dev.")
TESTS = {
    "satterthwaite": "t-tests use Satterthwaite's method",
    "kenward-roger": "t-tests use Kenward-Roger's method",
    "residual": "t-tests use residual degrees of freedom",
    "normal": "Tests use the normal distribution",
}


class Shown(NamedTuple):
    """What a summary is asked to show of the coefficients."""

    ddf: str  # method of the tests; ``"lme4"`` for none
    level: float | None  # coverage of confidence limits
    stars: bool
    correlation: bool | None  # whether correlations of the estimates are shown; None: of at most six


@dataclass(frozen=True, eq=False, repr=False)
class Summary(Printed):
    """A printed fit: as text, as HTML in a notebook, and ``.to("markdown")`` or ``.to("latex")``.

    Attributes
    ----------
    fit : Fit
    fixed : DataFrame or None
        The coefficient table: ``Estimate``, ``Std. Error``, ``df``, ``t value``, ``Pr(>|t|)``; without tests
        no ``df`` and ``Pr(>|t|)``. None for a fit without estimates.
    ddf : str
        Method of the tests; ``"lme4"`` for none.
    stars : bool
        Whether p-values are followed by stars.
    correlation : bool or None
        Whether correlations of the estimates are shown; None: of at most six.
    """

    fit: Fit
    fixed: pd.DataFrame | None
    ddf: str = "lme4"
    stars: bool = True
    correlation: bool | None = None

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("a summary", OF_A_SUMMARY, of_what_a_fit_has)

    @property
    def title(self) -> str:
        """The first line: how the model was fitted and how it is tested."""
        tests = f". {TESTS[self.ddf]}" if self.ddf in TESTS and self.fixed is not None else ""
        return f"{how_fitted(self.fit)}{tests}"

    def document(self) -> Document:
        """Return the summary in parts, which HTML, Markdown and LaTeX are made of."""
        fit = self.fit
        parts: list[Line | Table] = [Line(self.title, "title"), Line(fit.formula, "code")]
        notes = [Line(text) for text in remarks(fit)]
        if self.fixed is None:
            return [*parts, Line(groups_line(fit)), *notes]
        parts.append(Line(_reml_line(fit)) if fit.reml else Table("", *criteria(fit)))
        if not fit.model.streamed:
            parts.append(Table("Scaled residuals", *residual_quantiles(fit, DIGITS)))
        components = component_columns(fit.varcorr, SHOWN, DIGITS)
        parts += [Table("Random effects", *components, labels=2), Line(groups_line(fit))]
        if len(self.fixed):
            shown = fixed_effects_columns(self.fixed, self.stars, DIGITS)
            parts.append(Table("Fixed effects", *shown, labels=1))
            parts += [Line(LEGEND)] if starred(*shown) else []
        if shows_correlations(self):
            parts.append(correlation_table(fit))
        return [*parts, *notes]

    def __str__(self) -> str:
        fit = self.fit
        head = [f"{self.title} ['ranef']", f"Formula: {fit.formula}"]
        if fit.model.weights_argument:
            head.append(f"Weights: {fit.model.weights_argument}")
        if fit.model.offset_argument:
            head.append(f"Offset: {fit.model.offset_argument}")
        if self.fixed is None:
            return "\n".join([*head, "", groups_line(fit), *remarks(fit)])
        parts = [head, [_reml_line(fit)] if fit.reml else table_lines(*criteria(fit), right=True, labels=0)]
        if not fit.model.streamed:
            parts.append(["Scaled residuals:", *quantile_lines(fit)])
        parts.append(["Random effects:", component_table(fit.varcorr, SHOWN, DIGITS), groups_line(fit)])
        if len(self.fixed):
            parts.append(["Fixed effects:", *self._fixed_lines()])
        parts += correlation_lines(self)
        return "\n".join(["\n\n".join("\n".join(part) for part in parts), *remarks(fit)])

    def _fixed_lines(self) -> list[str]:
        headers, columns = fixed_effects_columns(self.fixed, self.stars, DIGITS)
        lines = table_lines(headers, columns, [False, *(name != "" for name in headers[1:])])
        return [*lines, "---", LEGEND] if starred(headers, columns) else lines


@dataclass(frozen=True, eq=False, repr=False)
class CoefficientSummary(Printed):
    """The summary of a kind of fit that says the rest in its own way."""

    fit: Any
    shown: Shown

    @property
    def ddf(self) -> str:
        """Method of the tests."""
        return self.shown.ddf

    @property
    def correlation(self) -> bool | None:
        """Whether correlations of the estimates are shown; None: of at most six."""
        return self.shown.correlation

    @cached_property
    def fixed(self) -> pd.DataFrame:
        """The coefficient table, as of a `Summary`."""
        return fixed_effects(self.fit, self.ddf, self.shown.level)

    def coefficients(self, tested: str) -> Document:
        """Return the coefficients, the method of `tested` in the caption, and their correlations."""
        shown = fixed_effects_columns(self.fixed, self.shown.stars, DIGITS)
        caption = "Coefficients" if self.ddf == "lme4" else f"Coefficients ({tested})"
        legend = [Line("---", "code"), Line(LEGEND)] if starred(*shown) else []
        more = [correlation_table(self.fit)] if shows_correlations(self) else []
        return [Table(caption, *shown, labels=1), *legend, *more]


def shows_correlations(shown: Any) -> bool:
    """Return whether a summary shows the correlations of the estimates: if asked, or of a handful."""
    count = len(shown.fixed)
    return count > 1 and (count <= MOST_CORRELATIONS if shown.correlation is None else shown.correlation)


def correlation_lines(shown: Any) -> list[list[str]]:
    """Return the correlations with their title, or how to have them."""
    title, count = "Correlation of Fixed Effects:", len(shown.fixed)
    if shows_correlations(shown):
        table = correlation_table(shown.fit)
        return [[title, *table_lines(table.headers, table.columns, labels=table.labels)]]
    if count < 2 or shown.correlation is not None:
        return []
    return [[f"(correlations not shown for {count} coefficients: summary(correlation=True))"]]


def correlation_table(fit: Any) -> Table:
    """Return the correlations of the estimates, under short names or numbers."""
    headers, columns = correlations(fit)
    return Table("Correlation of fixed effects", headers, columns, labels=1 + (headers[1] == ""))


@guided(
    digits="fit.coef_table() has the numbers, for round(n)",
    alpha="write conf_int=0.95, the coverage",
    level="write conf_int=0.95, the coverage",
)
def summary(
    fit: Any,
    ddf: str | None = "default",
    stars: bool = True,
    correlation: bool | None = None,
    conf_int: bool | float = False,
) -> Any:
    """Return the summary of a fit of any kind.

    Parameters
    ----------
    fit : Fit
    ddf : {"default", "satterthwaite", "kenward-roger", "residual", "normal", "lme4"}
        Degrees of freedom of the tests, as in ``fit.coef_table``, by default by the fit's own method;
        ``"lme4"``, as lmerTest has it, for lme4's table: of a linear model without p-values.
    stars : bool
        Mark small p-values.
    correlation : bool, optional
        Show the correlations of the estimates; by default of at most six coefficients.
    conf_int : bool or float
        Show confidence limits, of 95 % or of the coverage given.

    Raises
    ------
    ArgumentError
        For an unknown name, and for Kenward-Roger of a fit by maximum likelihood.

    Examples
    --------
    >>> import ranef
    >>> print(ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff")).summary())
    Linear mixed model fit by REML. t-tests use Satterthwaite's method ['ranef']
    Formula: Yield ~ 1 + (1 | Batch)
    <BLANKLINE>
    REML criterion at convergence: 319.7
    <BLANKLINE>
    Scaled residuals:
        Min      1Q  Median      3Q     Max
    -1.4117 -0.7634  0.1418  0.7792  1.8296
    <BLANKLINE>
    Random effects:
     Groups   Name      Variance Std.Dev.
     Batch    Intercept 1764     42.00
     Residual           2451     49.51
    Number of obs: 30, groups:  Batch, 6
    <BLANKLINE>
    Fixed effects:
              Estimate Std. Error      df t value Pr(>|t|)
    Intercept  1527.50      19.38    5.00    78.8 6.23e-09 ***
    ---
    Signif. codes:  0 '***' 0.001 '**' 0.01 '*' 0.05 '.' 0.1 ' ' 1
    """
    level = level_of(conf_int)
    if ddf != "lme4":
        ddf = chosen_ddf(fit, ddf)
    return fit.summary_of(Shown(ddf, level, stars, correlation))


def summary_of(fit: Any, shown: Shown) -> Summary:
    """Return the summary of a fit with random effects."""
    try:
        table = fixed_effects(fit, shown.ddf, shown.level)
        return Summary(fit, table, shown.ddf, shown.stars, shown.correlation)
    except FitError:
        return Summary(fit, None)


def _reml_line(fit: Fit) -> str:
    return f"REML criterion at convergence: {format_common(round_to([fit.objective], 1))[0]}"


def quantile_lines(fit: Any) -> list[str]:
    """Return the quantiles of the residuals under their names, in columns of one width."""
    headers, columns = residual_quantiles(fit, DIGITS)
    width = max(len(text) for text in (*headers, *(column[0] for column in columns)))
    texts = [[column[0].rjust(width)] for column in columns]
    return columns_of_text([name.rjust(width) for name in headers], texts, right=True)
