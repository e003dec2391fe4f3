"""From a fit to its replicates' task: the one place to know the core's exports and its loops' inputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from ... import _core
from ...errors import RowsNotKeptError
from ...estimates.prediction import fixed_part, own_rows, random_part
from ...fit import Fit
from ...model import Model
from ..draws.gram import GramDraw, gram_draw
from ..draws.gram_factor import GramFactor, factor_gram
from ..draws.route import GRAM, ROWS, Route, choose_route
from ..draws.rows import RowDraw, row_draw
from ..draws.true_parameters import TrueParameters
from .record import DEFAULT_COLUMNS, RecordLayout, kept_columns, record_layout
from .statistic import CompiledStatistic
from .work import Core, Task


def make_task(
    fit: Fit,
    truth: TrueParameters,
    route: str | None = None,
    columns: Iterable[str] = DEFAULT_COLUMNS,
    statistic: CompiledStatistic | None = None,
) -> tuple[Task, Route]:
    """Prepare replicates of a model: draws at given parameters, and refits that start at their theta.

    truth: what is drawn from.
    route: {None, "gram", "rows"}, None chooses (`choose_route`).
    columns: parts of the records to keep.
    statistic: computed from each record.
    """
    chosen = route_of(fit.model, route)
    if chosen.factor is None:
        draw: GramDraw | RowDraw = _row_draw(fit, truth, _response_size(fit.model))
    else:
        draw = _gram_draw(fit, truth, chosen.factor)
    start = _start(truth.solution)
    of_draw = chosen.name, draw.arguments(), start
    return task_from_arrays(fit.model, fit.response, *of_draw, columns, statistic), chosen


def task_from_arrays(
    model: Model,
    response: Any,
    route: str,
    arguments: tuple,
    start: np.ndarray,
    columns: Iterable[str],
    statistic: CompiledStatistic | None = None,
) -> Task:
    """The task of `make_task` from its draw's arrays and its start, in this process or another."""
    layout = _layout_of(model, columns, statistic)
    task = _refitted_draws(model, response, route, arguments, start, layout, columns)
    return _with_statistic(task, statistic)


def rows_task(
    fit: Fit,
    truth: TrueParameters,
    refitted: Fit | None = None,
    columns: Iterable[str] = DEFAULT_COLUMNS,
    contrast: np.ndarray | None = None,
) -> Task:
    """Draws of rows from one model, refitted by it or by another one of the same rows.

    fit: of the model that is drawn from, at `truth`.
    refitted: of the model that is refitted; refits start at its theta.
    contrast: of the fitted coefficients: records hold its degrees of freedom, as ``"df"``.
    """
    target = refitted or fit
    model = target.model
    layout = record_layout(model, df=contrast is not None)
    start = _start(truth.solution if refitted is None else target.solution)
    draw = _row_draw(fit, truth, _response_size(model)).arguments()
    return _refitted_draws(model, target.response, ROWS, draw, start, layout, columns, contrast)


def _refitted_draws(
    model: Model,
    response: Any,
    route: str,
    arguments: tuple,
    start: np.ndarray,
    layout: RecordLayout,
    columns: Iterable[str],
    contrast: np.ndarray | None = None,
) -> Task:
    """Draws from the Gram factor or of rows, refitted from a start."""
    if route == GRAM:
        rows, loop, draw = None, "refit_gram_draws", "gram_multiply"
    else:
        rows, loop, draw = model.cross.rows, "refit_row_draws", "response_from_rows"
    core = _core_of(model, response, "refit_many", layout, rows, start, contrast)
    selection, _ = kept_columns(layout, columns)
    return Task(core, loop, _core.c_functions[draw], arguments, start, layout.size, selection)


def sample_task(fit: Fit, truth: TrueParameters) -> Task:
    """Draws of rows, not refitted: the table holds the rows (offset not added)."""
    core = _core_of(fit.model, fit.response, "refit", record_layout(fit.model), rows=None)
    draw = _row_draw(fit, truth, response_size=0)
    return Task(core, "sample_row_draws", 0, draw.arguments(), np.zeros(1), fit.model.design.nobs)


def draws_task(fit: Fit, truth: TrueParameters, factor: GramFactor) -> Task:
    """Draws from a Gram factor, not refitted: the table holds C'y and y'y in internal coordinates."""
    core = _core_of(fit.model, fit.response, "refit", record_layout(fit.model), rows=None)
    draw = _gram_draw(fit, truth, factor).arguments()
    address = _core.c_functions["gram_multiply"]
    return Task(core, "sample_gram_draws", address, draw, np.zeros(1), len(fit.response.values))


def refits_task(
    fit: Fit,
    draws: np.ndarray,
    columns: Iterable[str] = DEFAULT_COLUMNS,
    contrast: np.ndarray | None = None,
) -> Task:
    """Refits of given draws, (m, q + p + 1), from the state's theta; with a contrast as in `rows_task`."""
    layout, start = record_layout(fit.model, df=contrast is not None), _start(fit.solution)
    core = _core_of(fit.model, fit.response, "refit_many", layout, None, start, contrast)
    selection, _ = kept_columns(layout, columns)
    return Task(core, "refit_given", 0, (np.ascontiguousarray(draws),), start, layout.size, selection)


def responses_task(
    model: Model,
    responses: np.ndarray,
    columns: Iterable[str] = DEFAULT_COLUMNS,
    statistic: CompiledStatistic | None = None,
) -> Task:
    """Fits to given responses, (m, n), offset subtracted; each starts from its own moments."""
    layout = _layout_of(model, columns, statistic)
    core = _core_of(model, model.response, "fit_rows", layout, rows=model.cross.rows)
    selection, _ = kept_columns(layout, columns)
    task = Task(core, "fit_given_rows", 0, (responses,), np.zeros(1), layout.size, selection)
    return _with_statistic(task, statistic)


def route_of(model: Model, route: str | None = None) -> Route:
    """How replicates of a model are drawn; None chooses (`choose_route`)."""
    if route == ROWS and not model.streamed:
        return Route(ROWS, "asked for")
    if route == GRAM:
        return Route(GRAM, "asked for", gram_factor(model))
    levels, widths = zip(*model.cross.design.shapes, strict=True)
    rows = np.inf if model.streamed else model.nobs  # rows that are not there are no way out
    found = choose_route(rows, levels, widths, model.cross.rank, lambda: gram_factor(model))
    if model.streamed and (found.name == ROWS or route == ROWS):
        reason = "route='rows'" if route == ROWS else found.reason
        raise RowsNotKeptError(
            f"replicates would have to be drawn row by row ({reason}), but the rows were read in batches and "
            "are not kept: fit rows that are in memory"
        )
    return found


def gram_factor(model: Model) -> GramFactor:
    """The factor that a model's replicates are drawn from without rows."""
    cross = model.cross.design
    blocks = cross.leading_gram()
    squares = np.diag(cross.remaining_gram(np.zeros_like(blocks)))
    return factor_gram(blocks, cross.remaining_gram, squares, model.nobs)


def _gram_draw(fit: Fit, truth: TrueParameters, factor: GramFactor) -> GramDraw:
    cross, solution = fit.model.cross.design, truth.solution
    modes = solution["internal_coef"][: cross.q] if truth.use_u else np.zeros(cross.q)
    mean = np.concatenate([modes, fit.model.problem.internal_beta(fit.response, truth.beta)])
    lambdas = [0.0 * block if truth.use_u else block for block in solution["internal_lambda"]]
    sigma = truth.sigma / fit.response.scale
    levels = [count for count, _ in cross.shapes]
    return gram_draw(factor, levels, lambdas, sigma, mean, fit.model.nobs)


def _row_draw(fit: Fit, truth: TrueParameters, response_size: int) -> RowDraw:
    model, design = fit.model, fit.model.design
    mean = fixed_part(model, truth.beta)
    lambdas = model.covariance_factors(truth.theta)
    if truth.use_u:
        mean = mean + _conditional_part(model, truth.solution["modes"])
        lambdas = [0.0 * block for block in lambdas]
    terms = [(term.factor.codes, term.factor.n_levels, term.basis) for term in design.terms]
    return row_draw(terms, lambdas, truth.sigma, mean, response_size, design.weights)


def _conditional_part(model: Model, modes: list[np.ndarray]) -> np.ndarray:
    """Z b for modes by grouping factor."""
    by_term = {
        index: values[:, part]
        for factor, values in zip(model.cross.factors, modes, strict=True)
        for index, part in zip(factor.terms, factor.slices, strict=True)
    }
    rows = own_rows(model.design.terms[index] for index in by_term)
    return random_part(rows, list(by_term.values()), model.design.nobs)


def _core_of(
    model: Model,
    response: Any,
    function: str,
    layout: RecordLayout,
    rows: Any,
    start: np.ndarray | None = None,
    contrast: np.ndarray | None = None,
) -> Core:
    """The core's addresses; with a start, refits from there may share work."""
    target = _core.RefitTarget(model.problem, response, rows, layout.n_modes > 0, start, contrast)
    functions = _core.c_functions
    return Core(
        problem=target.address,
        refit=functions[function],
        workspace_create=functions["workspace_create"],
        workspace_destroy=functions["workspace_destroy"],
        owner=target,
        batch=target.batch,
    )


def _layout_of(model: Model, columns: Iterable[str], statistic: CompiledStatistic | None) -> RecordLayout:
    """The layout of records that have what is kept of them and what a statistic wants."""
    return record_layout(model, "modes" in columns or (statistic is not None and statistic.wants_modes))


def _with_statistic(task: Task, statistic: CompiledStatistic | None) -> Task:
    """The task with a statistic, if there is one, computed from each record."""
    if statistic is None:
        return task
    return replace(task, statistic=statistic.address, n_values=statistic.n_values)


def _response_size(model: Model) -> int:
    """Numbers of a response in the core's layout, q + p + 1."""
    return model.cross.design.q + model.cross.rank + 1


def _start(solution: dict[str, Any]) -> np.ndarray:
    return np.ascontiguousarray(solution["internal_theta"], float)
