"""How to optimise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Settings:
    """How to optimise.

    Attributes
    ----------
    optimizer : str
        ``"newton"`` or one of ``ranef.optimize.OPTIMIZERS``.
    start : (n_theta,) float64, optional
        Where to start, in lme4's order; by default from moments of the data.
    max_evaluations : int, optional
        By default 200 for Newton, 1,000 per parameter for the others.
    tolerance : float
        Stop when the criterion is expected to fall by less than this.
    """

    optimizer: str = "newton"
    start: npt.NDArray[np.float64] | None = None
    max_evaluations: int | None = None
    tolerance: float = 1e-14


DEFAULT = Settings()
