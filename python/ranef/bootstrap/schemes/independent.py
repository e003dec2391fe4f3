"""Which groups are independent of one another."""

from __future__ import annotations

import numpy as np

from ...design import Design


def is_nested(inner: np.ndarray, outer: np.ndarray, n_inner: int) -> bool:
    """Whether every level of one factor occurs with one level of the other only."""
    span = int(outer.max(initial=0)) + 1
    return np.unique(inner.astype(np.int64) * span + outer).size == n_inner


def independent_factor(design: Design) -> int:
    """The index of the factor that every other one is nested in; else of that with the most levels."""
    factors = design.factors
    counts = [factor.n_levels for factor in factors]
    coarsest = int(np.argmin(counts))
    outer = factors[coarsest].codes
    nested = all(is_nested(factor.codes, outer, factor.n_levels) for factor in factors)
    return coarsest if nested else int(np.argmax(counts))
