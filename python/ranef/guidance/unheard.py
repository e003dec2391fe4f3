"""Arguments of a method that have no meaning for a kind of fit: given, they are refused with the remedy.

A method has one signature for all kinds of fits; each kind lists here what it cannot hear, and why.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from inspect import signature
from typing import Any

from ..errors import ArgumentError
from .refusals import lacking, said

_GENERALISED = "glmer inflated dispersed cells"
_REFITS = "mmrm gls residual structured both related"
_LINEAR = f"lmer iterative {_REFITS}"
_DRAWN = f"{_REFITS} iterative {_GENERALISED}"  # bootstrapped by the parametric scheme alone
_NO_EFFECTS = "there are no random effects to keep"
_FROM_FIT = "replicates are drawn from the estimates; ranef.power() has params="

# Method -> argument -> kinds -> why it has no meaning there, or what to do instead.
ARGUMENTS: dict[str, dict[str, dict[str, str]]] = {
    "predict": {
        "scale": {_LINEAR: "the response of a linear model has one scale, that of its formula"},
        "averaged": {_LINEAR: "the average over groups is the typical group's mean, random=None"},
        "conditional": {
            f"lmer structured iterative related {_GENERALISED}": "rows are independent given the random "
            "effects, which random='all' predicts along"
        },
        "parts": {f"mmrm gls related {_GENERALISED}": "se=True and interval= have the whole in one"},
        "theta_uncertainty": {
            "iterative": "it needs a factorisation of all equations. Leave it out, or fit with schur='dense'",
            "mmrm gls related": "intervals have it in their degrees of freedom, ddf='satterthwaite'",
            _GENERALISED: "standard errors of predictions always have it",
        },
        "weights": {
            "mmrm gls related": "new rows have a weight of one",
            _GENERALISED: "the mean of a row does not depend on its weight",
        },
    },
    "simulate": {
        "use_u": {"mmrm gls": _NO_EFFECTS},
        "newdata": {
            "related": "new levels have no relationships to be drawn from. Means of new rows: "
            "fit.predict(newdata)"
        },
        "allow_new_levels": {"related": "only the rows used are drawn"},
    },
    "bootstrap": {
        "scheme": {_DRAWN: "replicates are parametric, scheme='parametric'"},
        "group": {_DRAWN: "it is for scheme='cases', and these are parametric"},
        **{name: {_DRAWN: _FROM_FIT} for name in ("params", "theta", "sigma")},
        "columns": {_DRAWN: "results have all columns of their kind"},
        "route": {_DRAWN: "there is one way of drawing, which result.route tells"},
        "resume": {
            _REFITS: "result.append(n) makes more, result.save(path) keeps them",
            f"iterative {_GENERALISED}": "run the rest with the same seed= and with first=",
        },
        "executor": {_DRAWN: "refits run here, in n_threads= or those of ranef.set_num_threads()"},
        "statistic": {"iterative": "compute it of the columns, result.to_frame()"},
        "n_threads": {"iterative": "solves use the threads of ranef.set_num_threads()"},
        "use_u": {"mmrm gls": _NO_EFFECTS},
    },
}


def require_heard(fit: Any, method: Callable[..., Any], given: dict[str, Any]) -> None:
    """Refuse an argument of a method that has no meaning for a kind of fit, unless it has its default.

    given: its arguments by name.

    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> fit.simulate(use_u=True)
    Traceback (most recent call last):
    ranef.errors.ArgumentError: simulate(use_u=) is not available for a fit by generalised least squares:
    there are no random effects to keep
    """
    for name, default, instead in _unheard(method, fit._kind):
        value = given[name]
        if value is not default and not (isinstance(value, str | bool) and value == default):
            raise ArgumentError(said(f"{method.__name__}({name}=)", fit._kind, instead))


@cache
def _unheard(method: Callable[..., Any], kind: str) -> list[tuple[str, Any, str]]:
    """Return argument, default and remedy of what a kind does not hear."""
    parameters, told = signature(method).parameters, lacking(kind, ARGUMENTS[method.__name__])
    return [(name, parameters[name].default, instead) for name, instead in told]
