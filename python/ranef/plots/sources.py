"""What a plot is given: one check for all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, signature
from typing import Any, ParamSpec, TypeVar

import pandas as pd

from ..bootstrap.replicates.result import BootstrapResult
from ..fit import Fit
from ..inference.means import MarginalMeans
from ..inference.profile import Profile
from ..likelihood_fit import LikelihoodFit

P = ParamSpec("P")
R = TypeVar("R")

_WORDS: Mapping[type, str] = {
    Fit: "a fit, which ranef.lmer(...) returns",
    LikelihoodFit: "a fit, which ranef.lmer(...), ranef.gls(...) and ranef.mmrm(...) return",
    BootstrapResult: "replicates, which fit.bootstrap(n) returns",
    Profile: "a profile, which fit.profile() returns",
    MarginalMeans: "means or slopes, which ranef.emmeans(...) and ranef.emtrends(...) return",
    Mapping: "a mapping of label -> table of intervals",
    pd.DataFrame: "the table that ranef.power_curve(...) returns",
}


def draws(*kinds: type) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a plot refuse a first argument of another kind, with a TypeError that names it.

    Parameters
    ----------
    *kinds : type
        Of what can be drawn, among those that `_WORDS` has words for.
    """

    def decorate(draw: Callable[P, R]) -> Callable[P, R]:
        first = next(iter(signature(draw).parameters.values()))
        right = ", or ".join(_WORDS[kind] for kind in kinds)

        @wraps(draw)
        def checked(*args: P.args, **kwargs: P.kwargs) -> R:
            given = args if first.kind is Parameter.VAR_POSITIONAL else args[:1]
            for value in given or [kwargs[name] for name in (first.name,) if name in kwargs]:
                _require(value, kinds, f"plots.{draw.__name__} draws {right}; {first.name}")
            return draw(*args, **kwargs)

        return checked

    return decorate


def _require(value: Any, kinds: tuple[type, ...], what: str) -> None:
    if not isinstance(value, kinds):
        raise TypeError(f"{what}= is of type {type(value).__name__}")
