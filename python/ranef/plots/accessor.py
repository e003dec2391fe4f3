"""The pictures of one fit as methods: ``fit.plot.caterpillar()``."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

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


def method(draw: Callable[Concatenate[Any, P], R]) -> Callable[Concatenate[Pictures, P], R]:
    """A plot of a fit as a method of its pictures."""

    draw = guided()(draw)

    @wraps(draw)
    def of_fit(self: Pictures, *args: P.args, **kwargs: P.kwargs) -> R:
        return draw(self._fit, *args, **kwargs)

    return of_fit


class Pictures:
    """The pictures of one fit, which say what there is."""

    if not TYPE_CHECKING:  # which would take every name for known

        def __init_subclass__(cls) -> None:
            cls.__getattr__ = explained("fit.plot", OF_PLOTS, listing=cls._listing)

    def __init__(self, fit: Any) -> None:
        self._fit = fit

    @classmethod
    def _listing(cls) -> str:
        return "it has " + ", ".join(f"{name}()" for name in vars(cls) if not name.startswith("_"))

    def __repr__(self) -> str:
        return f"fit.plot: {self._listing()}"


class FitPlots(Pictures):
    """The pictures of one fit; each method is the function of `ranef.plots` of the same name.

    Called by itself, ``fit.plot()``, it draws the checks, `check`.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.plot.shrinkage().get_ylabel()
    'Days'
    """

    acf = method(acf)
    caterpillar = method(caterpillar)
    __call__ = method(check)
    check = method(check)
    coefficients = method(coefficients)
    criterion = method(criterion)
    intervals = method(intervals)
    pooling = method(pooling)
    profile = method(profile)
    qq = method(qq)
    residuals = method(residuals)
    shrinkage = method(shrinkage)
    simulated = method(simulated)
    slopes = method(slopes)
    spread = method(spread)
    topographic = method(topographic)
