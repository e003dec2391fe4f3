"""How a fit depends on each variance and covariance of its random effects, and the chain rule to theta.

The parameters d_k are the unique elements of D = Lambda Lambda' of each term, relative to sigma^2, in the
order of theta, in the core's coordinates (covariates shifted and scaled: those of a covariate far from zero
would be too nearly dependent on the user's scale). With H = W^-1 + sum_k d_k G_k (W: prior weights) the
covariance matrix of the response is sigma^2 H.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .. import _core
from ..arrays import FloatArray
from ..errors import FitError
from ..fit import Fit
from ..model import Model
from ..theta import parts
from ..verbs import kept


@dataclass(frozen=True, eq=False)
class FisherInformation:
    """First and second order effects of the parameters d_k, over the kept columns of X, internal as they are.

    With P = H^-1 - H^-1 X C X'H^-1 and C = (X'H^-1 X)^-1:
    """

    trace: FloatArray  # trace, trace_projected (k,): tr(H^-1 G_k); tr(P G_k)
    trace_projected: FloatArray
    product: FloatArray  # product, product_projected (k, k): tr(H^-1 G_k H^-1 G_l); tr(P G_k P G_l)
    product_projected: FloatArray
    slope: FloatArray  # (k, p, p): dC / dd_k = C X'H^-1 G_k H^-1 X C
    bend: FloatArray  # (k, k, p, p): C X'H^-1 G_k P G_l H^-1 X C
    rss_slope: FloatArray  # (k,): y'P G_k P y: how fast the penalised residual sum of squares falls
    rss_bend: FloatArray  # (k, k): y'P G_k P G_l P y
    to_internal: FloatArray  # (k, k): the linear map to d from the same elements on the user's scale
    internal_theta: FloatArray  # (k,): Lambda in the core's coordinates


@kept
def fisher_information(fit: Fit) -> FisherInformation:
    """Return the information of a fit, computed once.

    Raises FitError when the criterion has no value at the fit's theta.
    """
    try:
        return FisherInformation(**_core.information(fit.model.problem, fit.response, fit.theta))
    except RuntimeError:
        raise FitError(f"this fit has no estimates: {fit.optimum.message}") from None


def predicted_cost(model: Model) -> tuple[int, float]:
    """Return the order of the largest dense matrix that `information` needs, and its memory in bytes."""
    return _core.information_cost(model.problem)


def covariance_jacobian(model: Model, theta: FloatArray) -> FloatArray:
    """Return dd_k / dtheta_i, (k, k): the unique elements of D = Lambda Lambda' against those of Lambda."""
    size = model.n_theta
    out = np.zeros((size, size))
    for factor, (_, block, rows, columns) in zip(
        model.covariance_factors(theta), parts(model.term_widths), strict=True
    ):
        above = np.where(rows == rows[:, None], factor[columns[:, None], columns], 0.0)
        out[block, block] = above + np.where(rows == columns[:, None], factor[rows[:, None], columns], 0.0)
    return out


def covariance_curvature(model: Model, weights: FloatArray) -> FloatArray:
    """Return sum_k weights_k d2 d_k / dtheta dtheta', (k, k)."""
    size = model.n_theta
    out = np.zeros((size, size))
    for r, block, rows, columns in parts(model.term_widths):
        gradient = np.zeros((r, r))  # d / dD with both off-diagonal entries of a covariance moving
        part = weights[block]
        gradient[rows, columns] += part
        gradient[columns, rows] += part
        same_column = columns[:, None] == columns[None, :]
        out[block, block] = np.where(same_column, gradient[np.ix_(rows, rows)], 0.0)
    return out
