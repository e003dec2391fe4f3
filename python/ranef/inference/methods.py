"""The methods by name, each made once per fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ArgumentError, require_choice
from ..fit import Fit
from ..verbs import kept
from .kenward_roger import KenwardRoger
from .satterthwaite import Satterthwaite
from .testing import KnownDf, Method


def _residual(fit: Any) -> Method:
    return KnownDf(fit.internal_vcov, float(fit.nobs - fit.model.cross.rank), fit.model.coordinates)


def _normal(fit: Any) -> Method:
    return KnownDf(fit.internal_vcov, float("inf"), fit.model.coordinates)


# Of any fit: no more than its covariance is needed.
KNOWN_DF: dict[str, Callable[[Any], Method]] = {"residual": _residual, "normal": _normal}
METHODS: dict[str, Callable[[Any], Method]] = {
    "satterthwaite": Satterthwaite,
    "kenward-roger": KenwardRoger,
    **KNOWN_DF,
}


def chosen_ddf(fit: Any, ddf: str | None) -> str:
    """Return the name of the method asked for: ``"default"`` is the fit's own, None the normal distribution.

    Raises ArgumentError for an unknown name.
    """
    name = fit.default_ddf if ddf == "default" else ddf or "normal"
    require_choice("ddf", name, tuple(fit.test_methods))
    return str(name)


def is_normal(ddf: str | None) -> bool:
    """Whether what is asked for is the normal distribution, where nothing else is the default."""
    return ddf in ("default", "normal", None)


def test_methods(fit: Fit) -> dict[str, Callable[[Any], Method]]:
    """Return the methods of testing by name; a kind of fit may bring its own."""
    return METHODS


@kept
def _made(fit: Fit) -> dict[str, Method]:
    return {}


def method(fit: Any, ddf: str | None = "default") -> Method:
    """Return the method of testing called `ddf`, by default the fit's own.

    Raises ArgumentError for an unknown name, or a method this fit does not allow.
    """
    name, made = chosen_ddf(fit, ddf), _made(fit)
    if name not in made:
        made[name] = fit.test_methods[name](fit)
    return made[name]


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
