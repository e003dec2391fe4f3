"""The table of variance components, with the Monte Carlo error beside the standard error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..inference.methods import method
from ..inference.wald import component_table as plain_table
from ..inference.wald import slopes_of_components
from .methods import IterativeSatterthwaite


def component_table(fit: Any, level: float = 0.95) -> pd.DataFrame:
    """Return sigma, standard deviations and correlations, see `ranef.inference.wald.component_table`.

    Parameters
    ----------
    fit : IterativeFit
    level : float
        Coverage.

    Returns
    -------
    DataFrame
        Columns ``estimate``, ``se``, ``mc_error``, ``lower``, ``upper``; ``mc_error`` is the standard
        deviation of the estimate over the choice of probes. Standard errors are by the observed information,
        differences of the estimated score at thetas nearby; of a fit that did not converge, by the average
        information.
    """
    table = plain_table(fit, level)
    table.insert(2, "mc_error", table["se"] * _shares(fit))
    return table


def _shares(fit: Any) -> Any:
    """Return Monte Carlo errors over standard errors, on the scale of the intervals."""
    tests, slopes = method(fit, "satterthwaite"), slopes_of_components(fit)
    assert isinstance(tests, IterativeSatterthwaite)
    with np.errstate(invalid="ignore", divide="ignore"):
        chance, statistical = (
            np.sqrt(np.einsum("ij,jk,ik->i", slopes, c, slopes))
            for c in (tests.core_chance, tests.core_covariance)
        )
        return chance / statistical
