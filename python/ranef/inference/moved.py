"""Degrees of freedom of a variance that depends on all parameters of variances, by differences.

As of a contrast: with v the variance and A the covariance of the parameters, df = 2 v^2 / (g'A g). The slopes
g are differences between fits at parameters nearby, in steps of the parameters' standard errors.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray

_STEP = 1e-4  # of a standard error


@dataclass(frozen=True, eq=False)
class Moved:
    """How a fit is moved along the parameters of its variances.

    point, (k,): the parameters.
    spread, (k, k): their covariance; with sigma (k + 1, k + 1), log sigma the last.
    at: parameters -> the fit there, not searched again.
    """

    point: FloatArray
    spread: FloatArray
    at: Callable[[FloatArray], Any]


def df_of_variance(fit: Any, variance: FloatArray, total: Callable[[Any], FloatArray]) -> FloatArray:
    """Return the degrees of freedom of variances, (m,), which are `total` of the fit."""
    moved: Moved = fit.moved()
    k, with_sigma = moved.point.size, len(moved.spread) > moved.point.size
    slopes = np.zeros((len(moved.spread), variance.size))
    errors = np.sqrt(np.diag(moved.spread)[:k])
    for i, step in enumerate(_STEP * np.minimum(errors, 1.0)):  # on scales without bounds one is far
        if step > 0:
            ends = [moved.at(moved.point + side * step * np.eye(k)[i]) for side in (1, -1)]
            near, far = (total(end) * ((fit.sigma / end.sigma) ** 2 if with_sigma else 1.0) for end in ends)
            slopes[i] = (near - far) / (2 * step)
    if with_sigma:
        slopes[k] = 2 * variance
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 * variance**2 / np.einsum("km,kl,lm->m", slopes, moved.spread, slopes))
