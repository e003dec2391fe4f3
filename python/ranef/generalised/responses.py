"""The response of a generalised model: what was given becomes sums of the family, or an error naming rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from .. import _core
from ..arrays import FloatArray
from ..errors import DataError
from .families import Family

_LARGEST = 1e40  # of a response's absolute values, and the inverse of the smallest such size
_WHOLE = 1e-6  # how far from a whole number a count may be: proportions times trials are rounded
_SHOWN = 5

Original = Callable[[int], int]
"""Position in the data of a used row."""


@dataclass(frozen=True, eq=False)
class Response:
    """A response of the family, row by row; the core sums it by cells (``cpp/ranef/families/kept.hpp``).

    Everything a cell keeps is a sum of a function of each row's response (of y, log y, 1 / y, log(1 - y)), as
    is the part of the log-likelihood that depends on the data alone: another response of the same rows is
    added up by the rows' addresses, in one pass. Where the log-likelihood has no such sums (negative
    binomial, beta-binomial) a cell is split by its different responses.
    """

    y: FloatArray = field(repr=False)  # (n,): on the scale of the mean: a proportion where there are trials
    trials: FloatArray = field(repr=False)  # (n,): trials of each row; ones where the family has none
    # (n,): prior weights, which multiply a row's log-likelihood; None where they are trials or absent
    weights: FloatArray | None = field(repr=False)
    single: bool = True  # whether every row has one trial
    # tuple of three (n,) float64: count and sums of each row, which is a cell of rows that are not there;
    # then `constant` is the part of the log-likelihood that depends on those rows alone
    kept: tuple[FloatArray, FloatArray, FloatArray] | None = field(default=None, repr=False)
    constant: float = 0.0

    def sums_by_row(self, family: Family) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return count, first and second sum of each row as the family takes them."""
        if self.kept is not None:
            return self.kept
        count, first, second, _ = _core.kept_rows(family.name, *self.arrays)
        return count, first, second

    def given_to(self, core: Any) -> Any:
        """Return the core's model with this response in place of its own."""
        if self.kept is not None:
            return core.with_sums(*self.kept, self.constant)
        return core.with_response(*self.arrays)

    @property
    def arrays(self) -> tuple[FloatArray, FloatArray | None, FloatArray | None]:
        """Response, trials and weights for the core; None for arrays of ones."""
        return self.y, None if self.single else self.trials, self.weights


def make_response(
    family: Family,
    y: FloatArray,
    trials: FloatArray | None,
    weights: FloatArray | None,
    name: str,
    original: Original,
) -> Response:
    """Check a response.

    y, (n,): successes where there are trials; else the response.
    trials, (n,): None for a family without trials.
    weights, (n,): prior weights of a family without trials.
    name: the response, for messages.
    original: from a used row to its position in the data.
    Raises DataError for values the family cannot have; the message names the first rows.
    """
    if family.kind.trials:
        assert trials is not None
        return _successes(family, y, trials, name, original)
    values = _values(family, y, weights, name, original)
    return Response(values, np.ones_like(values), weights)


def _successes(
    family: Family, successes: FloatArray, trials: FloatArray, name: str, original: Original
) -> Response:
    _refuse(~(trials > 0), trials, f"the trials of '{name}' must be one or more", original, "drop such rows")
    _refuse_fractions(trials, f"the trials of '{name}'", original)
    _refuse_fractions(successes, f"the successes of '{name}'", original)
    trials, successes = np.round(trials), np.round(successes)
    single = bool(trials.max() <= 1)
    outside = (successes < 0) | (successes > trials)
    _refuse(outside, successes, f"the successes of '{name}' must lie between 0 and the trials", original)
    return Response(successes / trials, trials, None, single)


def _values(
    family: Family, y: FloatArray, weights: FloatArray | None, name: str, original: Original
) -> FloatArray:
    of = f"the response '{name}' of {family.kind.model}"
    if family.kind.least is not None:
        _refuse(y < 0, y, f"{of} must not be negative", original)
        _refuse(
            y < family.kind.least,
            y,
            f"{of} must be one or more",
            original,
            f"a hurdle model has two parts: a binomial one of {name} > 0, and this of the rows where it is",
        )
        _refuse_fractions(y, of, original)
        return np.round(y)
    if family.name == "beta":
        edge = (y <= 0) | (y >= 1)
        _refuse(
            edge,
            y,
            f"{of} must lie strictly between 0 and 1",
            original,
            "counts out of trials are binomial or betabinomial",
        )
    elif family.name == "gaussian":
        _require_positive_mean(family, y, weights, name, original)
    else:
        _refuse(y <= 0, y, f"{of} must be positive", original)
    size = float(np.abs(y).max(initial=0.0))
    if size > _LARGEST or 0 < size < 1 / _LARGEST:
        raise DataError(
            f"the response '{name}' has values of the size of {size:.1g}, and a double cannot hold the "
            "fourth powers of such means: give it in another unit"
        )
    return y


def _require_positive_mean(
    family: Family, y: FloatArray, weights: FloatArray | None, name: str, original: Original
) -> None:
    w = np.ones_like(y) if weights is None else weights
    if family.link.name == "log" and float(w @ y) <= 0:
        raise DataError(
            f"the mean of the response '{name}' is {float(w @ y) / w.sum():g}: a Gaussian model with the "
            "log link has positive means, use link='identity' or ranef.lmer()"
        )
    if family.link.name != "identity" and y.max() <= 0:
        _refuse(
            y <= 0, y, f"a Gaussian model with the {family.link.name} link needs a positive mean", original
        )


def first_predictor(family: Family, count: FloatArray, first: FloatArray, second: FloatArray) -> FloatArray:
    """Return a first linear predictor: the link of what cells keep, away from the ends of its range."""
    name, forward = family.name, family.link.forward
    if name == "binomial":
        return forward((first + 0.5) / (count + 1))
    if name == "betabinomial":
        return forward((first + 0.5) / (second + 1))
    if name == "poisson":
        return forward(first / count + 0.5)
    if family.kind.truncated:
        mean = first / count if name == "truncated_poisson" else first
        return forward(np.maximum(mean - 0.5, 0.5))
    if name in ("nbinom1", "nbinom2"):
        return forward(first + 0.5)
    if name == "beta":
        return forward(expit((first - second) / count))
    if name == "gaussian":
        return forward(first if family.link.name == "identity" else np.maximum(first, 0.05 * first.max()))
    return forward(first / count)


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
