"""How to optimise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Settings:
    """How to optimise."""

    optimizer: str = "newton"  # ``"newton"`` or one of `others.OPTIMIZERS`
    # (n_theta,): where to start, in lme4's order; by default from moments of the data
    start: npt.NDArray[np.float64] | None = None
    max_evaluations: int | None = None  # by default 200 for Newton, 1,000 per parameter for the others
    tolerance: float = 1e-14  # stop when the criterion is expected to fall by less than this


DEFAULT = Settings()
