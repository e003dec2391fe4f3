"""Estimates without one subject after the other, of fits whose covariance has a structure."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...arrays import FloatArray
from ...errors import RanefError
from ..callback import applied
from ..replicates.acceleration import blocks_of
from ..replicates.result import BootstrapResult
from .record import RefitRecord


def leave_out_estimates(fit: Any, result: BootstrapResult) -> pd.DataFrame:
    """Return estimates without each subject (or block of subjects), NaN rows where a refit failed."""
    record = RefitRecord.of(fit)
    columns = [*record.names.all, *result.statistic_names]
    codes = fit.independent_codes()
    blocks = blocks_of(int(codes.max()) + 1)
    rows = [_without(fit, result, blocks[codes] != block, record) for block in range(blocks[-1] + 1)]
    return pd.DataFrame(rows, columns=columns)


def _without(
    fit: Any, result: BootstrapResult, rows: npt.NDArray[np.bool_], record: RefitRecord
) -> FloatArray:
    out = np.full(len(record.names.all) + len(result.statistic_names), np.nan)
    try:
        part = fit.refit_rows(rows)
        numbers = record.estimates(part).to_numpy(dtype=float)
    except (RanefError, np.linalg.LinAlgError, RuntimeError, ValueError):
        return out
    out[: numbers.size] = numbers
    if result.statistic is not None:
        applied(result.statistic, part, out[numbers.size :])
    return out
