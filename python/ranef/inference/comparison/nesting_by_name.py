"""Whether models whose rows were read in batches belong together: by names and moments, for want of rows."""

from __future__ import annotations

import numpy as np

from ...arrays import FloatArray
from ...design.structure import Key, column_keys
from ...design.types import FixedMoments
from ...fit import Fit
from ...model import Model

_SAME = 1e-9  # relative: moments depend on how rows were batched, in the last digits


def fixed_names_in(small: Model, large: Model) -> bool:
    """Whether every kept column of X of one model is one of the other's."""
    one, other = ({fixed_keys(model)[k] for k in model.cross.columns} for model in (small, large))
    return one <= other


def fixed_keys(model: Model) -> list[Key]:
    """Return what each column of X is, however its name is spelt."""
    spec = model.design.spec.fixed
    by_name = dict(zip(spec.names, column_keys(spec), strict=True))
    return [by_name[name] for name in model.design.column_names]


def _random_keys(model: Model) -> dict[str, Key]:
    """Return what the columns of the formula's random terms are, by name."""
    specs = model.design.spec.bases
    return {name: key for spec in specs for name, key in zip(spec.names, column_keys(spec), strict=True)}


def variances_in(small: Model, large: Model) -> FloatArray | None:
    """Return which variance or covariance of one model is which of the other's, (k_large, k_small).

    None when one of them has no counterpart of the same group and the same columns.
    """
    places = {place: k for k, place in enumerate(_variances(large))}
    wanted = _variances(small)
    if any(place not in places for place in wanted):
        return None
    out = np.zeros((large.n_theta, small.n_theta))
    for k, place in enumerate(wanted):
        out[places[place], k] = 1.0
    return out


def _variances(model: Model) -> list[tuple[str, frozenset[Key]]]:
    """Return group and two columns of every variance and covariance, in the order of theta."""
    keys = _random_keys(model)
    constant: Key = (frozenset(), 1.0)  # in place of dummies in a reduced term: no column of the formula
    return [
        (term.group, frozenset((keys.get(column, constant), keys.get(row, constant))))
        for term in model.design.terms
        for i, column in enumerate(term.columns)
        for row in term.columns[i:]
    ]


def same_moments(one: Fit, other: Fit) -> list[tuple[str, bool]]:
    """Return whether responses, weights and offsets are the same as far as their moments tell."""
    first, second = (_moments(fit) for fit in (one, other))
    return [
        ("responses", _close(first.response, second.response)),
        ("weights", _close(first.inverse_weight, second.inverse_weight)),
        ("offsets", _close(first.offset, second.offset)),
    ]


def _close(one: FloatArray | float, other: FloatArray | float) -> bool:
    return bool(np.allclose(one, other, rtol=_SAME, atol=_SAME * float(np.max(np.abs(one)))))


def _moments(fit: Fit) -> FixedMoments:
    """Return the moments that were kept, or those of rows in memory."""
    design = fit.model.design
    if design.moments is not None:
        return design.moments
    offset = np.zeros(1) if design.offset is None else design.offset
    y = fit.y - offset
    own = np.array([y.mean(), y.var(), y.min(), y.max()])
    inverse = 1.0 if design.weights is None else float(np.mean(1 / design.weights))
    return FixedMoments(np.zeros(0), np.zeros((0, 0)), inverse, float(offset.mean()), own)
