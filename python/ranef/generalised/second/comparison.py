"""Fits with a second linear predictor beside others: which are special cases of which."""

from __future__ import annotations

from typing import Any

from .fit import SecondPredictor


def beyond(fit: SecondPredictor, null: Any) -> tuple[int, int] | None:
    """Return how many parameters of the distribution are free, and how many at a limit, in `null`."""
    family, second = fit.family, fit.model.second
    if str(null.family) not in (str(family), str(family.simpler)):
        return None
    limits, other = int(str(null.family) != str(family)), null.model.second
    if other is None:
        return fit.model.beyond_none(limits)
    if other.argument != second.argument or not second.nests(other):
        return None
    return len(second.names) - len(other.names), limits
