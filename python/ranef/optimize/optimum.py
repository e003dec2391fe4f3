"""The certificate: where an optimiser ended and the evidence that it is a minimum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite

from ..arrays import FloatArray
from ..cached import cached_property
from ..model import Model
from ..show import Printed
from ..verbs import Answer
from .flat import Flat


@dataclass(frozen=True, eq=False)
class Multiplier:
    """How fast the criterion would rise if a singular covariance matrix grew in its empty direction.

    Attributes
    ----------
    term : int
        Index of the random term.
    value : float
        Derivative of the criterion with respect to the variance in the empty direction, the least over all of
        them, with the variance relative to sigma^2 and the term's columns scaled to unit size. Negative: the
        boundary is false.
    direction : (r,) float64
        The combination of the term's columns that has no variance, of unit length.
    """

    term: int
    value: float
    direction: FloatArray


@dataclass(frozen=True)
class Search:
    """What several starts found.

    Attributes
    ----------
    starts : int
        Descents, each from a start of its own. One where the criterion is curved or an evaluation takes long.
    agreed : int
        How many of them ended at the optimum.
    scans : int
        Lines through the optimum, one for every standard deviation and every direction without variance,
        along which the criterion was looked at from afar.
    evaluations : int
        Of all starts and scans but the descent that found the optimum.
    next : float
        How far above the optimum the lowest other end lies; infinite when all agreed. Below zero where the
        criterion falls below the minimum reported and no minimum was reached there.

    Notes
    -----
    One start is enough where no covariance matrix is singular and the second derivative by relative changes
    of the rows of Lambda (standard deviations, with what correlates them) is above 12 in every direction, a
    standard error of 0.4: of thousands of small fits none of these had a lower minimum. Elsewhere small data
    start again from other places; where an evaluation takes long, what is weakly determined is scanned.
    """

    starts: int
    agreed: int
    scans: int
    evaluations: int
    next: float

    @property
    def falls(self) -> bool:
        """Whether values below the minimum reported were met, on a way that led to no minimum."""
        return self.next < 0

    def __str__(self) -> str:
        if self.starts == 1 and self.scans == 0:
            return "one start: the criterion is curved in every direction"
        if self.starts == 1:
            lines = f"{self.scans} line{'s' if self.scans > 1 else ''}"
            return f"one start, and {lines} along what is weakly determined: an evaluation takes long here"
        looked = f"{self.starts} starts"
        if self.falls:
            return f"{looked}, {self.agreed} of them end here, others {-self.next:.3g} lower, at no minimum"
        if self.agreed == self.starts:
            return f"{looked}, all of them end here"
        others = f"{self.next:.3g} higher or more" if isfinite(self.next) else "at no minimum"
        return f"{looked}, {self.agreed} of them end here, the others {others}"


@dataclass(frozen=True, eq=False, repr=False)
class Optimum(Printed):
    """Where the optimiser ended and the evidence that it is a minimum.

    Attributes
    ----------
    theta : (n_theta,) float64
        Relative covariance factors, diagonals nonnegative.
    value : float
        REML criterion or deviance at `theta`.
    optimizer : str
        Name of the optimiser.
    evaluations, certificate_evaluations : int
        Of the criterion (with gradient, where the optimiser uses it): by the optimiser; to check its answer.
    gradient_norm : float
        Newton decrement sqrt(g' H^-1 g) over the free parameters: half its square is the decrease of the
        criterion still to be had. Free of units.
    eigenvalues : (n_free,) float64
        Of the Hessian over the free parameters, scaled to a unit diagonal, ascending.
    boundary : tuple of Multiplier
        One per random term whose covariance matrix is singular.
    singular, converged : bool
        Whether a covariance matrix is singular; whether the evidence holds.
    status : str
        The optimiser's own word.
    model : Model
        Gives the names.
    search : Search or None
        What several starts found; None from a start of the caller's, or where none were tried.
    flat : Flat or None
        What no response could tell about, where there is such a thing: its `words` name it.
    limit : str
        What to say of a dispersion that ran to its limit; empty where none did.

    Examples
    --------
    >>> import ranef
    >>> data = {"y": [1.0, 2.0, 4.0, 3.0, 5.0, 9.0], "g": list("aabbcc")}
    >>> print(ranef.lmer("y ~ 1 + (1 | g)", data).optimum)
    converged: a minimum of the REML criterion in the interior of the parameter space
    newton: ... evaluation..., gradient norm ..., smallest eigenvalue ...
    ... starts, all of them end here
    """

    theta: FloatArray
    value: float
    optimizer: str
    evaluations: int
    certificate_evaluations: int
    gradient_norm: float
    eigenvalues: FloatArray
    boundary: tuple[Multiplier, ...]
    singular: bool
    converged: bool
    status: str
    model: Model = field(repr=False)
    search: Search | None = None
    flat: Flat | None = field(default=None, repr=False)
    limit: str = field(default="", repr=False)

    @property
    def min_eigenvalue(self) -> float:
        """Smallest of `eigenvalues`; NaN when every parameter is at a boundary."""
        return float(self.eigenvalues[0]) if len(self.eigenvalues) else float("nan")

    @cached_property
    def multipliers(self) -> Mapping[str, float]:
        """Label of each singular term (as in ``fit.varcorr``) -> its multiplier."""
        labels = self.model.term_labels
        return {labels[found.term]: found.value for found in self.boundary}

    message = Answer[str]("optimize.description:message")

    def __str__(self) -> str:
        numbers = [
            f"{self.evaluations} evaluation{'s' if self.evaluations != 1 else ''}",
            f"gradient norm {self.gradient_norm:.1e}",
        ]
        if len(self.eigenvalues):
            numbers.append(f"smallest eigenvalue {self.min_eigenvalue:.2g}")
        numbers += [f"multiplier of {name} {value:.3g}" for name, value in self.multipliers.items()]
        lines = [self.message, f"{self.optimizer}: {', '.join(numbers)}"]
        return "\n".join(lines if self.search is None else [*lines, str(self.search)])
