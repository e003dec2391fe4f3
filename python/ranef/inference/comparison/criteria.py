"""Information criteria of several fits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

TESTS = ["chisq", "df", "p", "p_boundary"]


def criteria(names: Sequence[str], npar: npt.ArrayLike, llf: npt.ArrayLike, n: int) -> pd.DataFrame:
    """Return the criteria of models from parameters and log-likelihoods; `n` is the size of the sample."""
    k, llf = np.asarray(npar), np.asarray(llf)
    aic = -2 * llf + 2 * k
    with np.errstate(divide="ignore"):
        aicc = np.where(n - k > 1, aic + 2 * k * (k + 1) / np.maximum(n - k - 1, 1), np.inf)
    weight = np.exp(-(aic - aic.min()) / 2)
    columns = {
        "npar": k,
        "aic": aic,
        "aicc": aicc,
        "bic": -2 * llf + k * np.log(n),
        "weight": weight / weight.sum(),
        "llf": llf,
        "deviance": -2 * llf,
    }
    return pd.DataFrame(columns, index=list(names))
