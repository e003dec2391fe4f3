"""Separation: a combination of columns that tells success from failure, so that estimates are infinite."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...arrays import FloatArray
from ...coordinates import Orthonormal
from ...show import Printed
from ..fit import GlmerFit

_FLAT = 1e-4  # information along a direction, relative to that of even odds, that counts as none
_ZERO = 1e-5  # share of the largest value of a combination that counts as zero
_MEMBER = 1e-3  # share of the largest entry of a combination that counts as a column of it


@dataclass(frozen=True, eq=False, repr=False)
class Separation(Printed):
    """A combination of columns that separates the response.

    Attributes
    ----------
    columns : tuple of str
        With an entry in the combination.
    direction : (p,) float64
        The combination: along it the likelihood rises for ever.
    complete : bool
        Whether it tells success from failure in every row; else in those where it is not zero.
    """

    columns: tuple[str, ...]
    direction: FloatArray
    complete: bool

    def __str__(self) -> str:
        kind = "complete" if self.complete else "quasi-complete"
        listed = ", ".join(self.columns)
        rows = "" if self.complete else "where it is not zero "
        what = "the column" if len(self.columns) == 1 else "a combination of the columns"
        return (
            f"{kind} separation: {rows}{what} {listed} separates success from failure; the estimates are "
            "infinite, and the values printed are where the search stopped. Leave the column out, merge its "
            "levels, or report that only a bound can be given"
        )


def separation(fit: GlmerFit) -> Separation | None:
    """Look for separation of a binomial or Poisson fit.

    Along a separating direction v of the fixed effects x'v is never negative in rows with successes only,
    never positive
    in rows with failures only, and zero in the others (for counts: never positive in rows of zero, and zero
    elsewhere).
    The candidates are the directions in which the fit has almost no information.

    Returns
    -------
    Separation or None
        None where every estimate is finite.

    References
    ----------
    Albert & Anderson (1984), On the existence of maximum likelihood estimates in logistic regression models,
    Biometrika
    71, 1-10.
    """
    if fit.family.name not in ("binomial", "betabinomial") and fit.family.kind.least is None:
        return None
    kept = fit.model.cross.columns
    if not len(kept):
        return None
    X = fit.model.design.matrix.take(kept).array
    size = np.sqrt((X**2).mean(axis=0))
    orthonormal = Orthonormal(np.asarray(np.linalg.qr(X, mode="r")))
    Q = orthonormal.fixed(X)
    slope = fit.curve.slope(fit.linear_predictor)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        weights = slope**2 / fit.family.variance(fit.location, fit.response.trials, 1.0)
    weights = np.nan_to_num(weights, nan=0.0, posinf=0.0)
    information = (Q * weights[:, None]).T @ Q / max(float(weights.max(initial=0.0)), 0.25)
    values, vectors = np.linalg.eigh(information)
    for value, vector in zip(values, vectors.T, strict=True):
        if value > _FLAT:
            break
        found = _separates(fit, Q @ vector)
        if found is not None:
            sign, complete = found
            direction = sign * orthonormal.coefficients(vector) * size
            members = np.abs(direction) > _MEMBER * np.abs(direction).max()
            names = tuple(fit.model.design.column_names[kept[i]] for i in np.flatnonzero(members))
            return Separation(names, fit.padded(direction / size), complete)
    return None


def _separates(fit: GlmerFit, along: FloatArray) -> tuple[float, bool] | None:
    """Return the sign of a combination that separates, and whether it does so in every row."""
    values = np.where(np.abs(along) <= _ZERO * np.abs(along).max(), 0.0, along)
    least = fit.family.kind.least
    if least is not None:
        low, high = fit.y == least, np.zeros(len(fit.y), dtype=bool)
    else:
        low, high = fit.y == 0, fit.y == 1
    for sign in (1.0, -1.0):
        v = sign * values
        if _signs_hold(v, low, high):
            return sign, bool((v != 0).all())
    return None


def _signs_hold(v: FloatArray, low: npt.NDArray[np.bool_], high: npt.NDArray[np.bool_]) -> bool:
    return bool((v[high] >= 0).all() and (v[low] <= 0).all() and (v[~(low | high)] == 0).all() and v.any())
