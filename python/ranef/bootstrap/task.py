"""From a fit to its bootstrap's task: the one place to know the core's exports and the kernels' inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .. import _core
from .draw import GramDraw, gram_draw
from .draw_rows import RowDraw, row_draw
from .engine import Core, Task
from .gram_factor import GramFactor, factor_gram
from .kernels import gram_kernel, rows_kernel
from .route import GRAM, ROWS, Route, choose_route

if TYPE_CHECKING:
    from ..fit import FitState

__all__ = ["make_task"]


def make_task(state: FitState, route: str | None = None) -> tuple[Task, Route]:
    """Prepare replicates of a fit: draws at its parameters, and refits that start at its theta.

    Parameters
    ----------
    state : FitState
    route : {None, "gram", "rows"}
        None chooses (`choose_route`).

    Returns
    -------
    task : Task
    route : Route
    """
    chosen = _route(state, route)
    if chosen.factor is not None:
        return _task(state, gram_kernel, "gram_multiply", _gram_draw(state, chosen.factor), rows=None), chosen
    rows = state.model.cross.rows
    return _task(state, rows_kernel, "response_from_rows", _row_draw(state), rows), chosen


def _route(state: FitState, route: str | None) -> Route:
    model = state.model
    if route == ROWS:
        return Route(ROWS, "asked for")
    if route == GRAM:
        return Route(GRAM, "asked for", _gram_factor(state))
    levels, widths = zip(*model.cross.design.shapes, strict=True)
    return choose_route(model.design.nobs, levels, widths, len(model.cross.kept), lambda: _gram_factor(state))


def _gram_factor(state: FitState) -> GramFactor:
    cross = state.model.cross.design
    blocks = cross.leading_gram()
    squares = np.diag(cross.remaining_gram(np.zeros_like(blocks)))
    return factor_gram(blocks, cross.remaining_gram, squares, state.model.design.nobs)


def _gram_draw(state: FitState, factor: GramFactor) -> GramDraw:
    cross, solution = state.model.cross.design, state.solution
    mean = np.concatenate([np.zeros(cross.q), solution["internal_coef"][cross.q :]])
    levels = [count for count, _ in cross.shapes]
    lambdas, sigma = solution["internal_lambda"], solution["internal_sigma"]
    return gram_draw(factor, levels, lambdas, sigma, mean, state.model.design.nobs)


def _row_draw(state: FitState) -> RowDraw:
    design, cross = state.model.design, state.model.cross
    return row_draw(
        [(term.factor.codes, term.factor.n_levels, term.basis) for term in design.terms],
        state.model.covariance_factors(state.theta),
        state.sigma,
        design.X[:, cross.kept] @ state.solution["beta"],
        response_size=cross.design.q + len(cross.kept) + 1,
        weights=design.weights,
    )


def _task(state: FitState, kernel: Any, draw: str, prepared: GramDraw | RowDraw, rows: Any) -> Task:
    target = _core.RefitTarget(state.model.problem, state.response, rows)
    functions = _core.c_functions
    core = Core(
        problem=target.address,
        refit=functions["refit"],
        workspace_create=functions["workspace_create"],
        workspace_destroy=functions["workspace_destroy"],
        owner=target,
    )
    start = np.ascontiguousarray(state.solution["internal_theta"], float)
    return Task(core, kernel, functions[draw], prepared.arguments(), start, target.record_size)
