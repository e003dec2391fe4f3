"""Drawing a replicate's response cross-products without drawing rows: what the core draws from.

y = Z_1 d + C_2 c + sigma e_2, where d_j = b_j + sigma H_j xi_j carries the part of the noise that lies in
the span of Z_1, c = [b_2; beta], and e_2 is orthogonal to Z_1 (`ranef.bootstrap.draws.gram_factor`); what
follows for C'y and y'y is in ``cpp/ranef/refits/draws.hpp``. b_j and H_j xi_j only ever appear as their sum,
so one factor N_j N_j' = sigma^2 (Lambda_1 Lambda_1' + H_j H_j') and r normals a group do for both.
Everything is in the core's internal coordinates; the layout of a coefficient vector is the core's: ``[factor
0: level-major, r_0 numbers a level | factor 1 | ... | X]``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from .gram_factor import GramFactor
from .level_factors import LevelFactors, triangular_factor


@dataclass(frozen=True)
class GramDraw:
    """What the core reads."""

    effects: LevelFactors  # ``N_j`` of the leading factor, ``sigma Lambda_t`` of the others
    mean: np.ndarray  # (q + p,): what the coefficients vary about
    order: np.ndarray  # order, lower: the rest's factor (`RestFactor`) times sigma
    lower: np.ndarray
    sigma: float  # sigma, df: residual sd and n - rank C
    df: float

    def arguments(self) -> tuple[Any, ...]:
        """The arguments of the core's loop, in its order."""
        return (*self.effects.arguments(), self.mean, self.order, self.lower, self.sigma, self.df)


def gram_draw(
    factor: GramFactor,
    levels: Sequence[int],
    lambdas: Sequence[np.ndarray],
    sigma: float,
    mean: np.ndarray,
    nobs: float,
) -> GramDraw:
    """Prepare draws for given parameters.

    levels: levels of every grouping factor, the leading one first.
    lambdas, each (r_t, r_t): Lambda_t of every factor, in internal coordinates; need not be triangular there.
    mean, (q + p,): mean of the coefficients: zeros for the random effects (unless conditioned upon), and
        beta.
    nobs: rows that count (positive weight).
    """
    leading = triangular_factor(np.asarray(lambdas[0], float), factor.leading)
    others = [triangular_factor(np.asarray(block, float)) for block in lambdas[1:]]
    return GramDraw(
        effects=LevelFactors.of(levels, [sigma * block for block in (leading, *others)]),
        mean=np.ascontiguousarray(mean, float),
        order=factor.rest.order,
        lower=sigma * factor.rest.lower,
        sigma=float(sigma),
        df=float(nobs - factor.rank),
    )
