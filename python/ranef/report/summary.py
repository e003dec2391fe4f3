"""The summary of a fit, in the layout of lme4 and lmerTest, with numbers by R's rules."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import FitError
from ..estimates.varcorr import component_table
from ..fit import Fit
from ..show.document import Document, Printed
from .brief import groups_line, method
from .correlations import correlation_lines
from .criteria import criterion_lines
from .fixed_effects import FixedEffects, fixed_effects, fixed_effects_lines
from .notes import notes
from .residuals import residual_lines
from .sections import summary_document

DIGITS = 4
TESTS = {
    "satterthwaite": "t-tests use Satterthwaite's method",
    "kenward-roger": "t-tests use Kenward-Roger's method",
    "residual": "t-tests use residual degrees of freedom",
    "normal": "Tests use the normal distribution",
}


@dataclass(frozen=True, eq=False, repr=False)
class Summary(Printed):
    """A printed fit: as text, as HTML in a notebook, and ``.to("markdown")`` or ``.to("latex")``.

    Attributes
    ----------
    fit : Fit
    fixed : FixedEffects or None
        The coefficient table; ``fixed.frame`` has its numbers. None for a fit without estimates.
    ddf : str or None
        Method of the tests.
    """

    fit: Fit
    fixed: FixedEffects | None
    ddf: str | None = None

    def __str__(self) -> str:
        return summary_text(self)

    def document(self) -> Document:
        """Return the summary in parts, which HTML, Markdown and LaTeX are made of."""
        return summary_document(self, title(self), DIGITS)


def summary(fit: Fit, ddf: str | None = "satterthwaite", stars: bool = True) -> Summary:
    """Return the summary of a fit.

    Parameters
    ----------
    fit : Fit
    ddf : {"satterthwaite", "kenward-roger", "residual", "normal"}, optional
        Degrees of freedom of the tests, as in ``fit.coef_table``; None for lme4's table without p-values.
    stars : bool
        Mark small p-values.

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
    try:
        return Summary(fit, fixed_effects(fit, ddf, stars), ddf)
    except FitError:
        return Summary(fit, None)


def title(summary: Summary) -> str:
    """Return the first line: how the model was fitted and how it is tested."""
    tests = f". {TESTS[summary.ddf]}" if summary.ddf and summary.fixed is not None else ""
    return f"{method(summary.fit)}{tests}"


def summary_text(summary: Summary) -> str:
    """Return the whole summary as text."""
    fit = summary.fit
    head = [f"{title(summary)} ['ranef']", f"Formula: {fit.formula}"]
    if fit.model.weights_argument:
        head.append(f"Weights: {fit.model.weights_argument}")
    if fit.model.offset_argument:
        head.append(f"Offset: {fit.model.offset_argument}")
    if summary.fixed is None:
        return "\n".join([*head, "", groups_line(fit), *notes(fit)])
    parts = [
        head,
        criterion_lines(fit),
        *([] if fit.model.streamed else [["Scaled residuals:", *residual_lines(fit, DIGITS)]]),
        ["Random effects:", component_table(fit.varcorr, ("Variance", "Std.Dev."), DIGITS), groups_line(fit)],
    ]
    if len(summary.fixed.frame):
        parts.append(["Fixed effects:", *fixed_effects_lines(summary.fixed, DIGITS)])
    correlations = correlation_lines(fit)
    if correlations:
        parts.append(["Correlation of Fixed Effects:", *correlations])
    remarks = notes(fit)
    text = "\n\n".join("\n".join(part) for part in parts)
    return text if not remarks else "\n".join([text, *remarks])
