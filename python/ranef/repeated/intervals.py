"""Likelihood intervals of the parameters of a covariance over visits.

The ends of the profile interval of a function g of theta are its extremes where the criterion has risen by
no more than the quantile of a chi-square: found at once, in coordinates in which the criterion is about a
sphere.

References
----------
Venzon & Moolgavkar (1988), A method for computing profile-likelihood-based confidence intervals, Journal of
the Royal Statistical Society C 37, 87-94.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.optimize import minimize
from scipy.special import chdtri

from ..arrays import FloatArray
from ..errors import FitError, level_by_keyword, require_level
from ..frame.native import in_pandas

if TYPE_CHECKING:
    from .fit import VisitFit

_TOLERANCE = 1e-9  # of a parameter, in units of about a standard error
_OFF = 1e-3  # of the rise: an end that misses it is none
_FAR = 1e3

Function = Callable[[Any], tuple[float, FloatArray]]


@level_by_keyword
def residual_intervals(fit: VisitFit, *, level: float = 0.95) -> pd.DataFrame:
    """Return likelihood intervals of the parameters of the covariance over visits.

    An end is where the criterion, minimised over all other parameters, has risen by the quantile of a
    chi-square with one degree of freedom.

    Parameters
    ----------
    fit : VisitFit
    level : float
        Coverage.

    Returns
    -------
    DataFrame
        ``estimate``, ``lower``, ``upper`` by parameter, as in ``fit.residual.parameters`` (with the arm in
        brackets where each has its own); NaN where no end was found. A parameter that no response can tell
        about has no estimate, and anything it can be for an interval.

    Raises
    ------
    FitError
        The fit has no minimum inside.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm * visit + ar1(visit | id)", ranef.datasets.load("asthma"))
    >>> fit.residual_intervals().round(2)
                 estimate  lower  upper
    parameter
    sd               9.54   8.87  10.34
    correlation      0.74   0.70   0.79
    """
    require_level(level)
    if not fit.converged or fit.singular:
        raise FitError(
            "the parameters of the covariance over visits have no intervals: the fit did not end at a "
            "minimum in the interior; a simpler structure may"
        )
    rise = float(chdtri(1, 1 - level))
    estimates = in_pandas(fit.further_parameters)()
    table = pd.DataFrame({"estimate": estimates, "lower": np.nan, "upper": np.nan})
    table.index.name = "parameter"
    for k, (name, value) in enumerate(estimates.items()):
        if np.isnan(value):
            table.loc[name, ["lower", "upper"]] = _range(str(name))
            continue
        parameter = _parameter(fit, k)
        ends = [_end(fit, parameter, sign, rise) for sign in (-1, 1)]
        table.loc[name, ["lower", "upper"]] = sorted(ends)
    return table


def _range(name: str) -> tuple[float, float]:
    """Return all that a parameter can be which has no estimate."""
    if name.startswith("corr"):
        return -1.0, 1.0
    return (-np.inf if name.startswith("cov") else 0.0), np.inf


def _parameter(fit: VisitFit, k: int) -> Function:
    """Return the k-th parameter, with its gradient in theta, at a point of the core."""
    if fit.structure != "us":
        return lambda point: (float(point.natural[k, 0]), point.natural[k, 1] * np.eye(len(fit.theta))[k])
    own = len(fit.theta) // len(fit.model.visits.arms)
    arm, element = divmod(k, own)

    def covariance(point: Any) -> tuple[float, FloatArray]:
        slope = np.zeros(len(fit.theta))
        slope[arm * own : (arm + 1) * own] = point.jacobian[arm][element]
        columns, rows = np.triu_indices(len(fit.model.visits.labels))
        return float(point.sigma[arm][rows[element], columns[element]]), slope

    return covariance


def _end(fit: VisitFit, parameter: Function, sign: int, rise: float) -> float:
    """Return an extreme of a parameter where the criterion has risen, NaN where none was found."""
    problem, root = fit.model.measures(fit.structure), fit.curvature.curved  # theta = estimate + root z
    known: dict[bytes, Any] = {}  # the last point

    def at(z: FloatArray) -> Any:
        if z.tobytes() not in known:
            known.clear()
            try:
                known[z.tobytes()] = problem.at(fit.theta + root @ z)
            except RuntimeError:  # no positive definite matrix there: far outside
                known[z.tobytes()] = None
        return known[z.tobytes()]

    value, slope = parameter(fit.point)
    along = sign * root.T @ slope
    unit = float(np.linalg.norm(along))

    def goal(z: FloatArray) -> tuple[float, FloatArray]:
        point = at(z)
        if point is None:
            return _FAR, np.zeros_like(z)
        found, gradient = parameter(point)
        return -sign * (found - value) / unit, -sign * root.T @ gradient / unit

    def inside(z: FloatArray) -> float:
        point = at(z)
        return -_FAR if point is None else rise - (point.value - fit.objective)

    def inside_slope(z: FloatArray) -> FloatArray:
        point = at(z)
        return -2 * z if point is None else -root.T @ point.gradient

    found = minimize(
        goal,
        along / unit * np.sqrt(rise),
        jac=True,
        method="SLSQP",
        constraints={"type": "ineq", "fun": inside, "jac": inside_slope},
        options={"ftol": _TOLERANCE, "maxiter": 200},
    )
    if not abs(inside(found.x)) < _OFF:
        return float("nan")
    return parameter(at(found.x))[0]
