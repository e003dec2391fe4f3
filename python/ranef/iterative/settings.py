"""How a fit by iterations is made."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from ..errors import ArgumentError
from ..guidance.arguments import guided

_WHOLE = ("probes", "most_probes", "seed", "most_iterations")


@dataclass(frozen=True)
class Iterations:
    """How a fit by iterations (``schur="iterative"``) is made.

    Parameters
    ----------
    probes : int
        Number of vectors of random signs for estimating traces, a multiple of sixteen.
    error : float
        Largest Monte Carlo error of a covariance parameter, as a share of its standard error: the number of
        probes is doubled until all are below.
    most_probes : int
        How many there may be.
    seed : int
        Of the probes. The same seed gives the same fit, bit for bit, on any number of threads.
    tolerance : float
        Relative residual at which the conjugate gradients for estimates and modes stop.
    most_iterations : int
        Limit for conjugate gradients; a fit whose solves do not finish is not converged, and says so.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("Penicillin")
    >>> few = ranef.Iterations(error=0.05, seed=7)
    >>> fit = ranef.lmer(
    ...     "diameter ~ 1 + (1 | plate) + (1 | sample)", data, schur="iterative", iterations=few
    ... )
    >>> fit.theta.round(1)
    array([1.5, 3.5])
    """

    probes: int = 16
    error: float = 0.01
    most_probes: int = 1024
    seed: int = 0
    tolerance: float = 1e-10
    most_iterations: int = 1000

    def __post_init__(self) -> None:
        for one in fields(self):
            value: Any = getattr(self, one.name)
            whole = one.name in _WHOLE
            kinds = (int, np.integer) if whole else (int, float, np.integer, np.floating)
            least = 0 if one.name == "seed" else (1 if whole else None)
            good = isinstance(value, kinds) and not isinstance(value, bool) and value < 2**31
            if not good or not (value >= least if least is not None else value > 0):
                what = "a whole number" if whole else "a positive number"
                raise ArgumentError(f"{one.name}= of Iterations must be {what}, not {value!r}")
        if self.most_probes < self.probes:
            raise ArgumentError(f"most_probes={self.most_probes} is less than probes={self.probes}")


Iterations.__init__ = guided()(Iterations.__init__)  # type: ignore[method-assign]
