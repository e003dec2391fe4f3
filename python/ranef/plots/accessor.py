"""The pictures of one fit as methods: ``fit.plot.caterpillar()``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from ..fit import Fit
from ..guidance.arguments import guided
from ..guidance.elsewhere import explained
from ..guidance.words_of_results import OF_PLOTS
from .caterpillar import caterpillar
from .check import check
from .coefficients import coefficients
from .covariance import acf, spread
from .criterion import criterion
from .intervals import intervals
from .pooling import pooling
from .profile import profile
from .qq import qq
from .residuals import residuals
from .shrinkage import shrinkage
from .simulated import simulated
from .slopes import slopes
from .topographic import topographic

P = ParamSpec("P")
R = TypeVar("R")


def _method(draw: Callable[Concatenate[Fit, P], R]) -> Callable[Concatenate[FitPlots, P], R]:
    """A plot of a fit as a method of its pictures."""

    draw = guided()(draw)

    @wraps(draw)
    def method(self: FitPlots, *args: P.args, **kwargs: P.kwargs) -> R:
        return draw(self._fit, *args, **kwargs)

    return method


class FitPlots:
    """The pictures of one fit; each method is the function of `ranef.plots` of the same name.

    Called by itself, ``fit.plot()``, it draws the checks, `check`.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.plot.shrinkage().get_ylabel()
    'Days'
    """

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("fit.plot", OF_PLOTS, listing=lambda: _listing())  # defined below

    def __init__(self, fit: Fit) -> None:
        self._fit = fit

    acf = _method(acf)
    caterpillar = _method(caterpillar)
    __call__ = _method(check)
    check = _method(check)
    coefficients = _method(coefficients)
    criterion = _method(criterion)
    intervals = _method(intervals)
    pooling = _method(pooling)
    profile = _method(profile)
    qq = _method(qq)
    residuals = _method(residuals)
    shrinkage = _method(shrinkage)
    simulated = _method(simulated)
    slopes = _method(slopes)
    spread = _method(spread)
    topographic = _method(topographic)

    def __repr__(self) -> str:
        return f"fit.plot: {_listing()}"


def _listing() -> str:
    names = [name for name in vars(FitPlots) if not name.startswith("_")]
    return "it has " + ", ".join(f"{name}()" for name in names)
