"""Correlation matrices of few parameters, by their partial autocorrelations.

A sequence of variables with correlation matrix R has partial autocorrelations k_1, k_2, ...: of variables m
apart given those between. Toeplitz matrices are positive definite exactly where all are between -1 and 1, so
that they are parameters without further conditions. The factor of R follows from the predictors of Levinson
and Durbin, and keeps its digits where a correlation is one: it is built from k and from sqrt(1 - k^2).

References
----------
Barndorff-Nielsen & Schou (1973), On the parametrization of autoregressive models by partial autocorrelations,
Journal of Multivariate Analysis 3, 408-419.
"""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray

_MOST = 0.9  # in size, of a partial autocorrelation to start from


def size(kind: str, order: int) -> int:
    """Return the number of parameters."""
    return {"diag": 0, "cs": 1, "ar1": 1, "toep": order - 1}[kind]


def factor(kind: str, x: FloatArray, order: int) -> FloatArray:
    """Return the lower triangular L with R = LL', (..., order, order) for parameters (..., size)."""
    k, q = _partial(kind, x, order)
    predictors = np.zeros((*x.shape[:-1], order, order), dtype=x.dtype)
    predictors[...] = np.eye(order)
    a = k[..., :0]
    for m in range(1, order):
        last = k[..., m - 1 : m]
        a = np.concatenate([a - last * a[..., ::-1], last], axis=-1)
        predictors[..., m, :m] = -a[..., ::-1]
    scale = np.concatenate([np.ones((*q.shape[:-1], 1)), np.cumprod(q, axis=-1)], axis=-1)
    return np.asarray(np.linalg.inv(predictors) * scale[..., None, :])


def parameters(kind: str, x: FloatArray, order: int) -> FloatArray:
    """Return the correlations as they are read: one, or one for each lag."""
    if kind == "cs":
        return np.asarray(_compound(x, order)[0])
    return np.asarray(factor(kind, x, order)[..., 1 : 1 + size(kind, order), 0])


def at_lag(lag: int, value: float, x: FloatArray) -> FloatArray:
    """Return the parameter at a lag for which the correlation there is `value`.

    Correlation and partial autocorrelation are linear in each other, given the parameters of shorter lags;
    NaN where no positive definite matrix has it.
    """
    before = np.concatenate([x[..., : lag - 1], np.zeros((*x.shape[:-1], 1))], axis=-1)
    without = factor("toep", before, lag + 1)
    k = (value - without[..., lag, 0]) / without[..., lag, lag] ** 2
    k = np.where(np.abs(k) < 1, k, np.nan)
    return np.asarray(k / np.sqrt(1 - k * k))


def near(kind: str, lags: FloatArray, order: int) -> FloatArray:
    """Return parameters of a matrix near one with these correlations by lag, well inside the range."""
    if kind == "cs":
        least = -1.0 / (order - 1)
        share = np.clip((np.mean(lags, keepdims=True) - least) / (1 - least), 0.02, 0.98)
        return np.asarray(np.log(share / (1 - share)))
    k, a, r = np.zeros(0), np.zeros(0), np.append(1.0, lags[: size(kind, order)])
    for m in range(1, len(r)):
        predicted, left = a @ r[m - 1 : 0 : -1], 1 - a @ r[1:m]
        own = np.clip((r[m] - predicted) / left, -_MOST, _MOST)
        r[m] = predicted + own * left
        a, k = np.append(a - own * a[::-1], own), np.append(k, own)
    return np.asarray(k / np.sqrt(1 - k * k))


def _partial(kind: str, x: FloatArray, order: int) -> tuple[FloatArray, FloatArray]:
    """Return the partial autocorrelations k and sqrt(1 - k^2)."""
    if kind == "cs":
        return _compound(x, order)[1:]
    given, shape = x.shape[-1], (*x.shape[:-1], order - 1)
    k, q = np.zeros(shape, dtype=x.dtype), np.ones(shape, dtype=x.dtype)
    q[..., :given] = 1 / np.sqrt(1 + x * x)
    k[..., :given] = x * q[..., :given]
    return k, q


def _compound(x: FloatArray, order: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the one correlation, above -1 / (order - 1), then k and sqrt(1 - k^2)."""
    m, share = np.arange(order), 1 / (1 + np.exp(-x))
    r = (order * share - 1) / (order - 1)
    sums = (order - 1 - m + m * order * share) / (order - 1)  # 1 + m r
    uncommon = order / (order - 1) / (1 + np.exp(x))  # 1 - r
    before = np.concatenate([uncommon, sums[..., : order - 2]], axis=-1)  # 1 + (m - 1) r
    return r, r / sums[..., :-1], np.sqrt(before * sums[..., 1:]) / sums[..., :-1]
