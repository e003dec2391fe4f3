"""Refuse columns whose differences doubles cannot hold: answers would be those of other data, silently."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from . import _core
from .arrays import FloatArray
from .coordinates import Coordinates
from .cross_products import CrossProducts, require_squares
from .design import Design
from .errors import DataError

_FAR = 1e8  # of the spread: origins nearer than this cost no digit that counts
_STEPS = 1e6  # distances of neighbouring doubles that the values of a column must span
_RESPONSE_STEPS = 1e3  # and those of the response: its mean is subtracted exactly, its last digits are noise
_FAR_PRODUCTS = 1e3  # where products with other columns begin to be near multiples of these
_LEAST_SHARE = 2e-5  # of a column, what is its own: squared, of 1e-16 it leaves six digits
_DEPENDENT = 1e-13  # what rounding leaves of a column that is a combination of others
_WHOLE = 2.0**53  # whole numbers below are what they say


def require_digits(design: Design, cross: CrossProducts, response: Any) -> None:
    """Raise where rows in memory have columns that doubles cannot tell apart.

    Raises DataError naming the column and the digits it has.
    """
    near = cross.design.farthest < _FAR_PRODUCTS and abs(response.shift) < _FAR_PRODUCTS * response.scale
    if near or design.moments is not None:  # near zero, as nearly always
        return
    coordinates = Coordinates.of(cross, design.terms)
    _require_steps(design, coordinates, response)
    _require_origins(design, coordinates, cross)


def _require_steps(design: Design, coordinates: Coordinates, response: Any) -> None:
    """Raise where the values of a column differ in their last digits only, and rounding made these."""
    for name, column, least in _far(design, coordinates, response):
        values = np.asarray(column, dtype=np.float64)
        largest, spread = float(np.abs(values).max()), float(np.ptp(values))
        steps = spread / float(np.spacing(largest))
        if steps == 0 or steps >= least:
            continue
        if largest < _WHOLE and not np.any(values % 1):
            continue
        raise _too_few(name, float(values[0]), spread, largest)


def require_range(name: str, low: float, high: float, response: bool = False) -> None:
    """Raise where rows that are not kept have a column between `low` and `high`, with too few digits.

    Or with squares that a double cannot hold. Raises DataError naming the column.
    """
    largest, spread = max(abs(low), abs(high)), high - low
    require_squares(spread, name if response else f"the column '{name}'")
    whole = largest < _WHOLE and not low % 1 and not high % 1
    least = _RESPONSE_STEPS if response else _STEPS
    if spread > 0 and largest > _FAR * spread and not whole and spread < least * np.spacing(largest):
        raise _too_few(name, low, spread, largest)


def _too_few(name: str, value: float, spread: float, largest: float) -> DataError:
    steps = spread / float(np.spacing(largest))
    return DataError(
        f"'{name}' has {max(np.log10(steps), 0):.1f} digits: its values differ by {spread:.3g} around "
        f"{value:.6g}, where neighbouring doubles are {np.spacing(largest):.2g} apart. Subtract an "
        "origin before the numbers are rounded to doubles, such as the first time stamp as an integer"
    )


def _far(design: Design, coordinates: Coordinates, response: Any) -> Iterator[tuple[str, FloatArray, float]]:
    """Yield name, values and least steps of the columns that are far from zero."""
    if abs(response.shift) > _FAR * response.scale:
        yield "the response", design.response, _RESPONSE_STEPS
    kept = coordinates.kept
    for place in np.flatnonzero(np.abs(coordinates.shift) > _FAR * coordinates.scale):
        column = int(kept[place])
        yield design.column_names[column], design.matrix.take([column]).array[:, 0], _STEPS
    for term, (shift, scale, _) in zip(design.terms, coordinates.terms, strict=True):
        for place in np.flatnonzero(np.abs(shift) > _FAR * scale):
            yield term.columns[place], term.matrix.take([int(place)]).array[:, 0], _STEPS


def _require_origins(design: Design, coordinates: Coordinates, cross: Any) -> None:
    """Raise where products of a column far from zero are told apart from its factors by too few digits.

    ``x:f`` is nearly a multiple of ``f`` when x is far from zero: sums of squares keep half of the digits
    that tell them apart, and a column that seems dependent would be left out.
    """
    ratio = np.abs(coordinates.shift) / coordinates.scale
    if not ratio.size or ratio.max() < _FAR_PRODUCTS:
        return
    names, kept = design.column_names, coordinates.kept
    factor = coordinates.fixed(_core.fixed_factor(cross.design))
    own = np.abs(np.diag(factor)) / np.linalg.norm(factor, axis=0)
    shares = {names[int(column)]: float(share) for column, share in zip(kept, own, strict=True)}
    dropped = np.setdiff1d(np.arange(len(names)), kept)
    if dropped.size:
        X = design.X / np.linalg.norm(design.X, axis=0)
        Q = np.linalg.qr(X[:, kept])[0]
        rest = X[:, dropped] - Q @ (Q.T @ X[:, dropped])
        rest -= Q @ (Q.T @ rest)
        left = np.linalg.norm(rest, axis=0)
        shares |= {names[c]: float(v) for c, v in zip(dropped, left, strict=True) if v > _DEPENDENT}
    name, share = min(shares.items(), key=lambda item: item[1])
    if share < _LEAST_SHARE:
        far = names[int(kept[int(np.argmax(ratio))])]
        raise DataError(
            f"'{name}' differs from a combination of other columns by {share:.1g} of its size, because "
            f"'{far}' is far from zero (its spread is {1 / ratio.max():.1g} of its mean): "
            f"{max(16 + 2 * np.log10(share), 0):.0f} digits are left of 16. Subtract an origin from "
            f"it, or write center({far}) in the formula"
        )
