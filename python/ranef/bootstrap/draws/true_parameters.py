"""The parameters that replicates are drawn from: a fit's own, or given ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...arrays import FloatArray
from ...errors import ArgumentError, quote_list
from ...estimates.parameters import ParameterNames
from ...fit import Fit
from ...frame.native import as_it_came


@dataclass(frozen=True, eq=False)
class TrueParameters:
    """What replicates are drawn from."""

    beta: FloatArray  # (rank,): fitted coefficients, user's scale
    theta: FloatArray  # (n_theta,)
    sigma: float
    # the core's answer at theta: internal coordinates, and the conditional modes for `use_u`
    solution: dict[str, Any] = field(repr=False)
    use_u: bool = False  # keep the random effects at their conditional modes
    given: bool = False  # whether any of them is not the fit's own

    @as_it_came
    def series(self, names: ParameterNames) -> pd.Series:
        """The parameters by name."""
        values = names.values(self.beta[None], np.array([self.sigma]), self.theta[None])
        return pd.Series(values[0], list(names.all))


def true_parameters(
    fit: Fit,
    params: Mapping[str, float] | npt.ArrayLike | None = None,
    theta: npt.ArrayLike | None = None,
    sigma: float | None = None,
    use_u: bool = False,
) -> TrueParameters:
    """The fit's parameters, those that are given in their place.

    params: coefficients: by name (those not named stay at their estimates), or all in order.
    theta: (n_theta,).
    use_u: condition on the random effects: their conditional modes at the parameters, as lme4's
        ``use.u=TRUE``.
    Raises ArgumentError: an unknown coefficient, a wrong length, or a number that cannot be.
    """
    model = fit.model
    given = not (params is None and theta is None and sigma is None)
    beta = fit.solution["beta"] if params is None else _coefficients(fit, params)[model.cross.columns]
    at = fit.theta if theta is None else model.checked_theta(theta, "theta=")
    solution = fit.solution if theta is None else model.problem.solve(fit.response, at)
    drawn_sigma = fit.sigma if sigma is None else _positive(sigma)
    return TrueParameters(beta, at, drawn_sigma, solution, bool(use_u), given)


def _coefficients(fit: Fit, params: Any) -> FloatArray:
    names = list(fit.model.design.column_names)
    values = fit.beta.copy()
    if isinstance(params, (Mapping, pd.Series)):
        for name, value in params.items():
            if name not in names:
                raise ArgumentError(f"params= has no coefficient {name!r}; the model has {quote_list(names)}")
            values[names.index(name)] = value
    else:
        given = np.asarray(params, dtype=float)
        if given.shape != values.shape:
            raise ArgumentError(
                f"params= must have {len(names)} entries ({', '.join(names)}), it has shape {given.shape}"
            )
        values = given
    kept = fit.model.cross.columns
    if not np.isfinite(values[kept]).all():
        bad = [names[i] for i in kept if not np.isfinite(values[i])]
        raise ArgumentError(f"params= must be finite; not so for {quote_list(bad)}")
    return values


def _positive(sigma: Any) -> float:
    if isinstance(sigma, bool) or not isinstance(sigma, Real) or not 0 < float(sigma) < np.inf:
        raise ArgumentError(f"sigma= is the residual standard deviation, a positive number; got {sigma!r}")
    return float(sigma)
