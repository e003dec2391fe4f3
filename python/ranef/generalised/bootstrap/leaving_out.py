"""Estimates without each group: what the acceleration of BCa intervals is computed from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...arrays import FloatArray
from ...bootstrap.replicates.acceleration import blocks_of
from ...bootstrap.replicates.result import BootstrapResult
from ...bootstrap.schemes.group_products import chosen_factor
from ..diagnostics.influence import refit_without
from ..fit import GlmerFit


def leave_out_estimates(fit: GlmerFit, result: BootstrapResult) -> pd.DataFrame:
    """Return estimates without each group (or block of groups), by parameter; NaN rows where a refit failed.

    A user's statistic is of a whole fit, and missing here.
    """
    factor = chosen_factor(fit.model.design, None)
    blocks = blocks_of(factor.n_levels)
    of_row = blocks[factor.codes]
    rows = [_estimates(fit, result, np.flatnonzero(of_row == block)) for block in range(blocks[-1] + 1)]
    return pd.DataFrame(rows, columns=[*result.names.all, *result.statistic_names])


def _estimates(fit: GlmerFit, result: BootstrapResult, removed: npt.NDArray[np.intp]) -> FloatArray:
    names = result.names
    out = np.full(len(names.all) + len(result.statistic_names), np.nan)
    found: dict[str, Any] | None = refit_without(fit, removed)
    if found is None or not found["converged"]:
        return out
    beta, theta = np.asarray(found["beta"]), np.asarray(found["theta"])
    values = names.values(beta[None], np.array([fit.family.sigma_at(found["psi"])]), theta[None])[0]
    further = fit.model.further_values(np.asarray(found["gamma"]))
    out[: len(values)] = values
    out[len(values) : len(values) + len(further)] = further
    return out
