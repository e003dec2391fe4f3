"""Rows that a fit for repeated measures has not seen: what its subjects' other visits say of them, draws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..design.random_terms import GroupSpec
from ..errors import DataError, NewLevelError
from ..frame import Table
from ..frame.factors import as_factor, recode, subjects_of
from .blocks import cholesky_of, subject_blocks, whitened
from .flat import known_matrices

if TYPE_CHECKING:
    from .fit import VisitFit

Codes = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Given:
    """What responses of the same subject say of each new row."""

    mean: FloatArray  # (m,): added to x'beta
    X: FloatArray  # (m, p): subtracted from x: the error of beta counts as that of the difference
    variance: FloatArray  # (m,): of a new response, given the others and beta


def given_observed(fit: VisitFit, newdata: Any) -> Given:
    """Return what the subjects' observed residuals say of new rows."""
    model = fit.model
    visit, arm = visit_and_arm(fit, newdata)
    table = Table(newdata, "the new data")
    subject = _codes(table, model.visits.subject_group)
    kept = model.cross.columns
    out = Given(np.zeros(len(visit)), np.zeros((len(visit), len(kept))), own_variance(fit, visit, arm))
    wanted: dict[int, list[int]] = {}
    for row, code in enumerate(subject.tolist()):
        if code >= 0:
            wanted.setdefault(code, []).append(row)
    if not wanted:
        return out
    X = np.asarray(model.design.X[:, kept])
    for block in subject_blocks(model.visits):
        subjects = model.visits.subject[block.rows[:, 0]]
        chosen = [j for j, code in enumerate(subjects.tolist()) if code in wanted]
        if not chosen:
            continue
        e, whiteX = whitened(fit, block, np.asarray(fit.resid)), whitened(fit, block, X)
        sigma = fit.point.sigma[block.arm]
        back = np.linalg.inv(cholesky_of(fit, block))
        for j in chosen:
            rows = wanted[int(subjects[j])]
            cross = sigma[np.ix_(visit[rows], block.visits)] @ back.T
            out.mean[rows] = cross @ e[j]
            out.X[rows] = cross @ whiteX[j]
            left = np.diag(sigma)[visit[rows]] - np.einsum("rs,rs->r", cross, cross)
            out.variance[rows] = np.maximum(left, 0.0)
    return out


def own_variance(fit: VisitFit, visit: Codes, arm: Codes) -> FloatArray:
    """Return the variance of a response of weight one."""
    variances = np.array([np.diag(sigma) for sigma in known_matrices(fit)])
    return np.asarray(np.where(visit < 0, np.nan, variances[arm, visit]))


def visit_and_arm(fit: VisitFit, newdata: Any) -> tuple[Codes, Codes]:
    """Return the codes of new rows. Raises NewLevelError for a visit or arm that the fit has not seen."""
    table, term, visits = Table(newdata, "the new data"), fit.model.term, fit.model.visits
    visit = recode(as_factor(table.column(term.visit)), visits.visit_levels)[0]
    arm = np.zeros(len(visit), dtype=np.intp)
    if term.by:
        arm = _codes(table, visits.arm_group)
    for name, codes in ((term.visit, visit), (":".join(term.by), arm)):
        if (codes < 0).any():
            raise NewLevelError(
                f"the new data have values of '{name}' that the fit has not seen, or missing ones (first in "
                f"row {int(np.argmax(codes < 0))}, rows count from 0): the covariance matrix has no place "
                "for them"
            )
    return visit, arm


def _codes(table: Table, group: GroupSpec | None) -> Codes:
    assert group is not None  # of sums, the arms alone are known, and no rows are asked for
    return group.codes({name: table.column(name) for name in group.columns})


def draws(fit: VisitFit, newdata: Any, n: int, random: np.random.Generator) -> FloatArray:
    """Return residuals of new rows, (m, n): those of a subject correlate.

    Raises DataError: two rows of a subject at one visit.
    """
    visit, arm = visit_and_arm(fit, newdata)
    table = Table(newdata, "the new data")
    subject = subjects_of([table.column(name) for name in fit.model.term.subject]).codes
    _, first, count = np.unique(subject * np.int64(64) + visit, return_index=True, return_counts=True)
    if count.max(initial=1) > 1:
        row = int(first[np.argmax(count > 1)])
        raise DataError(
            f"the new data have two rows of one subject at one visit (the first is row {row}, rows count "
            "from 0): keep one"
        )
    noise = random.standard_normal((len(visit), n))
    out = np.empty_like(noise)
    order = np.lexsort((visit, subject))
    border = np.flatnonzero(np.diff(subject[order])) + 1
    for rows in np.split(order, border):
        sigma = fit.point.sigma[arm[rows[0]]]
        out[rows] = np.linalg.cholesky(sigma[np.ix_(visit[rows], visit[rows])]) @ noise[rows]
    return out
