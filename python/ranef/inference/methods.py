"""The methods by name, each made once per fit."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ArgumentError, require_choice
from ..fit import Fit
from ..verbs import kept
from .kenward_roger import KenwardRoger
from .satterthwaite import Satterthwaite
from .testing import KnownDf, Method


def _known(fit: Fit, df: float) -> Method:
    return KnownDf(fit.sigma**2 * fit.solution["internal_vcov"], df, fit.model.coordinates)


def _residual(fit: Fit) -> Method:
    return _known(fit, float(fit.model.nobs - fit.model.cross.rank))


def _normal(fit: Fit) -> Method:
    return _known(fit, float("inf"))


METHODS: dict[str, Callable[[Fit], Method]] = {
    "satterthwaite": Satterthwaite,
    "kenward-roger": KenwardRoger,
    "residual": _residual,
    "normal": _normal,
}


def default_ddf(fit: Fit) -> str:
    """Return the method a fit is tested with unless said otherwise."""
    return getattr(fit, "default_ddf", "satterthwaite")


@kept
def _made(fit: Fit) -> dict[str, Method]:
    return {}


def method(fit: Fit, ddf: str) -> Method:
    """Return the method of testing called `ddf` for a fit.

    Raises ArgumentError for an unknown name, or a method this fit does not allow.
    """
    known = getattr(fit, "test_methods", METHODS)  # a kind of fit may bring its own
    require_choice("ddf", ddf, tuple(known))
    made = _made(fit)
    if ddf not in made:
        made[ddf] = known[ddf](fit)
    return made[ddf]


def curvature(fit: Fit, what: str) -> Satterthwaite:
    """Return the method that has the covariance of theta and sigma.

    Raises ArgumentError naming `what` asked for it, for a fit whose covariances are functions of other
        parameters.
    """
    found = method(fit, "satterthwaite")
    if not isinstance(found, Satterthwaite):
        raise ArgumentError(
            f"{what} is not available for a fit whose random effects or residuals have a structure: their "
            "parameters and standard errors are those of the structure"
        )
    return found
