"""Standardised differences of means."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...coordinates import inner_factors
from ...errors import ArgumentError
from ...fit import Fit
from ...frame.native import in_pandas
from ...theta import pack, unpack
from ..methods import curvature
from .result import Effects

SDS = ("residual", "total")
_WORDS = {
    "residual": "the residual standard deviation",
    "total": "the standard deviation of an observation, random effects included",
}


def effect_size(contrasts: Any, sd: str | float = "residual", edf: float | None = None) -> Effects:
    """Return differences of means in units of a standard deviation: Cohen's d.

    Parameters
    ----------
    contrasts : MarginalMeans
        Of ``.pairs()`` or ``.contrast(...)``.
    sd : {"residual", "total"} or float
        The unit: of the residuals; of an observation, with the variances of the random effects (their mean
        over the rows where there are slopes); or a number, such as a standard deviation known elsewhere.
    edf : float, optional
        Degrees of freedom of that standard deviation, by which its own error enters; by default those its
        standard error has in the fit, for a number infinite.

    Returns
    -------
    Effects
        Estimate, ``se``, interval.

    Raises
    ------
    ArgumentError
        For means in place of differences, for a generalised model, for an unknown unit.

    Notes
    -----
    se^2 = (se of the difference / sd)^2 + d^2 / (2 edf), as `eff_size` of R's emmeans. Which unit is used
    changes d by more than most choices: of repeated measures the residual one is the smaller, so its d is the
    larger (Westfall, Kenny & Judd 2014 divide by the total).

    References
    ----------
    Westfall, Kenny & Judd (2014), Statistical power and optimal design in experiments in which samples of
    participants respond to samples of stimuli, Journal of Experimental Psychology: General 143, 2020-2045.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("score ~ Machine + (1 | Worker)", ranef.datasets.load("Machines"))
    >>> ranef.emmeans(fit, "Machine").pairs().effect_size()
    contrast      d     se df  lower  upper
    A - B    -2.520 0.4244 46 -3.374 -1.665
    A - C    -4.402 0.5672 46 -5.543 -3.260
    B - C    -1.882 0.3868 46 -2.661 -1.103
    d: differences over the residual standard deviation, 3.162 (df 46)
    Intervals: 95 %
    """
    fit = contrasts.fit
    if fit.generalised:
        raise ArgumentError("effect_size() is for linear models: ratios, or fit.comparisons(), say it here")
    if contrasts.what != "estimate":
        raise ArgumentError("effect_size() is for differences: use .pairs() or .contrast(...) of the means")
    unit, own, words = _unit(fit, sd, edf)
    if contrasts.scale is not None:
        raise ArgumentError("effect_size() is for means on the model's scale: leave out scale='response'")
    plain = in_pandas(contrasts.to_frame)()
    d = plain["estimate"].to_numpy() / unit
    se = np.sqrt((plain["se"].to_numpy() / unit) ** 2 + d**2 / (2 * own))
    known = f" (df {own:.4g})" if np.isfinite(own) else ""
    note = f"d: differences over {words}, {unit:.4g}{known}"
    df = plain["df"].to_numpy()
    return Effects(fit, contrasts.keys, d, se, df, "d", contrasts.level, (note, *contrasts.notes))


def _unit(fit: Any, sd: Any, edf: float | None) -> tuple[float, float, str]:
    """Return the unit, its degrees of freedom and its name."""
    if isinstance(sd, str):
        if sd not in SDS:
            raise ArgumentError(f"sd= must be 'residual', 'total' or a number, not {sd!r}")
        if sd == "residual" and edf is not None:
            return float(fit.sigma), _checked(edf), _WORDS[sd]
        if not fit.by_groups:
            raise ArgumentError(
                f"sd={sd!r}: the degrees of freedom of this fit's standard deviation are not known: give "
                "edf=, or sd= as a number"
            )
        unit, variance = _residual(fit) if sd == "residual" else _total(fit)
        return unit, _checked(edf) if edf is not None else 1 / (2 * variance), _WORDS[sd]
    if isinstance(sd, bool) or not np.isreal(sd) or not np.isfinite(sd) or not sd > 0:
        raise ArgumentError(f"sd= must be 'residual', 'total' or a positive number, not {sd!r}")
    return float(sd), np.inf if edf is None else _checked(edf), "the standard deviation given"


def _checked(edf: Any) -> float:
    if isinstance(edf, bool) or not np.isreal(edf) or not edf > 0:
        raise ArgumentError(f"edf= must be a positive number of degrees of freedom, not {edf!r}")
    return float(edf)


def _residual(fit: Fit) -> tuple[float, float]:
    """Return sigma and the variance of its logarithm."""
    return fit.sigma, float(curvature(fit, "effect_size()").core_covariance[-1, -1]) / fit.sigma**2


def _total(fit: Fit) -> tuple[float, float]:
    """Return the standard deviation of an observation and the variance of its logarithm."""
    covariance = curvature(fit, "effect_size(sd='total')").core_covariance
    terms, widths = fit.model.design.terms, fit.model.term_widths
    moments = [fit.model.coordinates.second_moments(index, term) for index, term in enumerate(terms)]

    def relative(theta: FloatArray) -> float:
        factors = unpack(theta, widths)
        return sum(float(np.sum((f @ f.T) * m)) for f, m in zip(factors, moments, strict=True))

    theta = pack(inner_factors(fit))
    # of second degree in theta: central differences are exact
    slopes = [(relative(theta + e) - relative(theta - e)) / 2 for e in np.eye(theta.size)]
    share = 1 + relative(theta)
    gradient = np.array([*np.array(slopes) / (2 * share), 1 / fit.sigma])
    return float(fit.sigma * np.sqrt(share)), float(gradient @ covariance @ gradient)
