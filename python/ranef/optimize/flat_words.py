"""What has no estimate in a model, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from ..model import Model
from ..theta import parts

Mask = npt.NDArray[np.bool_]

SIGMA_UNKNOWN = "the residual variance has no estimate: other variances say the same"
_WITH_RESIDUAL = "other variances, or the residual one, say the same"
_RESIDUAL = "it is a part of the residual variance"


def flat_words(
    model: Model, held: Mask, alone: Mask, unknown: Mask, unseen: Mask, sigma: bool
) -> Iterator[str]:
    """Say for every term that has something without an estimate what it is, and why.

    held, alone, unknown, (k,) bool: see `Flat`; elements that are flat by themselves.
    unseen, (k,) bool: elements that touch no row, whatever the fixed effects.
    """
    terms = zip(model.design.terms, parts(model.term_widths), strict=True)
    for term, (width, place, rows, columns) in terms:
        if not unknown[place].any():
            continue
        names = ["1" if name == "Intercept" else name for name in term.columns]
        label = term.as_written
        diagonal = np.flatnonzero(rows == columns)
        dead = [names[rows[k]] for k in diagonal if alone[place][k]]
        every_row = term.factor.n_levels >= model.nobs
        if len(dead) == width and not unseen[place].any():
            why = _RESIDUAL if every_row else "its levels are told apart by the fixed effects"
            yield f"the variance of {label} has no estimate: {why}"
        elif dead:
            zero = unseen[place][[k for k in diagonal if alone[place][k]]].all()
            why = "the fixed effects tell its levels apart"
            why = "the column is zero in every row" if zero else _RESIDUAL if every_row else why
            listed = " and ".join(dead)
            yield f"the variance of {listed} in {label} has no estimate: {why}"
        elif held[place].all():
            yield f"the variance of {label} has no estimate: other terms say the same"
        elif sigma and not held[place].any():
            what = "variance of {label} has" if width == 1 else "variances of {label} have"
            yield f"the {what.format(label=label)} no estimate: {_WITH_RESIDUAL}"
        elif (rows != columns)[unknown[place]].all():
            what = _correlations(names, rows, columns, unknown[place])
            yield f"{what} in {label}: no level of {term.group} has both"
        else:
            yield _constant(names, label, term.group)
    if sigma:
        yield SIGMA_UNKNOWN


def beside_words(model: Model, unknown: Mask, sigma: bool) -> Iterator[str]:
    """Say for every term what has no estimate because parameters of the residuals say the same."""
    for term, (_, place, rows, columns) in zip(model.design.terms, parts(model.term_widths), strict=True):
        gone = [term.columns[row] for row in rows[(rows == columns) & unknown[place]]]
        names = " and ".join("1" if name == "Intercept" else name for name in gone)
        if gone:
            have = "the variance of {} has" if len(gone) == 1 else "the variances of {} have"
            what = have.format(f"{names} by {term.group}")
            yield f"{what} no estimate: parameters of the residuals say the same"
        elif unknown[place].any():
            yield f"correlations by {term.group} have no estimate: parameters of the residuals say the same"
    if sigma:
        yield SIGMA_UNKNOWN


def _constant(names: list[str], label: str, group: str) -> str:
    """Of a term whose columns do not vary within the levels, or not enough for all its variances."""
    what = " and ".join(name for name in names if name != "1")
    advice = f"use (1 | {group}), or || with a column for each kind of level"
    if len(names) == 2:
        return (
            f"the variance of {what} and its correlation have no estimate in {label}: "
            f"{what} does not vary within {group}; {advice}"
        )
    return (
        f"variances and correlations of {label} have no estimate: {what} hardly vary within {group}; {advice}"
    )


def _correlations(
    names: list[str], rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], which: Mask
) -> str:
    pairs = [f"{names[c]} and {names[i]}" for i, c in zip(rows[which], columns[which], strict=True)]
    if len(pairs) == 1:
        return f"the correlation of {pairs[0]} has no estimate"
    return f"the correlations of {', '.join(pairs)} have no estimates"
