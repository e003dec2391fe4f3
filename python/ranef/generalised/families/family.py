"""The families of a generalised linear mixed model: what they are called, their links, and their moments."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import FloatArray
from ...errors import ArgumentError, require_choice
from ...guidance.elsewhere import unexplained
from .links import LINKS, Link
from .other_families import ALIASES, instead_of
from .truncated import LOG_ZERO, mean_curve, variance_above_zero

Variance = Callable[[FloatArray, FloatArray, float], FloatArray]
"""(mean, trials, dispersion) -> variance of a row; of the proportion where there are trials.

The mean is the link's: that before zeros are left out."""


@dataclass(frozen=True)
class FamilyKind:
    """A distribution and the links it can have, the default first."""

    name: str
    label: str  # in print
    links: tuple[str, ...]
    variance: Variance
    dispersion: str  # what the dispersion is called; empty where there is none
    meaning: str  # the variance in symbols, with the dispersion
    response: str  # what a response must be, for messages
    trials: bool = False  # whether a row has a number of trials
    simpler: str = ""  # the family at the limit of the dispersion; empty where there is none
    least: int | None = None  # the least count, 1 where zeros are left out; None where the response is none

    @property
    def model(self) -> str:
        """What a sentence calls a model of it, with its article."""
        return f"{'an' if self.label[0] in 'aeiou' else 'a'} {self.label} model"

    @property
    def truncated(self) -> bool:
        """Whether the counts are those of another family given that they are not zero."""
        return self.least == 1


_CALL = re.compile(r"""^\s*(?P<name>[\w. ]+?)\s*\(\s*(?:link\s*=\s*)?["']?(?P<link>[\w/^]*)["']?\s*\)\s*$""")

_COUNTS = (
    FamilyKind(
        "poisson",
        "Poisson",
        ("log", "sqrt", "identity"),
        lambda mu, m, _: mu,
        "",
        "mu",
        "counts: whole numbers of zero or more",
        least=0,
    ),
    FamilyKind(
        "nbinom1",
        "negative binomial (NB1)",
        ("log", "sqrt", "identity"),
        lambda mu, m, phi: mu * (1 + phi),
        "phi",
        "mu (1 + phi)",
        "counts: whole numbers of zero or more",
        simpler="poisson",
        least=0,
    ),
    FamilyKind(
        "nbinom2",
        "negative binomial (NB2)",
        ("log", "sqrt", "identity"),
        lambda mu, m, k: mu * (1 + mu / k),
        "size",
        "mu (1 + mu / size)",
        "counts: whole numbers of zero or more",
        simpler="poisson",
        least=0,
    ),
)
_KINDS = {
    kind.name: kind
    for kind in (
        FamilyKind(
            "binomial",
            "binomial",
            ("logit", "probit", "cloglog", "cauchit"),
            lambda mu, m, _: mu * (1 - mu) / m,
            "",
            "mu (1 - mu) / trials",
            "successes in trials: cbind(successes, failures), a proportion with weights= (the trials), 0 "
            "and 1, booleans, or a factor with two levels",
            trials=True,
        ),
        *_COUNTS,
        FamilyKind(
            "gamma",
            "Gamma",
            ("log", "inverse", "identity"),
            lambda mu, m, shape: mu**2 / shape,
            "shape",
            "mu^2 / shape",
            "positive numbers",
        ),
        FamilyKind(
            "inverse_gaussian",
            "inverse Gaussian",
            ("log", "inverse", "identity", "1/mu^2"),
            lambda mu, m, shape: mu**3 / shape,
            "shape",
            "mu^3 / shape",
            "positive numbers",
        ),
        FamilyKind(
            "gaussian",
            "Gaussian",
            ("log", "inverse", "identity"),
            lambda mu, m, v: np.full_like(mu, v),
            "variance",
            "variance",
            "finite numbers",
        ),
        FamilyKind(
            "beta",
            "beta",
            ("logit", "probit", "cloglog"),
            lambda mu, m, phi: mu * (1 - mu) / (1 + phi),
            "precision",
            "mu (1 - mu) / (1 + precision)",
            "numbers strictly between 0 and 1",
        ),
        FamilyKind(
            "betabinomial",
            "beta-binomial",
            ("logit", "probit", "cloglog"),
            lambda mu, m, phi: mu * (1 - mu) * (phi + m) / ((1 + phi) * m),
            "precision",
            "mu (1 - mu) (precision + trials) / ((1 + precision) trials)",
            "successes in trials: cbind(successes, failures) or a proportion with weights= (the trials)",
            trials=True,
            simpler="binomial",
        ),
        *(
            FamilyKind(
                f"truncated_{base.name}",
                f"truncated {base.label}",
                ("log",),
                variance_above_zero(base.variance, LOG_ZERO[base.name]),
                base.dispersion,
                base.meaning and f"{base.meaning} before zeros are left out",
                "counts: whole numbers of one or more",
                simpler=base.simpler and f"truncated_{base.simpler}",
                least=1,
            )
            for base in _COUNTS
        ),
    )
}
FAMILIES = tuple(_KINDS)


def kind_of(name: str) -> FamilyKind:
    """Return the distribution of a name of `FAMILIES`."""
    return _KINDS[name]


@dataclass(frozen=True)
class Family:
    """A distribution with its link.

    Attributes
    ----------
    kind : FamilyKind
    link : Link
    modelled : bool
        Whether the dispersion has a linear predictor of its own.

    Examples
    --------
    >>> print(choose_family("binomial", None))
    binomial (logit)
    >>> print(choose_family("Poisson", "sqrt"))
    Poisson (sqrt)
    """

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = unexplained

    kind: FamilyKind
    link: Link
    modelled: bool = False

    @property
    def name(self) -> str:
        return self.kind.name

    @property
    def dispersed(self) -> bool:
        """Whether one dispersion of all rows is estimated."""
        return bool(self.kind.dispersion) and not self.modelled

    @property
    def canonical(self) -> bool:
        """Whether observed and expected information are the same."""
        return (self.name, self.link.name) in {("binomial", "logit"), ("poisson", "log")}

    @property
    def simpler(self) -> Family | None:
        """The family at the limit of the dispersion, with the same link."""
        return Family(_KINDS[self.kind.simpler], self.link) if self.kind.simpler else None

    @property
    def base(self) -> str:
        """The family whose zeros are left out; the family itself where none are."""
        return self.name.removeprefix("truncated_")

    def curve(self, dispersion: float | None) -> Link:
        """Return the mean of the response as a function of the linear predictor, truncation included."""
        if not self.kind.truncated:
            return self.link
        return mean_curve(self.link, LOG_ZERO[self.base], dispersion or 1.0)

    def variance(self, mu: FloatArray, trials: FloatArray, dispersion: float) -> FloatArray:
        """Return the variance of each row's response (of its proportion, where there are trials)."""
        return self.kind.variance(mu, trials, dispersion)

    def sigma_at(self, psi: float) -> float:
        """Return sigma at the logarithm of a dispersion; 1 without one."""
        return float(self.sigma(np.exp(psi))) if self.dispersed else 1.0

    def sigma(self, dispersion: Any) -> Any:
        """Return glmmTMB's sigma() of a dispersion: 1 / sqrt(shape), the Gaussian sd, else the dispersion."""
        return dispersion**self.sigma_power

    @property
    def sigma_power(self) -> float:
        """The power of the dispersion that sigma is."""
        return {"gamma": -0.5, "inverse_gaussian": -0.5, "gaussian": 0.5}.get(self.name, 1.0)

    # A link is found by its name again: functions are not pickled.
    def __reduce__(self) -> tuple[object, ...]:
        return _family_again, (self.name, self.link.name, self.modelled)

    def __str__(self) -> str:
        return f"{self.kind.label} ({self.link.name})"


def _family_again(name: str, link: str, modelled: bool) -> Family:
    return replace(choose_family(name, link), modelled=modelled)


def choose_family(family: str, link: str | None) -> Family:
    """Return the family of a name, with its default link or another one.

    Raises ArgumentError for an unknown family, and for a link the family does not have.
    """
    if not isinstance(family, str):
        raise ArgumentError(f"family= must be the name of a family, such as 'binomial', not {family!r}")
    written = _CALL.match(family)  # as R prints a family
    if written and written["link"]:
        if link is not None and link != written["link"]:
            raise ArgumentError(
                f"family={family!r} has a link of its own, and link={link!r}: give one of them"
            )
        link = written["link"]
    name = (written["name"] if written else family).strip().lower().replace(" ", "_").replace("-", "_")
    name = ALIASES.get(name, name)
    instead = instead_of(name)
    if instead:
        raise ArgumentError(f"the family {family!r} {instead}")
    require_choice("family", name, FAMILIES)
    kind = _KINDS[name]
    if link is None:
        return Family(kind, LINKS[kind.links[0]])
    if link not in kind.links:
        listed = ", ".join(f"'{one}'" for one in kind.links)
        raise ArgumentError(f"link= must be one of {listed} for the {kind.label} family, not {link!r}")
    return Family(kind, LINKS[link])
