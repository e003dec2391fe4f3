"""Fits with a dispersion of rows beside others: which are special cases of which."""

from __future__ import annotations

from typing import Any

import numpy as np

from .fit import DispersedFit


def beyond(fit: DispersedFit, null: Any) -> tuple[int, int] | None:
    """Return how many parameters of the distribution are free, and how many at a limit, in `null`."""
    second, m = fit.model.second, len(fit.model.second.names)
    if str(null.family) != str(fit.family):
        plain = str(null.family) == str(fit.family.simpler) and not hasattr(null.model, "second")
        return (0, m) if plain else None
    if isinstance(null, DispersedFit):
        other = null.model.second
        return (m - len(other.names), 0) if second.nests(other) else None
    one = np.ones((len(second.columns), 1))
    constant = not hasattr(null.model, "second") and not second.offsets and second.spans(one)
    return (m - 1, 0) if constant else None
