"""Where Laplace's approximation has no minimum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..theta import unpack

if TYPE_CHECKING:
    from .model import GlmerModel

_FLAT = 30.0  # conditional variance in units of the term's own: at most 1 where weights are positive
_MOST_COLUMNS = 3  # of quadrature


def breakdown(model: GlmerModel, found: Mapping[str, Any]) -> str:
    """Return what to say of a search that ran to where the mode of a level's effects is flat; else nothing.

    Where the likelihood is not log-concave in the linear predictor (inverse Gaussian with the log link, beta,
    beta-binomial, cauchit) the observed weights can be negative, and the curvature at a level's mode smaller
    than that of its normal density. Towards a curvature of zero the logarithm of its determinant, and with it
    the criterion, falls without end, though the likelihood itself does not.
    """
    if found["converged"] or model.agq != 1 or "variances" not in found:
        return ""
    factors = unpack(np.asarray(found["theta"]), model.term_widths)
    for variances, blocks, factor in zip(
        found["variances"], model.cross.factors, model.design.factors, strict=True
    ):
        own = np.concatenate([np.sum(factors[term] ** 2, axis=1) for term in blocks.terms])
        conditional = np.diagonal(np.asarray(variances), axis1=1, axis2=2)
        share = np.max(conditional / np.where(own > 0, own, np.inf), axis=1)
        worst = int(np.argmax(share))
        if share[worst] > _FLAT:
            one = len(model.design.factors) == 1 and len(own) <= _MOST_COLUMNS
            remedy = "use agq=15, adaptive quadrature" if one else "use fewer random terms"
            level = f"level {str(factor.levels[worst])!r} of {factor.name}"
            return (
                f"Laplace's approximation breaks down: the likelihood of {level} is not log-concave, and as "
                f"its peak becomes flat the criterion falls without end; {remedy}, or another family or link"
            )
    return ""
