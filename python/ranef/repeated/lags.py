"""Residuals of a model for repeated measures beside its covariance matrices."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..residual.lags import InTime, Strata

if TYPE_CHECKING:
    from .fit import VisitFit


def in_time(fit: VisitFit) -> InTime:
    """Return the visits of the rows, and the mean of the model's correlations over pairs of them."""
    visits, correlations = fit.model.visits, []
    for sigma in fit.point.sigma:
        sd = np.sqrt(np.diag(sigma))
        correlations.append(sigma / np.outer(sd, sd))

    def correlation(lag: int, earlier: Any, later: Any) -> float:
        arm = np.zeros(len(earlier), int) if visits.arm is None else visits.arm[earlier]
        return float(np.array(correlations)[arm, visits.visit[earlier], visits.visit[later]].mean())

    most = len(visits.visit_levels) - 1
    return InTime(visits.subject, visits.visit.astype(float), correlation, most)


def strata(fit: VisitFit) -> Strata:
    """Return the visits, and the arms where each has a covariance matrix of its own."""
    visits, weights = fit.model.visits, fit.model.design.weights
    sd = np.sqrt(np.array([np.diag(sigma) for sigma in fit.point.sigma]))
    labels = visits.labels
    if visits.arm is None:
        return Strata(sd[0, visits.visit], visits.visit, labels, weights)
    codes = visits.arm * len(labels) + visits.visit
    names = [f"{arm}: {visit}" for arm in visits.arm_levels for visit in labels]
    return Strata(sd[visits.arm, visits.visit], codes, names, weights)
