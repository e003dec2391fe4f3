"""Factors nested in others, averages over the cells there are; averages over interactions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...arrays import FloatArray
from ...design.structure import structure
from ...fit import Fit
from .grid import Grid

Nests = dict[str, tuple[str, ...]]


def terms_of_columns(fit: Fit, names: tuple[str, ...]) -> list[set[str]]:
    """Return for each term of the fixed part which of the columns of the data it uses."""
    patterns = {name: re.compile(rf"(?<![\w.]){re.escape(name)}(?![\w.])") for name in names}
    return [
        {name for name in names if any(patterns[name].search(text) for text in term.variables)}
        for term in structure(fit.model.design.spec.fixed).terms
    ]


def nests(fit: Fit, grid: Grid, estimable: npt.NDArray[np.bool_]) -> Nests:
    """Return factor -> the factors it is nested in: it is in no term without them, and each of its levels is
    found (can be estimated) with one of theirs only.
    """
    if estimable.all():
        return {}
    found: Nests = {}
    table = grid.table.loc[estimable, list(grid.factors)]
    terms = terms_of_columns(fit, grid.factors)
    for inner in grid.factors:
        with_it = [term for term in terms if inner in term]
        around = [
            outer
            for outer in grid.factors
            if outer != inner
            and inner not in found.get(outer, ())
            and grid.table[outer].nunique() > 1
            and with_it
            and all(outer in term for term in with_it)
            and table.groupby(inner, observed=True)[outer].nunique().max() == 1
        ]
        if around:
            found[inner] = tuple(around)
    return found


def averages(
    table: pd.DataFrame, X: FloatArray, share: FloatArray, names: list[str], inner: Nests, equal: bool
) -> tuple[pd.DataFrame, FloatArray]:
    """Average rows of a grid over what is not in `names`: keys, and combinations of coefficients.

    With equal weights what is nested is averaged first, within what it is nested in.
    """
    if equal and inner:
        left = list(table.columns)
        for name in sorted(inner, key=lambda n: -_depth(n, inner)):
            if name not in names:
                left.remove(name)
                table, X = _grouped(table, X, np.ones(len(X)), left)
        share = np.ones(len(X))
    return _grouped(table, X, share, names)


def _depth(name: str, inner: Nests) -> int:
    return 1 + max((_depth(outer, inner) for outer in inner[name] if outer in inner), default=0)


def _grouped(
    table: pd.DataFrame, X: FloatArray, share: FloatArray, names: list[str]
) -> tuple[pd.DataFrame, FloatArray]:
    if not names:
        return pd.DataFrame(index=[0]), ((share / share.sum()) @ X)[None, :]
    numbers = table.groupby(names, sort=False, observed=True).ngroup().to_numpy()
    keys = table[names].loc[~table[names].duplicated()].reset_index(drop=True)
    L = np.zeros((len(keys), X.shape[1]))
    np.add.at(L, numbers, X * share[:, None])
    with np.errstate(invalid="ignore"):
        L /= np.bincount(numbers, share)[:, None]
    return keys, L


def interaction_notes(
    fit: Fit, grid: Grid, names: list[str], inner: Nests, at: Mapping[str, Any]
) -> tuple[str, ...]:
    """Say where means of some variables are averaged over others, or held at a value of them, that they
    interact with.
    """
    several = {name for name in grid.table if grid.table[name].nunique() > 1}
    met: set[str] = set()
    for term in terms_of_columns(fit, tuple(grid.table)):
        asked = term & set(names)
        for name in term - asked:
            within = set(inner.get(name, ()))
            if asked - within and name not in at and not any(name in inner.get(one, ()) for one in asked):
                met.add(name)
    averaged, held = sorted(met & several), sorted(met - several)
    notes = []
    if averaged:
        notes.append(f"Averaged over {', '.join(averaged)}, with which there is an interaction")
    if held:
        values = ", ".join(f"{name} = {grid.table[name].iloc[0]:.6g}" for name in held)
        notes.append(f"Held at {values}, with which there is an interaction")
    return tuple(notes)
