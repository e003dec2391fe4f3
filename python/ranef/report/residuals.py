"""Quantiles of the scaled residuals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..fit import Fit
from ..show.numbers import format_common, zap_small
from ..show.text import columns_of_text

QUANTILES = ("Min", "1Q", "Median", "3Q", "Max")


def scaled_residuals(fit: Fit) -> npt.NDArray[np.float64]:
    """Return sqrt(weight) (y - fitted) / sigma, (n,)."""
    scaled = fit.resid / fit.sigma
    weights = fit.model.design.weights
    return scaled if weights is None else scaled * np.sqrt(weights)


def residual_texts(fit: Fit, digits: int) -> list[str]:
    """Return minimum, quartiles and maximum as text."""
    quantiles = np.quantile(scaled_residuals(fit), [0, 0.25, 0.5, 0.75, 1])
    return format_common(zap_small(quantiles, digits + 1), digits)


def residual_lines(fit: Fit, digits: int) -> list[str]:
    """Return the lines of the summary: five columns of one width."""
    texts = residual_texts(fit, digits)
    width = max(len(text) for text in (*texts, *QUANTILES))
    return columns_of_text(
        [name.rjust(width) for name in QUANTILES], [[text.rjust(width)] for text in texts], right=True
    )
