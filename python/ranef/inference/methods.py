"""The methods by name, each made once per fit."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from ..errors import require_choice
from ..fit import FitState
from .kenward_roger import KenwardRoger
from .method import KnownDf, Method
from .satterthwaite import Satterthwaite


def _residual(state: FitState) -> Method:
    return KnownDf(state.solution["vcov"], float(state.model.nobs - len(state.model.cross.kept)))


def _normal(state: FitState) -> Method:
    return KnownDf(state.solution["vcov"], float("inf"))


METHODS: dict[str, Callable[[FitState], Method]] = {
    "satterthwaite": Satterthwaite,
    "kenward-roger": KenwardRoger,
    "residual": _residual,
    "normal": _normal,
}

_made: WeakKeyDictionary[FitState, dict[str, Method]] = WeakKeyDictionary()


def method(state: FitState, ddf: str) -> Method:
    """Return the method of testing called `ddf` for a fit.

    Raises
    ------
    ArgumentError
        For an unknown name, or a method this fit does not allow.
    """
    require_choice("ddf", ddf, tuple(METHODS))
    made = _made.setdefault(state, {})
    if ddf not in made:
        made[ddf] = METHODS[ddf](state)
    return made[ddf]
