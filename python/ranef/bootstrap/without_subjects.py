"""Estimates without one subject after the other, of fits whose covariance has a structure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..errors import RanefError
from .callback import applied
from .refit_record import RefitRecord
from .replicates.result import BootstrapResult

_MOST_BLOCKS = 400  # that are left out for an acceleration


def leave_out_estimates(fit: Any, result: BootstrapResult) -> pd.DataFrame:
    """Return estimates without each subject (or block of subjects), NaN rows where a refit failed."""
    record = RefitRecord.of(fit)
    columns = [*record.names.all, *result.statistic_names]
    rows = [_without(fit, result, rows, record) for rows in _blocks(fit.independent_codes())]
    return pd.DataFrame(rows, columns=columns)


def _blocks(codes: npt.NDArray[Any]) -> Iterator[npt.NDArray[np.bool_]]:
    """Yield which rows stay."""
    count = int(codes.max()) + 1
    blocks = min(count, _MOST_BLOCKS)
    block_of = (np.arange(count) * blocks) // count
    for block in range(blocks):
        yield block_of[codes] != block


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
