"""Scores of random terms that are not in the model: what adding one would gain, without fitting it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, diags
from scipy.special import chdtrc

from ...arrays import FloatArray
from ...coordinates import Orthonormal
from ...errors import ArgumentError, DataError
from ...frame import FactorColumn, Table
from ...frame.factors import as_factor
from ..fit import GlmerFit
from ..prediction.errors import working_equations

_OBSERVATION = "(1 | observation)"
_MOST_LEVELS = 3000


def missing_terms(fit: GlmerFit, data: Any = None, groups: Sequence[str] | None = None) -> pd.DataFrame:
    """Score random terms that are not in the model.

    At the fit, the derivative of -2 log L in the variance of a further random term says whether the term
    would improve the fit: no refit is needed. Scored are an effect of every observation (overdispersion),
    slopes of the fixed part's columns by each grouping factor, and with `data` intercepts by its other
    factors.

    Parameters
    ----------
    fit : GlmerFit
    data : table, optional
        The data of the fit, for grouping factors that are not in the model.
    groups : sequence of str, optional
        The columns of `data` to try; by default text and categorical ones.

    Returns
    -------
    DataFrame
        A row per term, the most promising first: ``score`` (minus the derivative: positive where a variance
        improves the fit), ``z`` (over its standard deviation), ``variance`` (a first estimate: one scoring
        step) and ``p``, one-sided, by a chi-squared with the score's first two moments.

    Notes
    -----
    The moments are those of the working linear model with estimated coefficients. With few trials in a row
    the p-value is rough; a likelihood ratio (`ranef.anova`) or `ranef.pbtest` settles it.

    References
    ----------
    Lin (1997), Variance component testing in generalised linear models with random effects, Biometrika 84,
    309-326.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.missing_terms().index[0]
    '(1 | observation)'
    """
    candidates = _candidates(fit)
    if data is not None:
        candidates |= _of_data(fit, data, groups)
    elif groups is not None:
        raise ArgumentError("groups= names columns of data=: give the data of the fit too")
    rows = {}
    for name, (codes, column, levels) in candidates.items():
        if levels > _MOST_LEVELS and name != _OBSERVATION:
            continue
        rows[name] = _score(fit, codes, column, levels)
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["score", "z", "variance", "p"])
    return table.sort_values("z", ascending=False)


def _candidates(fit: GlmerFit) -> dict[str, tuple[Any, FloatArray, int]]:
    design, n = fit.model.design, fit.nobs
    have = {(term.group, name) for term in design.terms for name in term.columns}
    sizes = {factor.name: factor.n_levels for factor in design.factors}
    out: dict[str, tuple[Any, FloatArray, int]] = {}
    single = fit.family.name == "binomial" and float(fit.response.trials.max()) <= 1
    if not single and n not in sizes.values():
        out[_OBSERVATION] = (np.arange(n), np.ones(n), n)
    for factor in design.factors:
        if factor.n_levels >= n:
            continue
        for place in fit.model.cross.columns:
            name = design.column_names[place]
            if (factor.name, name) in have:
                continue
            column = design.matrix.take([place]).array[:, 0]
            if name == "Intercept":
                out[f"(1 | {factor.name})"] = (factor.codes, column, factor.n_levels)
            elif _varies_within(factor.codes, column):
                centred = column - column.mean()
                out[f"(0 + {name} | {factor.name})"] = (factor.codes, centred, factor.n_levels)
    return out


def _varies_within(codes: Any, column: FloatArray) -> bool:
    count = np.bincount(codes)
    mean = np.bincount(codes, column) / np.maximum(count, 1)
    return bool(np.abs(column - mean[codes]).max() > 1e-10 * max(1.0, np.abs(column).max()))


def _of_data(
    fit: GlmerFit, data: Any, groups: Sequence[str] | None
) -> dict[str, tuple[Any, FloatArray, int]]:
    table, design = Table(data, "data="), fit.model.design
    if table.n_rows != design.nobs + design.n_dropped:
        raise DataError(
            f"data= must be the {design.nobs + design.n_dropped} rows the model was fitted to; it has "
            f"{table.n_rows}"
        )
    inside = {factor.name for factor in design.factors}
    wanted = (
        [n for n in table.names if isinstance(table.column(n), FactorColumn)] if groups is None else groups
    )
    out = {}
    for name in wanted:
        factor = as_factor(table.column(name))
        codes = np.asarray(factor.codes)[np.asarray(design.rows)]
        known = name in inside or name in design.spec.fixed.columns
        if known or (codes < 0).any() or not 1 < len(factor.levels) < design.nobs:
            continue
        out[f"(1 | {name})"] = (codes, np.ones(fit.nobs), len(factor.levels))
    return out


def _score(fit: GlmerFit, codes: Any, column: FloatArray, levels: int) -> tuple[float, float, float, float]:
    """Return score, z, a first variance and p of a term with one column."""
    system = working_equations(fit)
    n = fit.nobs
    Z = csr_matrix((column, (np.arange(n), codes)), shape=(n, levels))
    w = np.asarray(system.terms and fit_weights(fit))
    e = np.asarray(Z.T @ row_scores(fit)).ravel()
    WZ = diags(w) @ Z
    inner = np.asarray((system.own.T @ WZ).todense())
    # of columns with the same span, without the user's origins
    R = np.asarray(np.linalg.qr(np.sqrt(np.abs(w))[:, None] * system.X, mode="r"))
    X = Orthonormal(R).fixed(system.X)
    weighted = np.asarray((diags(w) @ system.own).T @ X)
    U = system.solve(np.ascontiguousarray(weighted))
    XW = (X.T * w) @ X - U.T @ weighted
    XP = np.asarray(WZ.T @ X) - inner.T @ U
    C = np.linalg.pinv(XW)
    if levels <= _MOST_LEVELS:
        B = np.asarray((Z.T @ WZ).todense()) - inner.T @ system.solve(np.ascontiguousarray(inner))
        B -= XP @ C @ XP.T
        trace, square = float(np.trace(B)), float((B**2).sum())
    else:  # an effect of every row: neighbours' covariances are left out
        h = np.asarray(WZ.multiply(Z).sum(axis=0)).ravel()
        h -= np.einsum("ij,ij->j", inner, system.solve(np.ascontiguousarray(inner)))
        h -= np.einsum("ij,jk,ik->i", XP, C, XP)
        trace, square = float(h.sum()), float((h**2).sum())
    size = float(e @ e)
    score, spread = size - trace, np.sqrt(2 * square)
    df, scale = trace**2 / square, square / trace  # of a scaled chi-squared with these moments
    p = float(chdtrc(df, max(size, 0.0) / scale)) if trace > 0 else np.nan
    return score, score / spread, max(score / square, 0.0), p


def fit_weights(fit: GlmerFit) -> FloatArray:
    """Return the observed weight of each row, (n,)."""
    return np.asarray(working_equations(fit).fit.model.design.weights)


def row_scores(fit: GlmerFit) -> FloatArray:
    """Return the derivative of each row's log-likelihood in its linear predictor, (n,)."""
    return np.asarray(fit.model.row_kernels(fit.found, fit.linear_predictor)["s"])
