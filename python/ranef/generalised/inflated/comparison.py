"""Zero-inflated fits beside others: which are special cases of which."""

from __future__ import annotations

from typing import Any

from .fit import ZeroInflatedFit


def beyond(fit: ZeroInflatedFit, null: Any) -> tuple[int, int] | None:
    """Return how many parameters of the response's distribution are free, and how many at a limit, in `null`.

    Without zero inflation the probability p of a zero that is no count is zero, at the edge of what it can
    be. With one p for all rows the likelihood ratio is then half chi2_0 and half chi2_1; of further
    coefficients the data say nothing there, and its distribution has no such form: `ranef.pbtest`.
    """
    family, other = fit.family, null.family
    if str(other) not in (str(family), str(family.simpler)):
        return None
    limits, second = int(str(other) != str(family)), fit.model.second
    m = len(second.names)
    if not isinstance(null, ZeroInflatedFit):
        return None if hasattr(null.model, "second") else (0, limits + m)
    return (m - len(null.model.second.names), limits) if second.nests(null.model.second) else None
