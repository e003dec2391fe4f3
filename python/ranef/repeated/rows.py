"""Answers with an entry per row: fitted values, residuals, predictions, simulated responses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError, NewLevelError, require_choice
from ..estimates.simulation import counted, seeded
from ..frame import Table
from ..frame.factors import as_factor, combine, recode
from .blocks import cholesky_of, subject_blocks, whitened

if TYPE_CHECKING:
    from .fit import VisitFit


def fittedvalues(fit: VisitFit) -> FloatArray:
    """Return X beta + offset on the rows used, (n,)."""
    design = fit.model.design
    mean = design.matrix.take(fit.model.cross.columns) @ fit.solution["beta"]
    return mean if design.offset is None else mean + design.offset


def residuals(fit: VisitFit, type: str = "response") -> FloatArray:
    """Return residuals on the rows used, (n,).

    Parameters
    ----------
    fit : VisitFit
    type : {"response", "pearson", "normalized"}
        Response minus fitted value; divided by its standard deviation; multiplied by the inverse Cholesky
        factor of the subject's covariance matrix, so that under the model they are independent with
        variance one (nlme's name).

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    >>> float(abs(fit.residuals("normalized")).max()) < 5
    True
    """
    require_choice("type", type, ("response", "pearson", "normalized"))
    if type == "response":
        return np.asarray(fit.resid)
    visits, weights = fit.model.visits, fit.model.design.weights
    if type == "pearson":
        sd = np.sqrt(np.array([np.diag(sigma) for sigma in fit.point.sigma]))
        own = sd[0 if visits.arm is None else visits.arm, visits.visit]
        return np.asarray(np.asarray(fit.resid) / own * (1.0 if weights is None else np.sqrt(weights)))
    out = np.empty(fit.nobs)
    for block in subject_blocks(visits):
        out[block.rows] = whitened(fit, block, np.asarray(fit.resid))
    return out


def predict(fit: VisitFit, newdata: Any = None, conditional: bool = False) -> FloatArray:
    """Return means of rows.

    Parameters
    ----------
    fit : VisitFit
    newdata : table, optional
        Rows with the predictors; by default the rows used.
    conditional : bool
        Given the responses of the same subject that were used in the fit: what a subject who was above its
        mean at the visits observed is expected to have at another visit, whose row must name subject, visit
        (and arm, where each has its own matrix). A subject the fit has not seen gets the mean.

    Returns
    -------
    (m,) float64
        A Series with the index of the rows where they are pandas'.
        NaN where a predictor is missing.

    Raises
    ------
    NewLevelError
        For a visit, or with `conditional` an arm, that the fit has not seen.

    Notes
    -----
    The conditional mean is x'beta + Sigma[t, O] Sigma[O, O]^-1 (y_O - X_O beta), weights as in the fit for
    the rows observed, one for the new row.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("asthma")
    >>> fit = ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", data)
    >>> fit.predict(data.iloc[:2]).index.equals(data.index[:2])
    True
    """
    design = fit.model.design
    if newdata is None:
        if conditional:
            raise ArgumentError(
                "conditional=True predicts visits of a subject from its others: give newdata="
            )
        return np.asarray(fit.fittedvalues)
    new = design.spec.rows(newdata, random=False)
    mean = np.asarray(new.X[:, fit.model.cross.columns] @ fit.solution["beta"])
    if new.offset is not None:
        mean = mean + new.offset
    return mean + _given_observed(fit, newdata) if conditional else mean


def _given_observed(fit: VisitFit, newdata: Any) -> FloatArray:
    """Return what the subject's observed residuals add to the mean of each new row."""
    model, table = fit.model, Table(newdata, "the new data")
    subject = _codes(table, model.term.subject, model.visits.subject_levels)
    visit = _codes(table, (model.term.visit,), model.visits.visit_levels)
    if (visit < 0).any():
        raise NewLevelError(
            f"the new data have visits of '{model.term.visit}' that the fit has not seen, or missing ones"
        )
    out = np.zeros(len(visit))
    wanted: dict[int, list[int]] = {}
    for row, code in enumerate(subject.tolist()):
        if code >= 0:
            wanted.setdefault(code, []).append(row)
    for block in subject_blocks(model.visits):
        subjects = model.visits.subject[block.rows[:, 0]]
        chosen = [j for j, code in enumerate(subjects.tolist()) if code in wanted]
        if not chosen:
            continue
        e, sigma = whitened(fit, block, np.asarray(fit.resid)), fit.point.sigma[block.arm]
        back = np.linalg.inv(cholesky_of(fit, block)).T
        for j in chosen:
            rows = wanted[int(subjects[j])]
            out[rows] = sigma[np.ix_(visit[rows], block.visits)] @ (back @ e[j])
    return out


def _codes(table: Table, names: tuple[str, ...], levels: Any) -> Any:
    factors = [as_factor(table.column(name)) for name in names]
    factor = factors[0] if len(factors) == 1 else combine(":".join(names), factors)[0]
    return recode(factor, levels)[0]


def simulate(fit: VisitFit, n: int = 1, seed: Any = None) -> FloatArray:
    """Return responses drawn from the fitted model.

    Parameters
    ----------
    fit : VisitFit
    n : int
        Number of draws.
    seed : int or numpy Generator, optional

    Returns
    -------
    (n, rows used) float64
        One row per response.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    >>> fit.simulate(3, seed=1).shape == (3, fit.nobs)
    True
    """
    noise = seeded(seed).standard_normal((fit.nobs, counted(n, fit.nobs)))
    weights = fit.model.design.weights
    out = np.empty_like(noise)
    for block in subject_blocks(fit.model.visits):
        drawn = np.einsum("st,jtn->jsn", cholesky_of(fit, block), noise[block.rows])
        if weights is not None:
            drawn = drawn / np.sqrt(weights[block.rows])[:, :, None]
        out[block.rows] = drawn
    return np.ascontiguousarray(out.T) + np.asarray(fit.fittedvalues)
