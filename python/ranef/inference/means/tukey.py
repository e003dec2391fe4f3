"""The studentized range: how far the largest of k means is above the smallest, in units of their error.

Both integrals are sums over equal steps, which converge faster than any power of the step where the
integrand is smooth and vanishes at both ends; tails are summed as tails, so that small p-values keep their
digits.

References
----------
Tukey (1953), The problem of multiple comparisons. Trefethen & Weideman (2014), The exponentially convergent
trapezoidal rule, SIAM Review 56, 385-458.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import ndtr

from ...arrays import FloatArray

_STEP, _WIDTH = 0.125, 9.0  # of z, a standard normal
_SMALL = 42.0  # -log of what is nothing beside one
_COARSEST = 0.05  # step of log s
_FARTHEST = 60.0  # a range that has no probability in floating point


def range_tail(w: npt.ArrayLike, k: int) -> FloatArray:
    """P(range of k standard normals > w), of any w >= 0.

    Given the largest, z, it is that not all others are within w below it.
    """
    width = np.minimum(np.atleast_1d(np.asarray(w, float)), _FARTHEST)
    z = np.arange(-_WIDTH, width.max(initial=0.0) / 2 + _WIDTH, _STEP)
    below = ndtr(z)
    outside = np.minimum(ndtr(z - width[:, None]) / below, 1.0)
    with np.errstate(divide="ignore"):  # w = 0: all others are outside
        missed = -np.expm1((k - 1) * np.log1p(-outside))
    density = np.exp(-0.5 * z * z) * (_STEP / np.sqrt(2 * np.pi))
    return k * (missed @ (density * below ** (k - 1)))


def studentized_tail(q: float, k: int, df: float) -> float:
    """P(Q > q) of the studentized range of k means with df degrees of freedom, which may be infinitely many.

    Examples
    --------
    >>> round(studentized_tail(3.577935, 3, 20), 6)
    0.05
    """
    if q <= 0:
        return 1.0
    known = float(range_tail(q, k)[0])
    if not np.isfinite(df):
        return min(known, 1.0)
    # s is the estimated over the true standard deviation, log s has a density proportional to exp(df phi).
    # The answer is at least that of the true deviation, and that of one so small that most ranges are wider.
    far = min((_SMALL - np.log(max(known, 1e-300))) / df, _SMALL / df + max(np.log(q), 0.0) + 2)
    left = -(far + np.sqrt(far))
    right = min(np.sqrt(_SMALL / df), 0.5 * np.log(2 * (_SMALL / df + 3)))
    step = min(0.5 / np.sqrt(2 * df), _COARSEST)
    t = np.arange(left, right + step, step)
    phi = t - np.expm1(2 * t) / 2
    weights = np.exp(df * (phi - phi.max()))
    return float(min(weights @ range_tail(q * np.exp(t), k) / weights.sum(), 1.0))


def studentized_quantile(level: float, k: int, df: float) -> float:
    """The q with P(Q <= q) = level.

    Examples
    --------
    >>> round(studentized_quantile(0.95, 3, 20), 4)
    3.5779
    """
    def above(log_q: float) -> float:
        return float(np.log(studentized_tail(np.exp(log_q), k, df) / (1 - level)))

    lower, upper = -12.0, 1.0
    while above(upper) > 0:
        lower, upper = upper, upper + 1
    return float(np.exp(brentq(above, lower, upper, xtol=1e-11)))
