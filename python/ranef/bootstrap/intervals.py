"""Intervals from replicates."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

__all__ = ["percentile_interval"]


def percentile_interval(values: np.ndarray, level: float) -> tuple[float, float]:
    """The percentile interval, as R's ``boot.ci(type = "perc")`` defines it.

    The limits are the order statistics number ``(R + 1) alpha`` and ``(R + 1)(1 - alpha)`` of the R
    replicates, with interpolation between neighbours on the normal quantile scale (Davison & Hinkley, 1997,
    Bootstrap Methods and their Application, eq. 5.8). Where R is too small for the level, the limits are the
    extremes.

    Parameters
    ----------
    values : numpy.ndarray
        Replicates; NaN are left out.
    level : float
        Coverage, between 0 and 1.

    Returns
    -------
    lower, upper : float
        NaN when there are no values.

    Examples
    --------
    >>> percentile_interval(np.arange(1.0, 1000.0), 0.95)
    (25.0, 975.0)
    """
    ordered = np.sort(values[~np.isnan(values)])
    tail = 0.5 * (1.0 - level)
    return _order_statistic(ordered, tail), _order_statistic(ordered, 1.0 - tail)


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
    return float(ordered[below - 1] + share * (ordered[below] - ordered[below - 1]))
