"""p-values of t and F statistics."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import chdtrc, fdtrc, ndtr, stdtr

from ..arrays import FloatArray
from ..errors import require_choice

ALTERNATIVES = ("two-sided", "less", "greater")


def t_p_values(t: npt.ArrayLike, df: npt.ArrayLike, alternative: str = "two-sided") -> FloatArray:
    """Return the probability of a t statistic as extreme; an infinite df means the normal distribution.

    >>> t_p_values([2.0, -2.0], [10.0, float("inf")], "greater").round(4).tolist()
    [0.0367, 0.9772]
    """
    require_choice("alternative", alternative, ALTERNATIVES)
    statistic, degrees = np.broadcast_arrays(np.asarray(t, dtype=float), np.asarray(df, dtype=float))
    tail = {"two-sided": -np.abs(statistic), "less": statistic, "greater": -statistic}[alternative]
    finite = np.where(np.isfinite(degrees), degrees, 1.0)
    p = np.where(np.isinf(degrees), ndtr(tail), stdtr(finite, tail))
    p = np.where(np.isnan(degrees), np.nan, p)
    return 2 * p if alternative == "two-sided" else p


def f_p_value(f: float, num_df: float, den_df: float) -> float:
    """Return the upper tail of F(num_df, den_df); an infinite den_df means chi-square over num_df.

    >>> round(f_p_value(4.0, 1, 10), 4)
    0.0734
    """
    if np.isnan(f) or np.isnan(den_df):
        return float("nan")
    return float(chdtrc(num_df, num_df * f) if np.isinf(den_df) else fdtrc(num_df, den_df, f))
