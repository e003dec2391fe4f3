"""Many responses of the same rows, fitted with one design: genes, voxels, metrics."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..errors import DataError
from ..estimates.parameters import ParameterNames
from ..frame.native import in_pandas
from ..model import Model
from .checks import checked_threads, require_table
from .loop.engine import run
from .loop.record import checked_columns, kept_columns, record_layout
from .loop.task import responses_task
from .loop.work import Outcome
from .replicates.result import BootstrapResult


def fit_responses(model: Model, responses: Any) -> pd.DataFrame:
    """Fit a model to each column of a matrix of responses.

    Cross-products and plan of the design are shared; every response starts from its own moments and is
    scaled for itself.

    responses, (m, n) or (n, m) array, or DataFrame: one response per row, as `Fit.simulate` gives them, or
        per column, on the scale of the model's (offset included). Columns have a value per used row, or per
        row of the data, of which the dropped rows are ignored.
    Returns one row per response, named as the columns of a DataFrame, else numbered. Columns as in
        `BootstrapResult.to_frame`. A response that cannot be fitted (missing values, constant) is a row of
        NaN with ``failed``.
    Raises DataError if the matrix has the wrong number of rows, or holds no numbers.

    >>> import ranef
    >>> model = ranef.Model("Reaction ~ Days + (1 | Subject)", ranef.datasets.load("sleepstudy"))
    >>> Y = model.fit().simulate(1000, seed=1)
    >>> table = model.fit(Y)
    >>> len(table), bool(table["converged"].all())
    (1000, True)
    """
    labels = responses.columns if isinstance(responses, pd.DataFrame) else None
    rows = model.design.without_offset(response_rows(model, responses, labels))

    columns = checked_columns(None)
    task = responses_task(model, rows, columns)
    require_table(len(rows), task.columns)
    key = np.zeros(2, np.uint64)  # nothing is drawn
    outcome = run(task, key, len(rows), checked_threads(None), progress=False)
    _, places = kept_columns(record_layout(model), columns)
    return table_of_fits(model, outcome, places, len(rows), labels)


def table_of_fits(
    model: Model,
    outcome: Outcome,
    places: dict[str, slice],
    count: int,
    labels: Any,
    further: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Return the records of fits to `count` responses as a table, a row for each.

    `further` names what stands in the place of a statistic: coefficients that are not the mean's.
    """
    result = BootstrapResult(
        formula=model.formula.text,
        names=ParameterNames.of(model),
        records=outcome.table,
        places=places,
        requested=count,
        seed=0,
        route="rows",
        route_reason="given",
        seconds=outcome.seconds,
        n_threads=outcome.threads,
        scheme="responses",
        statistic_names=further,
    )
    table = in_pandas(result.to_frame)()
    table.index = pd.RangeIndex(len(table), name="response") if labels is None else labels[: len(table)]
    return table


def response_rows(model: Model, responses: Any, labels: Any) -> np.ndarray:
    """The responses as rows."""
    design = model.design
    n, n_total = design.nobs, design.nobs + design.n_dropped
    responses = design.in_order(responses, "y")
    try:
        values = np.asarray(responses, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("y must be a matrix of numbers, one response per column") from None
    if values.ndim == 2 and labels is None and values.shape[1] == n:  # as `Fit.simulate` gives them
        if values.shape[0] in (n, n_total):
            raise DataError(
                f"y is {values.shape[0]} x {n}: whether its rows or its columns are the responses cannot be "
                "told; give a DataFrame with a column per response, or one response fewer"
            )
        values = values.T
    if values.shape[:1] == (n_total,) != (n,):
        values = values[design.rows]
    if values.ndim != 2 or values.shape[0] != n or values.shape[1] == 0:
        every = f", or {n_total}, one per row of the data" if n_total != n else ""
        raise DataError(
            f"y must have {n} rows, one per used row{every}, and a column per response; "
            f"its shape is {values.shape}"
        )
    return np.require(values.T, requirements=["C", "W"])
