"""Where the search for the residuals' parameters starts: at moments of residuals."""

from __future__ import annotations

import numpy as np

from ..arrays import FloatArray
from .noise import Noise


def starts(noise: Noise, e: FloatArray) -> list[FloatArray]:
    """Return starts from standardised residuals `e` of a fit without structure, (n,)."""
    zero = np.zeros(noise.size)
    moments = zero.copy()
    if noise.weights is not None:
        e = e * np.sqrt(noise.weights)
    if noise.dispersion is not None:
        D = np.column_stack([np.ones(e.size), noise.dispersion.matrix])
        logs = np.log(np.maximum(e * e, 1e-6)) / 2
        moments[: D.shape[1] - 1] = np.clip(np.linalg.lstsq(D, logs, rcond=None)[0][1:], -2, 2)
    if noise.chain is None:
        return [zero, moments]
    joined = noise.chain.previous >= 0
    near = joined & (noise.chain.gap <= np.median(noise.chain.gap[joined]))
    pair = e[near] @ e[noise.chain.previous[near]] / max(float(e[near] @ e[near]), 1e-12)
    step = float(np.median(noise.chain.gap[joined]))
    rho = float(np.clip(pair, 0.05, 0.9)) ** (1 / step)
    moments[-1] = rho / np.sqrt(1 - rho * rho) if noise.chain.kind == "ar1" else np.log(rho / (1 - rho))
    high = moments.copy()
    high[-1] += 1.0
    return [moments, high]
