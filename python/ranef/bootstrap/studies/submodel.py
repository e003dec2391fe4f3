"""A model without some of its coefficients, by maximum likelihood, from the model's own cross-products."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...fit import Fit
from ...model import Model
from ...optimize import Optimum
from ...variants import with_columns, without_column
from ..draws.gram_factor import GramFactor
from ..draws.true_parameters import TrueParameters
from .pairs import Pair


@dataclass(frozen=True)
class _Dropped:
    """Responses of the small model: those of the large one less a number."""

    places: np.ndarray

    def responses(self, draws: np.ndarray) -> np.ndarray:
        """The small design's cross-products from the large one's."""
        return np.delete(draws, self.places, axis=1)


def pair_without(
    model: Model, positions: np.ndarray, truth: TrueParameters, factor: GramFactor | None
) -> Pair:
    """The model without coefficients and with them, drawn from the latter.

    positions: of the coefficients among the kept ones.
    factor: of the design; None to draw rows.
    """
    large = standing(model.variant(reml=False), truth.theta)
    constant = np.asarray(model.cross.design.coordinates["constant"])
    if factor is not None and not (len(constant) and constant[positions].any()):
        smaller = large.model
        for position in sorted(positions.tolist(), reverse=True):
            smaller = without_column(smaller, position)
        small = standing(smaller, truth.theta)
        return Pair(small, large, large, truth, _Dropped(model.cross.design.q + positions), factor)
    # The other columns are shifted by the constant, which goes with these.
    model = model.with_all_rows()
    large = standing(model.variant(reml=False), truth.theta)
    smaller = with_columns(large.model, np.delete(model.cross.columns, positions).tolist())
    return Pair(standing(smaller, truth.theta), large, large, truth)


def standing(model: Model, theta: np.ndarray) -> Fit:
    """A state that stands at theta, not optimised: refits start there."""
    optimum = Optimum(
        theta=theta, value=np.nan, optimizer="none", evaluations=0, certificate_evaluations=0,
        gradient_norm=np.nan, eigenvalues=np.zeros(0), boundary=(), singular=False, converged=True,
        status="ok", model=model,
    )  # fmt: skip
    return Fit(model, np.zeros(0), model.response, optimum)
