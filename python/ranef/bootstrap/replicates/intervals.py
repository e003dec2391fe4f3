"""Intervals from replicates, as R's ``boot.ci`` defines them.

With estimate t, replicates t* and their order statistics t*_(k) (interpolated on the normal quantile scale):

================  =======================================================================================
``percentile``    t*_((R+1) a) to t*_((R+1)(1-a)); equivariant under any increasing transformation
``basic``         2 t - t*_((R+1)(1-a)) to 2 t - t*_((R+1) a)
``normal``        t - bias + z sd(t*)
``studentized``   t - se z*_(1-a) to t - se z*_(a), where z* = (t* - t) / se*
``bca``           percentiles at levels corrected for bias and acceleration (Efron 1987)
``shortest``      the shortest stretch that holds the share ``level`` of the replicates
================  =======================================================================================

References: Davison & Hinkley (1997), Bootstrap Methods and their Application, chapter 5; Efron (1987), Better
bootstrap confidence intervals, JASA 82.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr, ndtri


def percentile_interval(values: np.ndarray, level: float) -> tuple[float, float]:
    """The percentile interval, as R's ``boot.ci(type = "perc")`` defines it.

    The limits are the order statistics number ``(R + 1) alpha`` and ``(R + 1)(1 - alpha)`` of the R
    replicates, with interpolation between neighbours on the normal quantile scale (Davison & Hinkley, 1997,
    Bootstrap Methods and their Application, eq. 5.8). Where R is too small for the level, the limits are the
    extremes.

    values: replicates; NaN are left out.
    level: coverage, between 0 and 1.
    Returns lower, upper: NaN when there are no values.

    >>> percentile_interval(np.arange(1.0, 1000.0), 0.95)
    (25.0, 975.0)
    """
    ordered = np.sort(values[~np.isnan(values)])
    tail = 0.5 * (1.0 - level)
    return _order_statistic(ordered, tail), _order_statistic(ordered, 1.0 - tail)


def basic_interval(values: np.ndarray, estimate: float, level: float) -> tuple[float, float]:
    """The percentile interval mirrored at the estimate.

    >>> basic_interval(np.arange(1.0, 1000.0), 400.0, 0.95)
    (-175.0, 775.0)
    """
    lower, upper = percentile_interval(values, level)
    return 2.0 * estimate - upper, 2.0 * estimate - lower


def normal_interval(values: np.ndarray, estimate: float, level: float) -> tuple[float, float]:
    """The estimate less the replicates' bias, and normal quantiles of their standard deviation.

    >>> lower, upper = normal_interval(np.array([1.0, 2.0, 3.0]), 2.5, 0.95)
    >>> round(lower, 3), round(upper, 3)
    (1.04, 4.96)
    """
    present = values[~np.isnan(values)]
    if len(present) < 2:
        return float("nan"), float("nan")
    centre = 2.0 * estimate - present.mean()
    width = ndtri(0.5 * (1.0 + level)) * present.std(ddof=1)
    return float(centre - width), float(centre + width)


def studentized_interval(
    values: np.ndarray, errors: np.ndarray, estimate: float, error: float, level: float
) -> tuple[float, float]:
    """The bootstrap-t interval: quantiles of (replicate - estimate) / its own standard error.

    values, errors: replicates and their standard errors.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        lower, upper = percentile_interval((values - estimate) / errors, level)
    return estimate - error * upper, estimate - error * lower


def bca_interval(
    values: np.ndarray, estimate: float, acceleration: float, level: float
) -> tuple[float, float]:
    """Percentiles at levels corrected for bias and acceleration.

    values: replicates; NaN are left out. Those equal to the estimate count half below it, as many replicates
        sit exactly on a boundary.
    acceleration: from leave-one-group-out refits (`ranef.bootstrap.replicates.acceleration`).
    Returns lower, upper: NaN when the estimate is outside the replicates' range, or the acceleration is not
        known.
    """
    ordered = np.sort(values[~np.isnan(values)])
    if len(ordered) == 0 or np.isnan(estimate) or np.isnan(acceleration):
        return float("nan"), float("nan")
    below = np.searchsorted(ordered, estimate, "left"), np.searchsorted(ordered, estimate, "right")
    share = sum(below) / (2.0 * len(ordered))
    if not 0.0 < share < 1.0:
        return float("nan"), float("nan")
    bias = ndtri(share)
    tail = ndtri(0.5 * (1.0 + level))
    levels = [float(ndtr(bias + (bias + z) / (1.0 - acceleration * (bias + z)))) for z in (-tail, tail)]
    return _order_statistic(ordered, levels[0]), _order_statistic(ordered, levels[1])


def shortest_interval(values: np.ndarray, level: float) -> tuple[float, float]:
    """The shortest stretch between order statistics that holds the share ``level`` of the replicates.

    The first one where several are as short.

    >>> shortest_interval(np.array([0.0, 0.0, 0.1, 0.2, 0.3, 5.0]), 0.8)
    (0.0, 0.3)
    """
    ordered = np.sort(values[~np.isnan(values)])
    count = len(ordered)
    if count == 0:
        return float("nan"), float("nan")
    inside = min(max(int(np.ceil(round(level * count, 9))), 1), count)
    lengths = ordered[inside - 1 :] - ordered[: count - inside + 1]
    first = int(np.argmin(lengths))
    return float(ordered[first]), float(ordered[first + inside - 1])


def _order_statistic(ordered: np.ndarray, probability: float) -> float:
    count = len(ordered)
    if count == 0:
        return float("nan")
    # (R + 1) alpha is meant to be whole for the usual R and level; 1 - 0.95 is not quite 0.05 in binary.
    rank = round((count + 1) * probability, 9)
    below = int(rank)
    if below < 1:
        return float(ordered[0])
    if below >= count:
        return float(ordered[-1])
    if rank == below:
        return float(ordered[below - 1])
    low, high = ndtri(below / (count + 1)), ndtri((below + 1) / (count + 1))
    share = (ndtri(probability) - low) / (high - low)
    lower, upper = ordered[below - 1 : below + 1]
    return float(lower if np.isinf(lower) else lower + share * (upper - lower))
