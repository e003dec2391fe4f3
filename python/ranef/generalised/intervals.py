"""Confidence intervals of the fixed effects of a generalised model."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..errors import level_by_keyword, require_choice, require_level
from .fit import GlmerFit

METHODS = ("wald",)


@level_by_keyword
def conf_int(fit: GlmerFit, method: str = "wald", *, level: float = 0.95) -> pd.DataFrame:
    """Return confidence intervals of the fixed effects, on the scale of the linear predictor.

    Parameters
    ----------
    fit : GlmerFit
    method : {"wald"}
        Estimate and standard error from the exact Hessian, with the normal distribution.
    level : float
        Coverage; by keyword only.

    Returns
    -------
    DataFrame
        Columns ``lower`` and ``upper``, a row per column of X.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.conf_int().loc["period[T.4]"].round(2).to_list()
    [-2.42, -0.74]
    """
    require_level(level)
    require_choice("method", method, METHODS)
    width = ndtri((1 + level) / 2) * fit.bse.to_numpy()
    values = fit.params.to_numpy()
    return pd.DataFrame(
        np.column_stack([values - width, values + width]), index=fit.params.index, columns=["lower", "upper"]
    )
