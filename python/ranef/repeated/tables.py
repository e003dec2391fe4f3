"""Tidy tables of fits with a covariance model of their own: coefficients and covariance parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import require_level
from ..frame.native import native_table
from ..report.broom import fixed_columns, stacked, wanted_effects

_EFFECTS = ("fixed", "ran_pars")


def tidy(
    fit: Any, effects: str | Sequence[str] = _EFFECTS, level: float = 0.95, ddf: str | None = None
) -> Any:
    """Return one row per coefficient and covariance parameter, with the columns of R's broom.

    Parameters
    ----------
    fit : VisitFit, GlsFit or RelatedFit
    effects : str or sequence of str
        ``"fixed"``: coefficients with tests and intervals. ``"ran_pars"``: parameters of the covariance.
    level : float
        Coverage of the intervals of the coefficients.
    ddf : str, optional
        By default the fit's own method.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm + ar1(visit | id)", ranef.datasets.load("asthma"))
    >>> fit.tidy()[["effect", "term"]]
         effect           term
    0     fixed      Intercept
    1     fixed  arm[T.active]
    2  ran_pars             sd
    3  ran_pars    correlation
    """
    require_level(level)
    parts = {"fixed": lambda: fixed_columns(fit, level, ddf or fit.method), "ran_pars": fit.component_columns}
    found = [parts[name]() for name in wanted_effects(effects, _EFFECTS)]
    return native_table(stacked(found), fit.model.data_library)


def component_columns(fit: Any) -> dict[str, Any]:
    """Return the columns of the parameters of a covariance."""
    table = fit.residual.parameters
    own = [("sigma", fit.sigma, np.nan)] if fit.has_sigma else []
    own += zip(table.parameter, table.estimate, table.se, strict=True)
    terms, estimates, errors = zip(*own, strict=True)
    columns = {
        **{"effect": ["ran_pars"] * len(own), "term": terms},
        **{"estimate": estimates, "std_error": errors},
    }
    return columns | ({"group": table.arm.tolist()} if "arm" in table else {})


