"""Sandwich covariances of the coefficients by subject, robust to a wrong covariance over visits.

With W_i = L_i L_i' the inverse covariance of subject i, X_i and e_i multiplied by L_i', and H_i = X_i Phi
X_i': the scores are X_i' (I - H_i)^-a e_i with a = 0 (CR0), 1/2 (CR2), 1 (CR3, the jackknife).

References
----------
Liang & Zeger (1986), Longitudinal data analysis using generalized linear models, Biometrika 73, 13-22.
Bell & McCaffrey (2002), Bias reduction in standard errors for linear regression with multi-stage samples,
Survey Methodology 28, 169-181: CR2, and degrees of freedom by Satterthwaite's approximation.
Mancl & DeRouen (2001), A covariance estimator for GEE with improved small-sample properties, Biometrics 57,
126-134: CR3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import FloatArray
from ..inference.testing import Method
from .blocks import subject_blocks, whitened

if TYPE_CHECKING:
    from .fit import VisitFit

_POWER = {"CR0": 0.0, "CR2": -0.5, "CR3": -1.0}
_LEAST = 1e-10  # eigenvalue of I - H that counts as zero: the subject alone determines a coefficient


@dataclass(frozen=True, eq=False)
class _Part:
    """Of subjects of one pattern: X and (I - H)^-a X, both whitened, (subjects, m, p)."""

    X: FloatArray
    adjusted: FloatArray


class Sandwich(Method):
    """Robust covariance, with Satterthwaite's degrees of freedom of the robust variance under the model."""

    def __init__(self, fit: VisitFit, type: str) -> None:
        self._phi: FloatArray = fit.solution["internal_vcov"]
        self.coordinates = fit.model.coordinates
        self._parts: list[_Part] = []
        residual = np.asarray(fit.resid)
        X = self.internal(fit.model.design.X[:, fit.model.cross.columns])
        meat = np.zeros_like(self._phi)
        for block in subject_blocks(fit.model.visits):
            own, e = whitened(fit, block, X), whitened(fit, block, residual)
            adjusted = _adjusted(own, self._phi, _POWER[type])
            scores = np.einsum("jsp,js->jp", adjusted, e)
            meat += scores.T @ scores
            self._parts.append(_Part(own, adjusted))
        self.inner = self._phi @ meat @ self._phi

    def df_inside(self, row: FloatArray) -> float:
        """Return tr(P)^2 / tr(P^2), P = diag(u_i'u_i) - W Phi W' the covariance of the subjects' shares."""
        row = self._phi @ row
        own, cross = [], []
        for part in self._parts:
            u = part.adjusted @ row
            own.append(np.einsum("js,js->j", u, u))
            cross.append(np.einsum("jsp,js->jp", part.X, u))
        diagonal, W = np.concatenate(own), np.vstack(cross)
        taken = np.einsum("jp,pq,jq->j", W, self._phi, W)
        between = self._phi @ (W.T @ W)
        trace = float(np.sum(diagonal - taken))
        square = float(np.sum(diagonal**2 - 2 * diagonal * taken) + np.trace(between @ between))
        return trace**2 / square if square > 0 else float("inf")


def _adjusted(X: FloatArray, phi: FloatArray, power: float) -> FloatArray:
    """Return (I - X Phi X')^power X for every subject."""
    if power == 0.0:
        return X
    hat = np.einsum("jsp,pq,jtq->jst", X, phi, X, optimize=True)
    values, vectors = np.linalg.eigh(np.eye(X.shape[1]) - hat)
    scale = np.where(values > _LEAST, np.maximum(values, _LEAST) ** power, 0.0)
    return np.einsum("jsk,jk,jtk,jtp->jsp", vectors, scale, vectors, X, optimize=True)
