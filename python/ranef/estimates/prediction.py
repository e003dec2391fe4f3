"""Fitted values and predictions: the mean of the data's rows or of new ones, with all, some or no modes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design import DesignSpec, RandomTerm
from ..design.model_matrix import ColumnValues
from ..design.types import NewRows
from ..fit import Fit
from ..inference.aliasing import aliases
from ..model import Model
from .subset import chosen_columns

RandomRows = tuple[npt.NDArray[np.int32], Iterable[ColumnValues]]
"""A random term's codes of rows, -1 for no level, and its columns, None standing for ones."""

_SAME = 1e-6


def predict(
    fit: Fit,
    newdata: Any = None,
    random: str | Sequence[str] | None = "all",
    allow_new_levels: bool = False,
) -> FloatArray:
    """Predict the response.

    newdata: any table a fit accepts; the response may be absent. By default the rows the model was fitted to.
    random: "all", None, or list of str, the conditional modes that are added: all, none (the population), or
        those of the terms listed, each a grouping factor such as ``"subject"`` or a random term such as ``"(0
        + days | subject)"``, which may be a part of one of the model's.
    allow_new_levels: predict a level the fit has not seen, or a missing one, with a random effect of zero.
    Returns (m,): on the scale of the model's response, offset included; NaN in rows where a predictor is
        missing, and where the rows of the fit do not tell: a cell of the design that has none of them.
    Raises UnknownColumnError: a column of the formula is not in `newdata`.
    Raises NewLevelError: a new level of a fixed factor, or of a grouping factor without `allow_new_levels`.
    Raises ArgumentError: `random` names no random term of the model.

    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> new = {"Subject": ["308", "999"], "Days": [0, 10]}
    >>> predict(fit, new, random=None).round(2)
    array([251.41, 356.08])
    """
    chosen = chosen_columns(fit.model.design, random)
    wanted = [index for index, columns in enumerate(chosen) if columns.size]
    modes = [_only(fit.term_modes[index], chosen[index]) for index in wanted]
    design = fit.model.design
    if newdata is None:
        terms = own_rows(design.terms[index] for index in wanted)
        return population(fit) + random_part(terms, modes, design.nobs)
    spec = with_terms(design.spec, wanted)
    rows = spec.rows(newdata, allow_new_levels=allow_new_levels, random=bool(wanted))
    mean = mean_of(fit, rows)
    return mean + random_part(((codes, basis.T) for codes, basis in rows.terms), modes, mean.shape[0])


def mean_of(fit: Fit, rows: NewRows) -> FloatArray:
    """Return X beta + offset of new rows, (m,); NaN where the fit does not tell."""
    mean = rows.X[:, fit.model.cross.columns] @ fit.solution["beta"]
    mean[~estimable_rows(fit.model, rows.X)] = np.nan
    return mean if rows.offset is None else mean + rows.offset


def estimable_rows(model: Model, X: FloatArray) -> npt.NDArray[np.bool_]:
    """Return the rows of X for which dropped columns are what they were in the rows of the fit."""
    kept = model.cross.columns
    if len(kept) == X.shape[1] or not len(X):
        return np.ones(len(X), dtype=bool)
    rest = np.abs(X - X[:, kept] @ aliases(model))
    return np.asarray((rest <= _SAME * (1 + np.abs(X).max(axis=0))).all(axis=1))


def fittedvalues(fit: Fit) -> FloatArray:
    """Return X beta + Z b + offset on the used rows, (n,)."""
    design = fit.model.design
    return population(fit) + random_part(own_rows(design.terms), fit.term_modes, design.nobs)


def population(fit: Fit) -> FloatArray:
    """Return X beta + offset on the used rows, (n,)."""
    mean, offset = fixed_part(fit.model, fit.solution["beta"]), fit.model.design.offset
    return mean if offset is None else mean + offset


def fixed_part(model: Model, beta: FloatArray) -> FloatArray:
    """Return X beta over the kept columns, (n,); X is not made an array for it."""
    return model.design.matrix.take(model.cross.columns) @ beta


def own_rows(terms: Iterable[RandomTerm]) -> list[RandomRows]:
    """Return what `random_part` needs of the used rows."""
    return [(term.factor.codes, term.matrix.columns) for term in terms]


def random_part(rows: Iterable[RandomRows], modes: Sequence[FloatArray], n: int) -> FloatArray:
    """Return Z b, (n,): the sum over terms of columns times the modes of each row's level; 0 for code -1."""
    total = np.zeros(n)
    for (codes, columns), b in zip(rows, modes, strict=True):
        known = codes >= 0
        every = bool(known.all())
        for column, mode in zip(columns, b.T, strict=True):
            part = mode.take(codes) if column is None else column * mode.take(codes)
            total += part if every else np.where(known, part, 0.0)
    return total


def _only(modes: FloatArray, columns: npt.NDArray[np.intp]) -> FloatArray:
    """Return the modes with columns that are not wanted set to zero."""
    out = np.zeros_like(modes)
    out[:, columns] = modes[:, columns]
    return out


def with_terms(spec: DesignSpec, wanted: Sequence[int]) -> DesignSpec:
    """Return the specification with some of its random terms: new data need not have the others' columns."""
    if not wanted:
        return spec
    terms = [spec.terms[index] for index in wanted]
    bases = sorted({term.basis for term in terms})
    renumbered = tuple(replace(term, basis=bases.index(term.basis)) for term in terms)
    return replace(spec, bases=tuple(spec.bases[index] for index in bases), terms=renumbered)
