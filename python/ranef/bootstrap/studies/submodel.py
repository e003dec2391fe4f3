"""A model without one of its coefficients, by maximum likelihood, from the model's own cross-products."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace

import numpy as np

from ... import _core
from ...cross_products import CrossProducts, cross_products
from ...fit import Fit
from ...model import Model
from ...optimize import Optimum
from ..draws.gram_factor import GramFactor
from ..draws.truth import Truth
from ..schemes.extend import SizedModel
from .pairs import Pair

__all__ = ["pair_without", "standing"]


@dataclass(frozen=True)
class _Dropped:
    """Responses of the small model: those of the large one less a number."""

    place: int

    def responses(self, draws: np.ndarray) -> np.ndarray:
        """The small design's cross-products from the large one's."""
        return np.delete(draws, self.place, axis=1)


def pair_without(model: Model, position: int, truth: Truth, factor: GramFactor | None) -> Pair:
    """The model without a coefficient and with it, drawn from the latter.

    Parameters
    ----------
    model : Model
    position : int
        Of the coefficient among the kept ones.
    truth : Truth
    factor : GramFactor, optional
        Of the design; None to draw rows.
    """
    large = standing(_by_maximum_likelihood(model), truth.theta)
    constant = np.asarray(model.cross.design.coordinates["constant"])
    if factor is not None and not (len(constant) and constant[position]):
        small = standing(_narrowed(large.model, position), truth.theta)
        return Pair(small, large, large, truth, _Dropped(model.cross.design.q + position), factor)
    # The other columns are shifted by the constant, which goes with this one.
    if isinstance(model, SizedModel):
        model = model.with_rows()
        large = standing(_by_maximum_likelihood(model), truth.theta)
    return Pair(standing(_refitted(large.model, position), truth.theta), large, large, truth)


def standing(model: Model, theta: np.ndarray) -> Fit:
    """A state that stands at theta, not optimised: refits start there."""
    optimum = Optimum(
        theta=theta, value=np.nan, optimizer="none", evaluations=0, certificate_evaluations=0,
        gradient_norm=np.nan, eigenvalues=np.zeros(0), boundary=(), singular=False, converged=True,
        status="ok", model=model,
    )  # fmt: skip
    return Fit(model, np.zeros(0), model.response, optimum)


def _by_maximum_likelihood(model: Model) -> Model:
    other = _copied(model)
    other.reml = False
    other.problem = other._problem()
    return other


def _narrowed(model: Model, position: int) -> Model:
    """The model without a column, from its cross-products; it has no rows of its own."""
    other = _copied(model)
    design, other.response = _core.without_column(model.cross.design, model.response, position)
    other.cross = CrossProducts(None, design, model.cross.factors, np.delete(model.cross.kept, position))
    other.problem = other._problem()
    return other


def _refitted(model: Model, position: int) -> Model:
    """The model without a column, from its rows."""
    other = _copied(model)
    columns = np.delete(model.cross.kept, position)
    constant = model.design.constant
    if constant is not None:
        dropped = np.setdiff1d(np.arange(len(constant)), columns)
        constant = None if constant[dropped].any() else np.ascontiguousarray(constant[columns])
    other.design = replace(
        model.design,
        matrix=model.design.matrix.take(columns),
        column_names=tuple(model.design.column_names[i] for i in columns),
        constant=constant,
    )
    other.cross = cross_products(other.design)
    other.problem = other._problem()
    other.response = other.cross.response(other._without_offset(model.design.response))
    return other


def _copied(model: Model) -> Model:
    other = copy(model)
    other.__dict__.pop("plan", None)
    return other
