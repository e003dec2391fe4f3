"""Normal priors of the coefficients: what keeps estimates finite under separation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError, quote_list

_EXAMPLE = "prior=2.5, the standard deviation of a normal prior of every coefficient but the intercept"


def checked_prior(prior: Any, nodes: int) -> float | dict[str, float] | None:
    """Return standard deviations: one for all coefficients but the intercept, or by column.

    Raises ArgumentError for what is no positive number, and beside agq=0.
    """
    if prior is None:
        return None
    if nodes == 0:
        raise ArgumentError(
            "prior= goes with agq=1 or more: with agq=0 the coefficients are found with the modes"
        )
    values = prior if isinstance(prior, Mapping) else {"": prior}
    for name, value in values.items():
        number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
        if not number or not 0 < value < np.inf:
            raise ArgumentError(
                f"prior= must be positive, not {value!r}{f' for {name!r}' if name else ''}: {_EXAMPLE}"
            )
    return {str(k): float(v) for k, v in prior.items()} if isinstance(prior, Mapping) else float(prior)


def precisions(prior: float | dict[str, float], names: Sequence[str]) -> FloatArray:
    """Return the precision of each coefficient.

    Raises ArgumentError if a column does not exist.
    """
    if not isinstance(prior, dict):
        return np.array([0.0 if name == "Intercept" else prior**-2.0 for name in names])
    for name in prior:
        if name not in names:
            raise ArgumentError(f"prior= names {name!r}; the columns are {quote_list(names)}")
    return np.array([prior[name] ** -2.0 if name in prior else 0.0 for name in names])


def internal_precision(
    core: Any, cross: Any, names: Sequence[str], prior: float | dict[str, float]
) -> FloatArray:
    """Return the precision matrix in the core's coordinates, (p, p)."""
    kept = cross.columns
    theta, p = np.zeros(core.n_parameters), len(kept)
    k = core.n_theta
    to_internal = np.array(
        [np.asarray(core.to_internal(theta[:k], row, 0.0))[k : k + p] for row in np.eye(p)]
    ).T
    back = np.linalg.inv(to_internal)
    diagonal = precisions(prior, names)[kept]
    return np.ascontiguousarray((back.T * diagonal) @ back).ravel()
