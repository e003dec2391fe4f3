"""Likelihood intervals of the residuals' parameters: the criterion minimised over everything else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.special import chdtri

from ..arrays import FloatArray
from ..errors import ArgumentError, FitError, level_by_keyword, require_level
from .descent import descend
from .optimum import reach

_EXACT = 1e-4  # gradient, in units of about a standard error
_FIRST, _WIDER, _MOST_STEPS = 2.0, 1.6, 40


@level_by_keyword
def residual_intervals(fit: Any, *, level: float = 0.95) -> pd.DataFrame:
    """Return likelihood intervals of the parameters of ``residual=`` and ``dispersion=``.

    An end is where the criterion, minimised over all other parameters, has risen by the quantile of a
    chi-square with one degree of freedom. They need not be symmetric; correlations stay within (-1, 1).

    Parameters
    ----------
    fit : ResidualFit or GlsFit
    level : float
        Coverage.

    Returns
    -------
    DataFrame
        ``estimate``, ``lower``, ``upper`` by parameter, as in ``fit.residual.parameters``; an end is
        infinite, a correlation's 0, 1 or -1, where the criterion does not rise so far.

    Raises
    ------
    ArgumentError, FitError
        The residuals have no parameters; the fit has no minimum.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> fit.residual_intervals().round(2)
                         estimate  lower  upper
    parameter
    car1(age | Subject)      0.84   0.74    0.9
    """
    require_level(level)
    if not len(fit.outer.phi):
        raise ArgumentError("the residuals of this fit have no parameters: give residual= or dispersion=")
    if not fit.outer.converged or fit.outer.held:
        raise FitError(
            "the parameters of the residuals have no intervals: the fit did not end at a minimum in the "
            "interior (see fit.optimum); a simpler residual= or dispersion= may"
        )
    model = fit.model
    sums = model.sums if not callable(model.sums) else model.sums()[1]
    rise = float(chdtri(1, 1 - level))
    unknown = fit.outer.unknown  # anything: no response can tell about it
    ends = [
        [sign * np.inf if k in unknown else _end(sums, fit.outer, k, sign, rise, se) for sign in (-1, 1)]
        for k, se in enumerate(np.sqrt(np.diag(fit.residual.spread)))
    ]
    shown = fit.residual.estimates.rename_axis("parameter")
    out = pd.DataFrame(
        {"estimate": shown, "lower": [one[0] for one in ends], "upper": [one[1] for one in ends]}
    )
    if model.noise.chain is not None:
        chain, k = model.noise.chain, len(out) - 1
        out.iloc[k, 1:] = [chain.correlation(x) for x in ends[-1]]
    return out


def _end(sums: Any, outer: Any, k: int, sign: int, rise: float, se: float) -> float:
    """Return phi_k where the profiled criterion has risen, infinity where it does not."""
    others = np.delete(np.arange(len(outer.phi)), k)
    unit = 1 / np.sqrt(np.maximum(sums.cells.information(), 1e-300))
    limit = sign * float(reach(sums.cells)[k])
    at = np.array(outer.phi, dtype=float)

    def risen(value: float) -> float:
        at[k] = value

        def rest(z: FloatArray) -> tuple[float, FloatArray]:
            phi = at.copy()
            phi[others] = z * unit[others]
            try:
                criterion, slope = sums.criterion(phi)
            except (RuntimeError, np.linalg.LinAlgError):  # no fit there: the step is shortened
                return 1e100, np.zeros_like(z)
            return criterion, slope[others] * unit[others]

        start = at[others] / unit[others]
        if not others.size:
            return rest(start)[0] - outer.value - rise
        z, criterion, _ = descend(rest, start, 1 / unit[others], _EXACT, lambda _: False)
        at[others] = z * unit[others]
        return criterion - outer.value - rise

    inside, step = float(outer.phi[k]), _FIRST * float(se)
    for _ in range(_MOST_STEPS):
        outside = inside + sign * step
        if sign * (outside - limit) >= 0:
            return sign * np.inf if risen(limit) < 0 else float(brentq(risen, inside, limit, xtol=1e-8))
        if risen(outside) > 0:
            return float(brentq(risen, inside, outside, xtol=1e-8))
        inside, step = outside, _WIDER * step
    return sign * np.inf
