"""The hypotheses of an analysis of variance: type I (sequential), II (hierarchical), III (marginal means).

After the construction of SAS PROC GLM as lmerTest describes it. Type III starts from the estimable
functions of the model with a column for every combination of levels; those of a term are made orthogonal to
those of the terms that contain it, so that the hypothesis does not depend on the coding of the factors.
(lmerTest 3.1 overlooks that ``a`` is contained in ``a:b`` when ``b`` has no main effect, and tests it at
the base level of ``b``; here it is the mean over b.)

References
----------
SAS Institute (1978), Tests of hypotheses in fixed-effects linear models, SAS Technical Report R-101.
Goodnight (1980), Tests of hypotheses in fixed effects linear models, Communications in Statistics A9,
167-180.
Kuznetsova, Brockhoff & Christensen (2017), lmerTest package, Journal of Statistical Software 82(13),
section 2.3.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solve_triangular

from ..arrays import FloatArray
from ..design.structure import Structure, Term, structure
from ..fit import Fit
from .aliasing import aliases, fixed_factor
from .made_up_rows import coded, made_up_values, spelt_out

Hypotheses = dict[str, FloatArray]

_SMALL = 1e-8


def hypotheses(fit: Fit, type: int) -> Hypotheses:
    """Return term -> contrasts (rows, kept columns of X), no rows where nothing of it can be estimated."""
    shape = structure(fit.model.design.spec.fixed)
    tested = [term for term in shape.terms if term.variables]
    if type == 1 or len(tested) < 2:
        return _sequential(fit, shape, tested)
    return _hierarchical(fit, shape, tested) if type == 2 else _marginal_means(fit, shape, tested)


def _kept_columns(fit: Fit, term: Term) -> list[int]:
    """Return the positions of a term's columns among the kept ones."""
    kept = fit.model.cross.columns.tolist()
    return [kept.index(column) for column in range(term.first, term.last) if column in kept]


def _doolittle(factor: FloatArray) -> FloatArray:
    """Return the unit upper triangular rows of X'X = U'DU from any A with A'A = X'X."""
    upper = np.linalg.qr(factor, mode="r")
    return upper / np.diag(upper)[:, None]


def _sequential(fit: Fit, shape: Structure, tested: list[Term]) -> Hypotheses:
    """Each term after those before it."""
    rows = _doolittle(fixed_factor(fit.model))
    return {term.name: rows[_kept_columns(fit, term)] for term in tested}


def _hierarchical(fit: Fit, shape: Structure, tested: list[Term]) -> Hypotheses:
    """Each term after all that do not contain it."""
    factor, out = fixed_factor(fit.model), {}
    size = factor.shape[1]
    for term in tested:
        own = _kept_columns(fit, term)
        above = [c for other in tested if shape.contains(other, term) for c in _kept_columns(fit, other)]
        if not above:
            out[term.name] = np.eye(size)[own]
            continue
        last = own + above
        order = [column for column in range(size) if column not in set(last)] + last
        rows = _doolittle(factor[:, order])[size - len(last) : size - len(above)]
        back = np.empty((len(own), size))
        back[:, order] = rows
        out[term.name] = back
    return out


def _marginal_means(fit: Fit, shape: Structure, tested: list[Term]) -> Hypotheses:
    """Each term on its own footing: contrasts that involve no term that contains it more than they must.

    All matrices are in the coordinates of the kept columns K of X: the columns of X are K M (see
    `aliases`), those of the treatment coding K M T, those with every combination of levels spelt out K M S.
    """
    values = made_up_values(shape, len(fit.model.design.column_names))
    X = coded(shape, values)
    both = _as_kept_columns(fit, X, [coded(shape, values, treated=True), spelt_out(shape, values)])
    treated, spelt = both[:, : X.shape[1]], both[:, X.shape[1] :]
    chosen = _independent_columns(treated)
    # rows: the general form of the estimable functions, in treatment coding
    general = _solve(treated[:, chosen], spelt).T
    owner = [term for term in shape.terms for _ in term.columns]
    position = {term.name: [i for i, c in enumerate(chosen) if owner[c] is term] for term in shape.terms}
    for term in sorted(tested, key=lambda term: -len(term.variables)):
        above = [i for other in tested if shape.contains(other, term) for i in position[other.name]]
        own = position[term.name]
        if above and own:
            basis = general[:, above]
            general[:, own] -= basis @ _solve(basis, general[:, own])
    # from the parameters of the spelt-out columns to the kept coefficients
    inward = _solve(spelt.T, general).T
    out = {term.name: inward[position[term.name]] for term in tested}
    return {name: _cleared(rows) for name, rows in out.items()}


def _cleared(rows: FloatArray) -> FloatArray:
    """Return contrasts without what rounding left: coefficients may be of very different size."""
    largest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
    rows = np.where(np.abs(rows) > _SMALL * largest, rows, 0.0)
    return rows[np.abs(rows).sum(axis=1) > _SMALL]


def _as_kept_columns(fit: Fit, X: FloatArray, others: list[FloatArray]) -> FloatArray:
    """Return the columns of other codings on made-up rows, side by side, as functions of the kept ones."""
    return aliases(fit.model) @ _codings(X, np.hstack(others))


def _solve(X: FloatArray, columns: FloatArray) -> FloatArray:
    """Return C with X C = columns: by QR where X has full rank, as singular values take far longer."""
    if X.shape[0] >= X.shape[1]:
        q, r = np.linalg.qr(X)
        if _has_full_rank(r):
            return np.asarray(solve_triangular(r, q.T @ columns), dtype=np.float64)
    return np.asarray(np.linalg.lstsq(X, columns, rcond=None)[0], dtype=np.float64)


def _has_full_rank(upper: FloatArray) -> bool:
    diagonal = np.abs(np.diag(upper))
    return bool(diagonal.min(initial=np.inf) > _SMALL * diagonal.max(initial=0.0))


def _codings(X: FloatArray, columns: FloatArray) -> FloatArray:
    """Return C with X C = columns; made-up numbers are of order one, so tiny weights are rounding."""
    found = _solve(X, columns)
    found[np.abs(found) < _SMALL] = 0.0  # else a column of an empty cell would count as one of its own
    return found


def _independent_columns(matrix: FloatArray) -> list[int]:
    """Return the columns that are not combinations of earlier ones."""
    if matrix.shape[0] >= matrix.shape[1] and _has_full_rank(np.asarray(np.linalg.qr(matrix, mode="r"))):
        return list(range(matrix.shape[1]))
    chosen: list[int] = []
    rows = np.empty((min(matrix.shape), matrix.shape[0]))
    for index, column in enumerate(matrix.T):
        basis = rows[: len(chosen)]
        rest = column - (basis @ column) @ basis
        rest -= (basis @ rest) @ basis
        length = float(np.linalg.norm(rest))
        if len(chosen) < len(rows) and length > _SMALL * max(float(np.linalg.norm(column)), _SMALL):
            rows[len(chosen)] = rest / length
            chosen.append(index)
    return chosen
