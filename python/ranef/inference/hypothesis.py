"""What a user may give as a hypothesis, numbers or words, turned into contrasts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..errors import ArgumentError, quote_list
from ..fit import Fit
from .hypothesis_parser import parse_hypotheses


@dataclass(frozen=True, eq=False)
class Hypothesis:
    """L beta = rhs."""

    contrasts: FloatArray  # (m, p): over all columns of X
    rhs: FloatArray  # (m,)

    def labels(self, names: Sequence[str]) -> list[str]:
        """Return each row in words."""
        rows = zip(self.contrasts, self.rhs, strict=True)
        return [f"{_in_words(row, names)} = {value:g}" for row, value in rows]


def read_hypothesis(fit: Fit, L: Any, rhs: npt.ArrayLike = 0.0) -> Hypothesis:
    """Turn what a user gives into contrasts.

    L: words; names with their weights; or numbers, (p,) or (m, p), over the coefficients in ``fit.params``.
    rhs: float or (m,) array, what the contrasts are under the hypothesis; in words it stands on the right of
        ``=``.
    Raises ArgumentError if a coefficient does not exist or was dropped, numbers have the wrong shape, or a
        contrast is empty.
    """
    names = fit.model.design.column_names
    if isinstance(L, str):
        contrasts, values = parse_hypotheses(L, names)
    elif isinstance(L, Mapping):
        contrasts, values = _weights(L, names), np.zeros(1)
    elif _is_text(L):
        parsed = [parse_hypotheses(text, names) for text in L]
        contrasts = np.vstack([rows for rows, _ in parsed])
        values = np.concatenate([part for _, part in parsed])
    else:
        contrasts = _numbers(fit, L)
        values = np.zeros(len(contrasts))
    values = values + _right_side(rhs, values)
    _require_estimable(fit, contrasts)
    return Hypothesis(contrasts, values)


def _is_text(L: Any) -> bool:
    return isinstance(L, Sequence) and len(L) > 0 and all(isinstance(item, str) for item in L)


def _weights(L: Mapping[str, float], names: Sequence[str]) -> FloatArray:
    unknown = [name for name in L if name not in names]
    if unknown:
        raise ArgumentError(
            f"L= names {quote_list(unknown)}, which are not coefficients. "
            f"Coefficients: {quote_list(names, 25)}"
        )
    return np.array([[float(L.get(name, 0.0)) for name in names]])


def _numbers(fit: Fit, L: Any) -> FloatArray:
    try:
        rows = np.atleast_2d(np.array(L, dtype=np.float64))
    except (TypeError, ValueError):
        raise ArgumentError(
            f"L= must be hypotheses in words such as 'days = 0', or numbers, not {L!r}"
        ) from None
    kept, p = fit.model.cross.columns, len(fit.model.design.column_names)
    if rows.ndim != 2 or rows.shape[1] not in (p, len(kept)) or rows.shape[0] == 0:
        raise ArgumentError(
            f"L= must have {p} columns, one per coefficient "
            f"({quote_list(fit.model.design.column_names, 25)}); it has shape {np.shape(L)}"
        )
    if not np.isfinite(rows).all():
        raise ArgumentError("L= must be finite")
    if rows.shape[1] == p:
        return rows
    whole = np.zeros((len(rows), p))
    whole[:, kept] = rows
    return whole


def _right_side(rhs: npt.ArrayLike, values: FloatArray) -> FloatArray:
    try:
        given = np.array(rhs, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"rhs= must be a number or {len(values)} numbers, not {rhs!r}") from None
    if given.shape not in ((), (1,), values.shape) or not np.isfinite(given).all():
        raise ArgumentError(
            f"rhs= must be a finite number or {len(values)} of them, one per hypothesis; got {rhs!r}"
        )
    if np.any(given != 0) and np.any(values != 0):
        raise ArgumentError("rhs= and a value on the right of '=' are both given: leave one of them out")
    return np.broadcast_to(given, values.shape)


def _require_estimable(fit: Fit, contrasts: FloatArray) -> None:
    names = fit.model.design.column_names
    dropped = np.setdiff1d(np.arange(len(names)), fit.model.cross.columns)
    used = [names[i] for i in dropped if np.any(contrasts[:, i] != 0)]
    if used:
        raise ArgumentError(
            f"not estimable: {quote_list(used)} {'was' if len(used) == 1 else 'were'} dropped from the model "
            "as a combination of other columns; state the hypothesis in the other coefficients"
        )
    empty = np.flatnonzero(~np.any(contrasts != 0, axis=1))
    if empty.size:
        raise ArgumentError(f"row {empty[0]} of L= (rows count from 0) is zero everywhere: it tests nothing")


def _in_words(row: FloatArray, names: Sequence[str]) -> str:
    text = ""
    for weight, name in zip(row, names, strict=True):
        if weight == 0:
            continue
        sign = "-" if weight < 0 else "+"
        size = "" if abs(weight) == 1 else f"{abs(weight):g}*"
        text += f" {sign} {size}{name}" if text else f"{'-' if weight < 0 else ''}{size}{name}"
    return text
