"""Many responses of the same rows, fitted with one design."""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..bootstrap.checks import require_table
from ..bootstrap.loop.record import CONVERGED, FAILED, SINGULAR
from ..bootstrap.loop.work import Outcome
from ..bootstrap.responses import response_rows, table_of_fits
from ..errors import RanefError

if TYPE_CHECKING:
    from .fit import GlmerFit
    from .model import GlmerModel


def fit_responses(model: GlmerModel, responses: Any, fit: Any) -> pd.DataFrame:
    """Fit a model to each of many responses.

    responses, (m, n) or (n, m) array, or DataFrame: one response per row, as `Fit.simulate` gives them, or
        per column; proportions where there are trials.
    fit: fits the model to one response.
    Returns one row per response, columns as in `BootstrapResult.to_frame`. A response that cannot be fitted
        is a row of NaN with ``failed``.
    """
    began = perf_counter()
    labels = responses.columns if isinstance(responses, pd.DataFrame) else None
    rows = response_rows(model, responses, labels)
    places = record_places(model)
    width = max(place.stop for place in places.values()) + 1
    require_table(len(rows), width)
    records = np.full((len(rows), width), np.nan)
    for record, y in zip(records, rows, strict=True):
        try:
            write(record, fit(y))
        except RanefError:
            record[-1] = FAILED
    outcome = Outcome(records, perf_counter() - began, threads=1, interrupted=False)
    further = model.further_coefficients[0]
    return table_of_fits(model, outcome, places, len(rows), labels, further)


def record_places(model: GlmerModel, statistics: int = 0) -> dict[str, slice]:
    """Return where a record has what; coefficients that are not the mean's stand among the statistics."""
    further = len(model.further_coefficients[0]) + statistics
    edges = np.cumsum([0, p := len(model.cross.columns), p, 1, model.n_theta, 1, 1, further])
    parts = ("coefficients", "se", "sigma", "theta", "objective", "evaluations", "statistic")
    found = zip(parts, edges[:-1], edges[1:], strict=True)
    return {part: slice(int(a), int(b)) for part, a, b in found if part != "statistic" or b > a}


def write(record: np.ndarray, found: GlmerFit, statistics: npt.ArrayLike = ()) -> None:
    """Write a fit into a record, its flags last; FAILED where it has no estimates."""
    if "beta" not in found.found:
        record[-1] = FAILED
        return
    values = [
        found.solution["beta"],
        np.sqrt(np.diag(found.solution["vcov"])),
        [found.sigma],
        found.theta,
        [found.objective, found.optimum.evaluations],
        found.further_estimates[0],
        statistics,
    ]
    record[:-1] = np.concatenate(values)
    record[-1] = CONVERGED * found.converged + SINGULAR * found.singular
