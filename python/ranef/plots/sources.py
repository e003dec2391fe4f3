"""What a plot is given: one check for all of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import wraps
from inspect import Parameter, signature
from typing import Any, TypeVar

import pandas as pd

from ..bootstrap.replicates.result import BootstrapResult
from ..fit import Fit
from ..frame.native import library_name
from ..inference.effects import Effects, Predictions
from ..inference.means import MarginalMeans
from ..inference.profile import Profile
from ..likelihood_fit import LikelihoodFit
from .style import layout

R = TypeVar("R")

_WORDS: Mapping[type, str] = {
    Fit: "a fit, which ranef.lmer(...) returns",
    LikelihoodFit: "a fit, which ranef.lmer(...), ranef.gls(...) and ranef.mmrm(...) return",
    BootstrapResult: "replicates, which fit.bootstrap(n) returns",
    Profile: "a profile, which fit.profile() returns",
    Predictions: "predictions, which fit.predictions(...) returns",
    Effects: "effects, which fit.comparisons(...) and fit.slopes(...) return",
    MarginalMeans: "means or slopes, which ranef.emmeans(...) and ranef.emtrends(...) return",
    Mapping: "a mapping of label -> table of intervals",
    pd.DataFrame: "the table that ranef.power_curve(...) returns",
}


_PANELS = """    ax : Axes or sequence of Axes, optional
        One per {0}.
"""
_PANEL = """    ax : Axes, optional
        Where to draw; by default on a figure of its own.
"""
_LAYOUT = """    figsize : (float, float), optional
        Of the figure, in inches.
    ncols : int, optional
        Panels side by side.
"""
_SECTION = re.compile(r"\n    (Returns|Raises|Notes|References|Examples)\n    -")


def draws(*kinds: type, per: str | None = None) -> Callable[[Callable[..., R]], Callable[..., R]]:
    """Have a plot refuse a first argument of another kind, with a TypeError that names it.

    And take ``figsize=`` and ``ncols=``. What all plots have is written into their docstrings here: these
    two, and, of those that do not say it themselves, ``ax=`` and what they return.

    *kinds: of what can be drawn, among those that `_WORDS` has words for.
    per: what there is a panel for, of a plot with several.
    """

    def decorate(draw: Callable[..., R]) -> Callable[..., R]:
        own = signature(draw)
        first = next(iter(own.parameters.values()))
        right = ", or ".join(_WORDS[kind] for kind in kinds)

        @wraps(draw)
        def checked(*args: Any, figsize: Any = None, ncols: Any = None, **kwargs: Any) -> R:
            if pd.DataFrame in kinds:
                args = tuple(map(pandas_of, args))
                kwargs = {name: pandas_of(value) for name, value in kwargs.items()}
            given = args if first.kind is Parameter.VAR_POSITIONAL else args[:1]
            for value in given or [kwargs[name] for name in (first.name,) if name in kwargs]:
                _require(value, kinds, f"plots.{draw.__name__} draws {right}; {first.name}")
            with layout(figsize, ncols):
                return draw(*args, **kwargs)

        options = [Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in ("figsize", "ncols")]
        checked.__signature__ = own.replace(parameters=[*own.parameters.values(), *options])  # type: ignore[attr-defined]
        checked.__doc__ = _completed(draw.__doc__ or "", per)
        return checked

    return decorate


def pandas_of(table: Any) -> Any:
    """Return a table of polars or arrow as one of pandas, and anything else as it is."""
    if library_name(table) not in ("polars", "pyarrow"):
        return table
    import narwhals as nw

    frame = nw.from_native(table, eager_only=True, pass_through=True)
    if frame is table:  # no table
        return table
    return pd.DataFrame({name: frame[name].to_numpy() for name in frame.columns})


def _completed(text: str, per: str | None) -> str:
    """Write into a docstring what all plots have."""
    section = _SECTION.search(text)
    if section is None:
        return text
    own, rest = text[: section.start()], text[section.start() :]
    if section[1] == "Returns":  # of its own, and so is ax=
        return f"{own}{_LAYOUT}{rest}"
    ax = _PANEL if per is None else _PANELS.format(per)
    found = "Axes" if per is None else f"Axes, or array of Axes when there are several {per}s"
    return f"{own}{ax}{_LAYOUT}\n    Returns\n    -------\n    {found}\n{rest}"


def _require(value: Any, kinds: tuple[type, ...], what: str) -> None:
    if not isinstance(value, kinds):
        raise TypeError(f"{what}= is of type {type(value).__name__}")
