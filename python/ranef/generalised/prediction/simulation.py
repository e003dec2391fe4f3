"""Responses drawn from a fitted generalised model."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...design.vectors import values_in
from ...errors import DataError, FitError
from ...estimates.simulation import Drawing, counted, new_weights, rows_of
from ...frame import Table
from ..families.truncated import draw_above_zero
from ..fit import GlmerFit


def drawn(fit: GlmerFit, asked: Drawing) -> FloatArray:
    """Return responses drawn from a generalised model, see `simulate`."""
    rng, newdata = asked.generator, asked.newdata
    rows = rows_of(fit, newdata, asked.use_u, asked.allow_new_levels)
    count = counted(asked.n, rows.mean.size)
    trials = fit.response.trials if newdata is None else _trials(fit, newdata)
    out = np.empty((count, rows.mean.size))
    phi = np.broadcast_to(fit.row_dispersion(newdata), rows.mean.shape)
    known, factors = ~np.isnan(rows.mean) & ~np.isnan(phi), fit.model.covariance_factors(fit.theta)
    for row in out:
        eta = rows.mean + rows.random_part(factors, rng)
        row[:] = np.nan
        row[known] = _draw(fit, eta[known], trials[known], phi[known], rng)
    return out


def _trials(fit: GlmerFit, newdata: Any) -> FloatArray:
    """Return the trials of new rows."""
    formula, table = fit.model.formula, Table(newdata, "the new data")
    if len(formula.responses) == 2:
        trials = np.add(*(values_in(table, code, formula) for code in formula.responses))
    elif fit.family.kind.trials and fit.response.trials.max() > 1:
        trials = new_weights(fit, newdata)
    else:
        return np.ones(table.n_rows)
    if not (trials >= 1).all():
        raise DataError("the new data must have one trial or more in each row")
    return trials


def _draw(
    fit: GlmerFit, eta: FloatArray, trials: FloatArray, phi: FloatArray, rng: np.random.Generator
) -> FloatArray:
    try:
        return _drawn(fit, fit.family.link.inverse(eta), trials, phi, rng)
    except ValueError:  # numpy's word on a mean or shape that has no distribution
        raise FitError(
            f"some means drawn are outside the range of the {fit.family.kind.label} family with the "
            f"{fit.family.link.name} link, so that they have no responses: use "
            f"link='{fit.family.kind.links[0]}', or look for rows far from the others"
        ) from None


def _drawn(
    fit: GlmerFit, mu: FloatArray, trials: FloatArray, phi: FloatArray, rng: np.random.Generator
) -> FloatArray:
    name = fit.family.name
    if name == "binomial":
        return rng.binomial(trials.astype(np.int64), mu) / trials
    if name == "betabinomial":
        share = rng.beta(mu * phi, (1 - mu) * phi)
        return rng.binomial(trials.astype(np.int64), share) / trials
    if name == "beta":
        return np.clip(rng.beta(mu * phi, (1 - mu) * phi), np.nextafter(0, 1), np.nextafter(1, 0))
    if name == "gaussian":
        return rng.normal(mu, np.sqrt(phi))
    if name == "gamma":
        return np.maximum(rng.gamma(phi, mu / phi), np.finfo(float).tiny)
    if name == "inverse_gaussian":
        return rng.wald(mu, phi)
    if fit.family.kind.truncated:
        shape = {"poisson": None, "nbinom1": mu / phi, "nbinom2": phi}[fit.family.base]
        return draw_above_zero(mu, shape, rng)
    if name == "nbinom1":
        mu = rng.gamma(mu / phi, phi)
    if name == "nbinom2":
        mu = rng.gamma(phi, mu / phi)
    return rng.poisson(mu).astype(np.float64)
