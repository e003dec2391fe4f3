"""Every number that a fit says in public, by a path such as ``coef_table.se[x]``, found by introspection."""

from __future__ import annotations

import dataclasses
import inspect
import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import ranef
from ranef.verbs import Verb

# What a verb cannot be called without.
NEEDED: dict[str, list[dict[str, Any]]] = {
    "emmeans": [{"specs": "f"}],
    "emtrends": [{"specs": "f", "var": "x"}],
    "lsmeans": [{"specs": "f"}],
    "predictions": [{"x": "f"}],
    "test": [{"L": "x = 0"}],
    "cond_sd": [{"group": "g", "levels": ["0", "1"]}],
}
# Options that lead to numbers of their own, beside the defaults.
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "anova": [{"type": 1}, {"type": 2}, {"ddf": "kenward-roger"}],
    "cov_params": [{"ddf": "kenward-roger"}],
    "coef_table": [{"ddf": "kenward-roger"}],
    "conf_int": [{"method": "profile", "parameters": "all"}, {"method": "wald", "parameters": "all"}],
    "icc": [{"by_group": True}],
    "influence": [{"group": "g"}],
    "leverage": [],
    "predict": [
        {"interval": "prediction", "parts": True, "theta_uncertainty": True},
        {"random": None, "interval": "confidence"},
    ],
    "residuals": [{"type": "standardised"}, {"type": "marginal"}, {"type": "quantile"}],
    "robust": [{"type": "CR0"}],
}
# Not numbers of the answer: how long it took to find it, and the caller's own objects.
APART = {
    *("settings", "plan", "plot", "model", "fit", "evaluations", "refit", "padded", "optimum"),
    "curves",  # points on the way to an interval's ends
    *("gradient", "decrement"),  # zero, but for rounding
}
DEEPEST = 1  # answers of answers, such as comparisons of means, are made of the same numbers
TEXTS = {"document", "to_html", "to_latex", "to_markdown", "to_text", "print", "plot", "save", "copy"}
OWN_WAY = {
    *("bootstrap", "simulate", "power", "power_curve", "exact_rlrt", "pbtest"),  # random draws
    *("allfit", "diagnose"),  # other optimisers stop where they like
    "pca",  # of covariances as they are, in the units they are in, as in lme4
    *("summary", "modelsummary", "rePCA"),  # texts; an old name
    "check_residuals",
    "to_marginaleffects",  # another package's
}


def calls(fit: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Yield name and thunk of every public attribute, verb and function of a fit."""
    for name in dir(fit):  # without what its kind refuses and what only functions of the package ask for
        if name.startswith("_") or name in APART | OWN_WAY:
            continue
        static = inspect.getattr_static(type(fit), name, None)
        if static is None:  # a field: what the fit is made of
            continue
        if callable(getattr(type(fit), name)) or type(static) is Verb:
            yield from _calls(name, getattr(fit, name))
        else:
            yield name, lambda name=name: getattr(fit, name)
    for name in ranef.__all__:
        function = getattr(ranef, name)
        first = next(iter(inspect.signature(function).parameters), "") if inspect.isfunction(function) else ""
        if first == "fit" and name not in OWN_WAY:
            yield from _calls(name, partial(function, fit))


def _calls(name: str, bound: Callable[..., Any]) -> Iterator[tuple[str, Callable[[], Any]]]:
    parameters = list(inspect.signature(bound).parameters.values())
    several = (inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL)
    needs = [p.name for p in parameters if p.default is p.empty and p.kind not in several]
    assert not needs or name in NEEDED, f"{name} cannot be called without {needs}: give them in NEEDED"
    plain = [] if needs else [{}]
    names = {p.name for p in parameters}
    for options in plain + NEEDED.get(name, []) + OPTIONS.get(name, []):
        if not names.issuperset(options):  # another kind of fit
            continue
        text = ", ".join(f"{k}={v!r}" for k, v in options.items())
        yield f"{name}({text})", lambda options=options: bound(**options)


def leaves(value: Any, path: str, seen: frozenset[int] = frozenset()) -> Iterator[tuple[str, float]]:
    """Yield path and value of every number in an answer."""
    if value is None or isinstance(value, str | bytes) or id(value) in seen:
        return
    seen = seen | {id(value)}
    if isinstance(value, bool | np.bool_ | int | float | np.number):
        yield path, float(value)
    elif isinstance(value, pd.DataFrame) and path != "profile.to_frame()":  # points on the way to the ends
        for place, column in enumerate(value.columns):
            if value[column].dtype.kind in "fiub":
                labels = [_label(row) for row in value.index]
                yield from _array(value.iloc[:, place].to_numpy(float), f"{path}.{_label(column)}", labels)
    elif isinstance(value, pd.Series):
        if value.dtype.kind in "fiub":
            yield from _array(value.to_numpy(float), path, [_label(row) for row in value.index])
    elif isinstance(value, np.ndarray):
        if value.dtype.kind in "fiub":
            labels = [",".join(map(str, at)) for at in np.ndindex(value.shape)]
            yield from _array(value.astype(float).ravel(), path, labels)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            if key not in APART:
                yield from leaves(item, f"{path}.{_label(key)}", seen)
        yield from _parts(value, path, seen)
    elif isinstance(value, list | tuple) and not hasattr(value, "_fields"):
        for place, item in enumerate(value):
            yield from leaves(item, f"{path}.{place}", seen)
    else:
        yield from _parts(value, path, seen)


def _parts(value: Any, path: str, seen: frozenset[int]) -> Iterator[tuple[str, float]]:
    """Yield the numbers in the attributes and the answers of one of the package's own objects."""
    if type(value).__module__.startswith("ranef.") and not isinstance(value, ranef.Fit | ranef.Model):
        more = answers(value) if path.count("()") < DEEPEST else ()
        for name, item in (*_attributes(value), *more):
            yield from leaves(item, f"{path}.{name}", seen)


def answers(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what the methods of a result return that need no argument and make no text."""
    for name in dir(type(value)):
        method = inspect.getattr_static(type(value), name)
        function = inspect.isfunction(method) or isinstance(method, Verb)
        if name.startswith("_") or name in APART | TEXTS or not function:
            continue
        if all(p.default is not p.empty for p in inspect.signature(getattr(value, name)).parameters.values()):
            with suppress(ranef.RanefError):  # the result has no such answer
                yield f"{name}()", getattr(value, name)()


def _attributes(value: Any) -> Iterator[tuple[str, Any]]:
    names = set(vars(value)) if hasattr(value, "__dict__") else set()
    if dataclasses.is_dataclass(value):
        names |= {f.name for f in dataclasses.fields(value)}
    names |= set(getattr(value, "_fields", ()))
    for kind in type(value).__mro__:
        own = vars(kind).items()
        names |= {n for n, item in own if isinstance(item, property) or hasattr(item, "attrname")}
    for name in sorted(names):
        if not name.startswith("_") and name not in APART:
            item = getattr(value, name)
            if not callable(item):
                yield name, item


def _array(values: Any, path: str, labels: list[str]) -> Iterator[tuple[str, float]]:
    for label, value in zip(labels, values, strict=True):
        yield f"{path}[{label}]", float(value)


def _label(key: Any) -> str:
    return ",".join(map(str, key)) if isinstance(key, tuple) else str(key)


def numbers(fit: Any, only: Callable[[str], bool] | None = None) -> dict[str, dict[str, float]]:
    """Return call -> path -> number of everything public."""
    out = {}
    for name, call in calls(fit):
        if only is None or only(name):
            try:
                out[name] = dict(leaves(call(), name.partition("(")[0]))
            except (ranef.RanefError, AttributeError):  # the model has no such number
                out[name] = {}
    return out


def size(value: float) -> float:
    return abs(value) if math.isfinite(value) else 0.0
