"""The acceleration of BCa intervals: the skewness of what each group contributes to an estimate.

From refits that leave one group out: with ``t_(-j)`` the estimate without group j and ``d_j`` the distance to
it from their mean, ``a = sum d_j**3 / (6 (sum d_j**2)**1.5)`` (Efron 1987). The groups are those of the
factor that every other grouping factor is nested in, since only they are independent; where there is none
(crossed factors), those of the factor with the most levels. The refits are exact: the cross-products of the
groups that remain are added up and the fit starts at the full fit's theta. Beyond 400 groups, blocks of
groups are left out (the contributions of a block add up, and so do the sums' expectations).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...errors import ArgumentError
from ...fit import Fit
from ...frame.native import in_pandas
from ..loop.record import record_layout
from ..loop.statistic import is_compiled, pick, values_of, wanted_parts
from ..schemes.group_products import Groups, all_groups
from .result import BootstrapResult

_MOST_REFITS = 400


def accelerations(result: BootstrapResult, names: list[str]) -> pd.Series:
    """The acceleration of each parameter, NaN where no refit has a value.

    Raises ArgumentError if the fit is gone (the result was pickled or loaded).
    """
    if result.fit is None:
        raise ArgumentError(
            "kind='bca' refits the model without one group after the other, and this result was loaded "
            "without its fit: restore it with result.replaced(fit=fit)"
        )
    without = in_pandas(result.fit.left_out)(result)
    distances = without.mean() - without
    with np.errstate(invalid="ignore", divide="ignore"):
        values = (distances**3).sum(min_count=1) / (6.0 * (distances**2).sum(min_count=1) ** 1.5)
    values[(distances.abs().max() == 0.0)] = 0.0  # the same without any group: nothing to correct for
    return values.reindex(names)


def leave_out_estimates(fit: Fit, result: BootstrapResult) -> pd.DataFrame:
    """Estimates without each group (or block of groups), by parameter; NaN rows where a refit failed."""
    groups = all_groups(fit)
    blocks = blocks_of(groups.factor.n_levels)
    rows = [
        _estimates(fit, result, groups, np.flatnonzero(blocks != block)) for block in range(blocks[-1] + 1)
    ]
    return pd.DataFrame(rows, columns=[*result.names.all, *result.statistic_names])


def blocks_of(count: int) -> np.ndarray:
    """The number of the refit that leaves each group out: one for each, of many groups 400 in all."""
    return (np.arange(count) * min(count, _MOST_REFITS)) // count


def _estimates(fit: Fit, result: BootstrapResult, groups: Groups, kept: np.ndarray) -> np.ndarray:
    """Estimates from the groups that are kept."""
    record = groups.refit(kept, fit.solution["internal_theta"])
    count = len(result.names.all) + len(result.statistic_names)
    if record is None:
        return np.full(count, np.nan)
    parts = record_layout(fit.model).parts()
    coefficients, sigma, theta = (record[parts[name]] for name in ("coefficients", "sigma", "theta"))
    values = result.names.values(coefficients[None], sigma, theta[None])[0]
    if not result.statistic_names:
        return values
    return np.concatenate([values, _statistic(fit, result, record)])


def _statistic(fit: Fit, result: BootstrapResult, record: np.ndarray) -> np.ndarray:
    wanted = wanted_parts(result.statistic) if is_compiled(result.statistic) else ("modes",)
    if "modes" in wanted:  # without its group, a group has no mode; a plain function wants a whole fit
        return np.full(len(result.statistic_names), np.nan)
    return values_of(result.statistic(*pick(record, record_layout(fit.model), wanted)))
