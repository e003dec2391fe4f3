"""What went wrong with a compiled statistic, by replicate."""

from __future__ import annotations

import numpy as np

from ..loop.record import FAILED, STATISTIC_FAILED, STATISTIC_SHAPE
from .result import BootstrapResult

_MOST_MESSAGES = 100


def compiled_messages(result: BootstrapResult) -> dict[int, str]:
    """What went wrong with a compiled statistic, by replicate: the first hundred."""
    bits = result.records[:, -1].astype(np.int64)
    undefined = np.isnan(result.part("statistic")).any(axis=1)
    wrong = np.flatnonzero(undefined & (bits & FAILED == 0))[:_MOST_MESSAGES]
    return {result.first + int(row): _message(int(bits[row])) for row in wrong}


def _message(bits: int) -> str:
    if bits & STATISTIC_FAILED:
        return "the statistic raised an exception"
    if bits & STATISTIC_SHAPE:
        return "the statistic returned an array of another size than at the fit"
    return "the statistic returned NaN"
