"""Zero-inflated fits beside others: which are special cases of which."""

from __future__ import annotations

from typing import Any

import numpy as np

from .fit import ZeroInflatedFit

_SAME = 1e-7  # of a column's size: what other columns leave of it


def beyond(fit: ZeroInflatedFit, null: Any) -> tuple[int, int] | None:
    """Return how many parameters of the response's distribution are free, and how many at a limit, in `null`.

    Without zero inflation the probability p of a zero that is no count is zero, at the edge of what it can
    be. With one p for all rows the likelihood ratio is then half chi2_0 and half chi2_1; of further
    coefficients the data say nothing there, and its distribution has no such form: `ranef.pbtest`.
    """
    family, other = fit.family, null.family
    if str(other) not in (str(family), str(family.simpler)):
        return None
    limits, W = int(str(other) != str(family)), fit.model.zero.columns
    if not isinstance(null, ZeroInflatedFit):
        return 0, limits + W.shape[1]
    one = null.model.zero.columns
    rest = np.linalg.norm(one - W @ np.linalg.lstsq(W, one, rcond=None)[0], axis=0)
    nested = bool((rest <= _SAME * np.linalg.norm(one, axis=0)).all())
    return (W.shape[1] - one.shape[1], limits) if nested else None
