"""The response of a generalised model: what was given becomes sums of the family, or an error naming rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.special import betaln, gammaln

from ..arrays import FloatArray
from ..errors import DataError
from .families import Family

_WHOLE = 1e-6  # how far from a whole number a count may be: proportions times trials are rounded
_SHOWN = 5

Original = Callable[[int], int]
"""Position in the data of a used row."""


@dataclass(frozen=True, eq=False)
class Response:
    """A response as the family sums it; see the table in ``cpp/ranef/families/family.hpp``.

    Attributes
    ----------
    y : (n,) float64
        On the scale of the mean: a proportion where there are trials.
    trials : (n,) float64
        Trials of each row; ones where the family has none.
    weights : (n,) float64 or None
        Prior weights, which multiply a row's log-likelihood; None where they are trials or absent.
    count, first : (n,) float64
    second : (n,) float64 or None
    start : (n,) float64
        A first linear predictor.
    constant : float
        The part of the log-likelihood that depends on the data alone.
    """

    y: FloatArray = field(repr=False)
    trials: FloatArray = field(repr=False)
    weights: FloatArray | None = field(repr=False)
    count: FloatArray = field(repr=False)
    first: FloatArray = field(repr=False)
    second: FloatArray | None = field(repr=False)
    start: FloatArray = field(repr=False)
    constant: float


def make_response(
    family: Family,
    y: FloatArray,
    trials: FloatArray | None,
    weights: FloatArray | None,
    name: str,
    original: Original,
) -> Response:
    """Check a response and sum it row by row.

    Parameters
    ----------
    family : Family
    y : (n,) float64
        Successes where there are trials; else the response.
    trials : (n,) float64 or None
        None for a family without trials.
    weights : (n,) float64 or None
        Prior weights of a family without trials.
    name : str
        The response, for messages.
    original : callable
        From a used row to its position in the data.

    Raises
    ------
    DataError
        For values the family cannot have; the message names the first rows.
    """
    if family.kind.trials:
        assert trials is not None
        return _successes(family, y, trials, name, original)
    return _values(family, y, weights, name, original)


def _successes(
    family: Family, successes: FloatArray, trials: FloatArray, name: str, original: Original
) -> Response:
    _refuse(~(trials > 0), trials, f"the trials of '{name}' must be one or more", original, "drop such rows")
    _refuse_fractions(trials, f"the trials of '{name}'", original)
    _refuse_fractions(successes, f"the successes of '{name}'", original)
    trials, successes = np.round(trials), np.round(successes)
    outside = (successes < 0) | (successes > trials)
    _refuse(outside, successes, f"the successes of '{name}' must lie between 0 and the trials", original)
    several = trials > 1  # of one trial the binomial coefficient is one
    m, k = trials[several], successes[several]
    choose = -np.log1p(m) - betaln(m - k + 1, k + 1)
    start = family.link.forward((successes + 0.5) / (trials + 1))
    y, one = successes / trials, np.ones_like(trials)
    if family.name == "binomial":
        return Response(y, trials, None, trials, successes, None, start, float(choose.sum()))
    return Response(y, trials, None, one, successes, trials, start, float(choose.sum()))


def _values(
    family: Family, y: FloatArray, weights: FloatArray | None, name: str, original: Original
) -> Response:
    one = np.ones_like(y)
    w = one if weights is None else weights
    label = family.kind.label
    if family.name in ("poisson", "nbinom1", "nbinom2"):
        _refuse(y < 0, y, f"the response '{name}' of a {label} model must not be negative", original)
        _refuse_fractions(y, f"the response '{name}' of a {label} model", original)
        y = np.round(y)
        constant = -float(w @ gammaln(y + 1))
        first = w * y if family.name == "poisson" else y
        return Response(y, one, weights, w, first, None, family.link.forward(y + 0.5), constant)
    if family.name == "beta":
        edge = (y <= 0) | (y >= 1)
        _refuse(
            edge,
            y,
            f"the response '{name}' of a beta model must lie strictly between 0 and 1",
            original,
            "counts out of trials are binomial or betabinomial",
        )
        return Response(y, one, weights, w, w * np.log(y), w * np.log1p(-y), family.link.forward(y), 0.0)
    if family.name == "gaussian":
        return _gaussian(family, y, weights, w, name, original)
    _refuse(y <= 0, y, f"the response '{name}' of a {label} model must be positive", original)
    if family.name == "gamma":
        return Response(y, one, weights, w, w * y, w * np.log(y), family.link.forward(y), 0.0)
    constant = -0.5 * float(w @ np.log(2 * np.pi * y**3))
    return Response(y, one, weights, w, w * y, w / y, family.link.forward(y), constant)


def _gaussian(
    family: Family, y: FloatArray, weights: FloatArray | None, w: FloatArray, name: str, original: Original
) -> Response:
    start = y
    if family.link.name == "log" and float(w @ y) <= 0:
        raise DataError(
            f"the mean of the response '{name}' is {float(w @ y) / w.sum():g}: a Gaussian model with the "
            "log link has positive means, use link='identity' or ranef.lmer()"
        )
    if family.link.name != "identity":
        high = y.max()
        if high <= 0:
            _refuse(
                y <= 0,
                y,
                f"a Gaussian model with the {family.link.name} link needs a positive mean",
                original,
            )
        start = family.link.forward(np.maximum(y, 0.05 * high))
    constant = -0.5 * float(w.sum() * np.log(2 * np.pi))
    return Response(y, np.ones_like(y), weights, w, y, None, start, constant)


def _refuse_fractions(values: FloatArray, what: str, original: Original) -> None:
    whole = np.round(values)
    if not np.array_equal(values, whole):
        _refuse(np.abs(values - whole) > _WHOLE, values, f"{what} must be whole numbers", original)


def _refuse(
    bad: npt.NDArray[np.bool_], values: FloatArray, rule: str, original: Original, remedy: str = ""
) -> None:
    rows = np.flatnonzero(bad)
    if not rows.size:
        return
    listed = ", ".join(f"{values[row]:g} in row {original(row)}" for row in rows[:_SHOWN])
    more = f" and {rows.size - _SHOWN} more" if rows.size > _SHOWN else ""
    advice = f"; {remedy}" if remedy else ""
    raise DataError(f"{rule}; it is {listed}{more} (rows count from 0){advice}")
