"""Standard errors that depend on a standard deviation of residuals that has no estimate have none either.

A coefficient of rows that the fixed effects fit exactly varies with the standard deviation of these rows,
which no response can tell about. Which contrasts do is seen from the covariance matrix at another value of
it: all else is the same there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial, wraps
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..inference.testing import FStatistic, Method
from ..verbs import kept

_ANOTHER = 1.0  # log standard deviation beside the one at which what has no estimate stands
_SAME = 1e-6  # change of a covariance, as a share of the standard deviations, that is rounding

Methods = dict[str, Callable[[Any], Method]]


class KnownErrors:
    """A method of testing that gives NaN where a variance depends on what has no estimate.

    covariance, change, (p, p): of the coefficients by the model, and how it differs at another value of what
        has no estimate.
    """

    def __init__(self, method: Method, covariance: FloatArray, change: FloatArray) -> None:
        self._method, self._known, self._change = method, covariance, change

    def _depends(self, contrasts: FloatArray) -> npt.NDArray[np.bool_]:
        """Return which covariances of contrasts depend on it, (m, m)."""
        change = contrasts @ self._change @ contrasts.T
        variances = np.einsum("mi,ij,mj->m", contrasts, self._known, contrasts) + np.abs(change.diagonal())
        size = np.sqrt(np.maximum(variances, 0.0))
        return np.asarray(np.abs(change) > _SAME * np.outer(size, size))

    @property
    def covariance(self) -> FloatArray:
        """(p, p), NaN where it depends on what has no estimate."""
        found = self._method.covariance
        return np.where(self._depends(np.eye(len(found))), np.nan, found)

    def between(self, contrasts: FloatArray) -> FloatArray:
        """Return the covariance matrix of contrasts, (m, m)."""
        return np.where(self._depends(contrasts), np.nan, self._method.between(contrasts))

    def variances(self, contrasts: FloatArray) -> FloatArray:
        """Return the variance of each contrast, (m,)."""
        return np.where(self._depends(contrasts).diagonal(), np.nan, self._method.variances(contrasts))

    def df(self, contrast: FloatArray) -> float:
        """Return the degrees of freedom of one contrast, (p,)."""
        return float("nan") if self._depends(contrast[None, :])[0, 0] else self._method.df(contrast)

    def df_of(self, contrasts: FloatArray) -> FloatArray:
        """Return the degrees of freedom of each contrast, (m,); NaN where it has one."""
        return np.where(self._depends(contrasts).diagonal(), np.nan, self._method.df_of(contrasts))

    def f_statistic(self, contrasts: FloatArray, difference: FloatArray) -> FStatistic:
        """Test contrasts (m, p) jointly."""
        found = self._method.f_statistic(contrasts, difference)
        if not self._depends(contrasts).any():
            return found
        return FStatistic(np.nan, found.num_df, np.nan, np.nan)


def known_errors(fit: Any, methods: Methods) -> Methods:
    """Return a fit's methods of testing, which know what depends on what has no estimate."""
    if not depends_on_unknown(fit):
        return methods
    change = another(fit).solution["vcov"] - fit.solution["vcov"]
    return {name: partial(_known, method=method, change=change) for name, method in methods.items()}


@kept
def another(fit: Any) -> Any:
    """Return the fit at another value of what has no estimate, covariances of random effects as they are."""
    along = fit.outer.flat.alone.sum(axis=1) * np.append(fit.outer.flat.unit, 1.0)
    along *= _ANOTHER / np.abs(along).max()
    phi, log_sigma = fit.outer.phi + along[:-1], along[-1]
    outer = replace(fit.outer, phi=phi, flat=None)
    if not getattr(fit.model.design, "terms", ()):
        return replace(fit, outer=outer)
    model = fit.model.at(phi)
    optimum = replace(fit.optimum, theta=fit.theta * np.exp(-log_sigma), model=model)
    return replace(fit, model=model, response=model.response, optimum=optimum, outer=outer)


def with_known_errors(answer: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Have a function of a fit give NaN in what of a table depends on what has no estimate."""

    @wraps(answer)
    def known(fit: Any, asked: Any) -> Any:
        found = answer(fit, asked)
        if not depends_on_unknown(fit) or not isinstance(found, pd.DataFrame):
            return found
        same = np.isclose(found, answer(another(fit), asked), rtol=_SAME, atol=0.0, equal_nan=True)
        return found.where(same)

    return known


def depends_on_unknown(fit: Any) -> bool:
    """Whether the residuals have a standard deviation without an estimate that nothing else makes up for."""
    return fit.outer.flat is not None and fit.outer.flat.alone.size > 0


def known_covariance(fit: Any) -> FloatArray:
    """Return the covariance of the coefficients, NaN where it depends on what has no estimate."""
    found: FloatArray = fit.solution["vcov"]
    if not depends_on_unknown(fit):
        return found
    return np.asarray(fit.test_methods["normal"](fit).covariance)


def _known(fit: Any, method: Callable[[Any], Method], change: FloatArray) -> Method:
    return KnownErrors(method(fit), fit.solution["vcov"], change)
