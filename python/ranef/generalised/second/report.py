"""What a fit with a second linear predictor prints beside the conditional model, and how it is changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ...report.brief import coefficient_lines
from ...report.tables import level_of, with_limits
from ...show.numbers import format_common
from .. import updating
from ..report import summary as plain
from .coefficients import second_limits, second_table
from .fit import SecondPredictor


def summary(
    fit: SecondPredictor,
    stars: bool = True,
    correlation: bool | None = None,
    conf_int: bool | float = False,
) -> plain.Summary:
    """Return the summary of a fit: the conditional model, then the second linear predictor.

    Parameters
    ----------
    fit : SecondPredictor
    stars, correlation, conf_int
        As of `GlmerFit.summary`.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "incidence ~ period + offset(log(size)) + (1 | herd)"
    >>> fit = ranef.glmer(formula, data, "poisson", zero="~ 1")
    >>> print(fit.summary())
    Generalized linear mixed model fit by maximum likelihood (Laplace Approximation) ['ranef']
    ...
    Zero-inflation model (logit), ~ 1:
              Estimate Std. Error z value Pr(>|z|)
    ...
    """
    found = plain.summary(fit, stars, correlation, conf_int)
    if found.fixed is None:
        return found
    table, level = second_table(fit), level_of(conf_int)
    if level is not None:
        table = with_limits(table, second_limits(fit, level), level)
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
