"""Predictions of the linear predictor or the mean: of groups, of the typical group, on average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..errors import ArgumentError, require_choice
from ..estimates import prediction as linear
from ..estimates.subset import chosen_columns
from .fit import GlmerFit

SCALES = ("response", "link")
_NODES = 20


def predict(
    fit: GlmerFit,
    newdata: Any = None,
    random: str | Sequence[str] | None = "all",
    allow_new_levels: bool = False,
    *,
    scale: str = "response",
    averaged: bool = False,
) -> FloatArray:
    """Predict the mean or the linear predictor.

    Parameters
    ----------
    fit : GlmerFit
    newdata : table, optional
        By default the rows the model was fitted to.
    random : "all", None, or list of str
        The conditional modes that are added: all, none (a group whose random effects are zero, the typical
        group), or
        those of the terms listed, see `ranef.Fit.predict`.
    allow_new_levels : bool
        Predict a level the fit has not seen with a random effect of zero.
    scale : {"response", "link"}
        The mean (of one trial, where there are trials), or the linear predictor.
    averaged : bool
        The mean averaged over the population of groups, with ``random=None``: in closed form for the log and
        probit
        links, else by 20 nodes of Gauss-Hermite quadrature. The mean of a typical group is not the average
        of means.

    Returns
    -------
    (m,) float64
        NaN in rows where a predictor is missing.

    Raises
    ------
    ArgumentError
        For an unknown scale; for averages of the linear predictor, or with modes.

    References
    ----------
    Zeger, Liang & Albert (1988), Models for longitudinal data: a generalized estimating equation approach,
    Biometrics 44, 1049-1060.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> new = {"period": ["1", "4"], "herd": ["1", "1"]}
    >>> fit.predict(new, random=None).round(3)
    array([0.198, 0.048])
    >>> fit.predict(new, random=None, averaged=True).round(3)
    array([0.216, 0.057])
    """
    require_choice("scale", scale, SCALES)
    if not averaged:
        eta = linear.predict(fit, newdata, random, allow_new_levels)
        return fit.family.link.inverse(eta) if scale == "response" else eta
    if scale == "link":
        raise ArgumentError("averaged=True is an average of means: leave out scale='link'")
    if random is not None:
        raise ArgumentError(
            "averaged=True averages over the groups, with none of their modes: give random=None"
        )
    eta = linear.predict(fit, newdata, None, True)
    return average_mean(fit, eta, marginal_variance(fit, newdata))


def fittedvalues(fit: GlmerFit) -> FloatArray:
    """Return the mean of each used row at the modes, (n,); of one trial where there are trials."""
    return fit.family.link.inverse(fit.linear_predictor)


def marginal_variance(fit: GlmerFit, newdata: Any = None) -> FloatArray:
    """Return z'Dz of each row: the variance of the linear predictor over the population of groups, (m,)."""
    model = fit.model
    if newdata is None:
        bases = [term.basis for term in model.design.terms]
    else:
        bases = [basis for _, basis in model.design.spec.rows(newdata, allow_new_levels=True).terms]
    factors = model.covariance_factors(fit.theta)
    assert len(bases) == len(chosen_columns(model.design, "all"))
    return np.sum(
        [((basis @ factor) ** 2).sum(axis=1) for basis, factor in zip(bases, factors, strict=True)], axis=0
    )


def average_mean(fit: GlmerFit, eta: FloatArray, variance: FloatArray) -> FloatArray:
    """Return the mean at eta + e averaged over e ~ N(0, variance), (m,)."""
    link = fit.family.link
    if link.name == "log":
        return link.inverse(eta + variance / 2)
    if link.name == "probit":
        return link.inverse(eta / np.sqrt(1 + variance))
    nodes, weights = np.polynomial.hermite_e.hermegauss(_NODES)
    means = link.inverse(eta[:, None] + np.sqrt(variance)[:, None] * nodes)
    return means @ (weights / weights.sum())
