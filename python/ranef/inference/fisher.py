"""How a fit depends on each variance and covariance of its random effects, and the chain rule to theta.

The parameters d_k are the unique elements of D = Lambda Lambda' of each term, relative to sigma^2, in the
order of theta, in the core's coordinates (covariates shifted and scaled: those of a covariate far from zero
would be too nearly dependent on the user's scale). With H = W^-1 + sum_k d_k G_k (W: prior weights) the
covariance matrix of the response is sigma^2 H.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from .. import _core
from ..arrays import FloatArray
from ..errors import FitError
from ..fit import Fit
from ..machine.memory import WORTH_ASKING, available_memory
from ..model import Model
from ..verbs import kept

MOST_BYTES = 4 * 2**30


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


class Cost(NamedTuple):
    """What `fisher_information` needs."""

    order: int  # of its largest dense matrix
    bytes: float  # of memory
    most: float  # bytes that may be used

    @property
    def fits(self) -> bool:
        """Whether there is memory for it."""
        return self.bytes <= self.most


def predicted_cost(model: Model) -> Cost:
    """Return what the information of a model's fits costs."""
    order, needed = _core.information_cost(model.problem)
    free = available_memory() if needed > WORTH_ASKING else None
    return Cost(order, needed, MOST_BYTES if free is None else min(MOST_BYTES, free))
