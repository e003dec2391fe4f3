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
from ..inference.testing import Method, PartlyKnown
from ..verbs import kept

_ANOTHER = 1.0  # log standard deviation beside the one at which what has no estimate stands
_SAME = 1e-6  # change of a covariance, as a share of the standard deviations, that is rounding

Methods = dict[str, Callable[[Any], Method]]


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
    if not fit.by_groups:
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
    return PartlyKnown(method(fit), partial(_depending, fit.solution["vcov"], change))


def _depending(covariance: FloatArray, change: FloatArray, contrasts: FloatArray) -> npt.NDArray[np.bool_]:
    """Return which covariances of contrasts depend on what has no estimate, (m, m).

    change: how the covariance of the coefficients differs at another value of it.
    """
    moved = contrasts @ change @ contrasts.T
    variances = np.einsum("mi,ij,mj->m", contrasts, covariance, contrasts) + np.abs(moved.diagonal())
    size = np.sqrt(np.maximum(variances, 0.0))
    return np.asarray(np.abs(moved) > _SAME * np.outer(size, size))
