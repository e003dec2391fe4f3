"""Means averaged over the population of groups, and what of a linear predictor they are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp
from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...coordinates import term_factors
from ...errors import ArgumentError
from ...frame import Column
from ..families.links import Link
from ..fit import GlmerFit

_NODES = 20


def fixed_part(fit: GlmerFit, X: FloatArray, point: dict[str, Any]) -> FloatArray:
    """Return X beta of rows at a point of the core, (m,): in its coordinates, where no digits cancel."""
    return np.asarray(fit.model.coordinates.fixed(X) @ np.asarray(point["internal"])[fit.model.places.beta])


def variance_over_groups(fit: GlmerFit, bases: Sequence[FloatArray], point: dict[str, Any]) -> FloatArray:
    """Return z'Dz of rows at a point of the core, (m,): their columns of each random term given."""
    out = np.zeros(len(bases[0]))
    for index, (basis, factor) in enumerate(zip(bases, term_factors(fit.model.cross, point), strict=True)):
        out += ((fit.model.coordinates.random(index, basis) @ factor) ** 2).sum(axis=1)
    return out


def marginal_variance(fit: GlmerFit, newdata: Any = None) -> FloatArray:
    """Return z'Dz of each row: the variance of the linear predictor over the population of groups, (m,)."""
    model = fit.model
    if newdata is None:
        bases = [term.basis for term in model.design.terms]
    else:
        bases = [basis for _, basis in model.design.spec.rows(newdata, allow_new_levels=True).terms]
    return variance_over_groups(fit, bases, fit.solution)


def curve_at(fit: GlmerFit, point: dict[str, Any]) -> Link:
    """Return the mean of the response as a function of the linear predictor, at a point of the core."""
    return fit.family.curve(exp(point["psi"])) if fit.family.dispersed else fit.curve


def average_mean(link: Link, eta: FloatArray, variance: FloatArray) -> FloatArray:
    """Return the mean at eta + e averaged over e ~ N(0, variance), (m,)."""
    if link.name == "log":
        return link.inverse(eta + variance / 2)
    if link.name == "probit":
        return link.inverse(eta / np.sqrt(1 + variance))
    nodes, weights = normal_nodes()
    return link.inverse(eta[:, None] + np.sqrt(variance)[:, None] * nodes) @ weights


def normal_nodes() -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights of a mean over a standard normal distribution."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    return nodes, weights / weights.sum()


def random_columns(fit: GlmerFit, columns: Mapping[str, Column], n: int) -> list[FloatArray]:
    """Return the columns of each random term on `n` rows.

    Raises ArgumentError for a random slope whose predictor is not among the columns.
    """
    spec = fit.model.design.spec
    absent = [name for basis in spec.bases for name in basis.columns if name not in columns]
    if absent:
        raise ArgumentError(
            f"averaged=True needs the values of {absent[0]!r}, which has a random slope and no fixed "
            "effect: add it to the fixed part, or use fit.predict(newdata, random=None, averaged=True)"
        )
    found = [basis.rows({name: columns[name] for name in basis.columns}, n) for basis in spec.bases]
    return [found[t.basis][:, t.columns[0] : t.columns[-1] + 1] for t in spec.terms]
