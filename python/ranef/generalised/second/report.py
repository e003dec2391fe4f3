"""What a fit with a second linear predictor prints beside the conditional model, and how it is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...report.brief import coefficient_lines
from ...report.summary import Shown
from ...report.tables import with_limits
from ...show.numbers import format_common
from .. import updating
from ..report import summary as plain
from .coefficients import second_limits, second_table
from .fit import SecondPredictor

_HEADERS = {"estimate": "Estimate", "se": "Std. Error", "z": "z value", "p": "Pr(>|z|)"}


def summary_of(fit: SecondPredictor, shown: Shown) -> plain.Summary:
    """Return the summary: the conditional model, then the second linear predictor."""
    found = plain.summary_of(fit, shown)
    if found.fixed is None:
        return found
    table = second_table(fit).rename(columns=_HEADERS)
    if shown.level is not None:
        table = with_limits(table, second_limits(fit, shown.level), shown.level)
    return replace(found, others=((fit.model.second_title, table),))


def brief(fit: SecondPredictor) -> str:
    """Return formula, criterion, variance components, fixed effects and the second predictor's."""
    text = plain.brief(fit)
    if "gamma" not in fit.found:
        return text
    texts = format_common(fit.gamma, 4)
    lines = coefficient_lines(list(fit.model.second.names), texts)
    return "\n".join([text, f"{fit.model.second_title}:", *lines])


def update(fit: SecondPredictor, formula: str | None = None, data: Any = None, **changes: Any) -> Any:
    """Fit a changed model to data.

    Parameters
    ----------
    fit : SecondPredictor
    formula, data
        As of `GlmerFit.update`.
    **changes
        As of `ranef.glmer`; ``zero=None`` or ``dispersion=None`` leaves that part out.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "incidence ~ period + offset(log(size)) + (1 | herd)"
    >>> fit = ranef.glmer(formula, data, "poisson", zero="~ 1")
    >>> round(fit.update(zero=None).objective - fit.objective, 2)
    5.86
    """
    second = fit.model.second
    return updating.update(fit, formula, data, **({second.argument: second.text} | changes))
