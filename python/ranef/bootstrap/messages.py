"""What went wrong with a compiled statistic, by replicate; and the record of the fit it is tried on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .record import FAILED, STATISTIC_FAILED, STATISTIC_SHAPE

if TYPE_CHECKING:
    from ..result import LmerResult
    from .result import BootstrapResult

__all__ = ["compiled_messages", "fit_record"]

_MOST_MESSAGES = 100


def fit_record(fit: LmerResult, modes: bool = False) -> np.ndarray:
    """The record of the fit itself, as the core would write it."""
    state = fit.state
    solution = state.solution
    order = state.model.cross.design.factor_order
    effects = [solution["modes"][given].ravel() for given in order] if modes else []
    return np.concatenate(
        [
            solution["beta"],
            np.sqrt(np.diag(solution["vcov"])),
            [solution["sigma"]],
            state.theta,
            *effects,
            [fit.objective, fit.optimum.evaluations, 0.0],
        ]
    )


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
