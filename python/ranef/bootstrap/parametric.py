"""The parametric bootstrap of a fit."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..errors import ArgumentError
from .result import BootstrapResult, parameter_names

if TYPE_CHECKING:
    from ..result import LmerResult

__all__ = ["bootstrap"]


def bootstrap(
    fit: LmerResult,
    n: int,
    seed: int | np.random.SeedSequence | None = None,
    n_threads: int | None = None,
    progress: bool = True,
    *,
    route: str | None = None,
) -> BootstrapResult:
    """Draw responses from a fitted model and refit the model to each.

    Parameters
    ----------
    fit : LmerResult
        Draws come from its parameters (random effects drawn anew), refits start at its theta.
    n : int
        Number of replicates.
    seed : int, numpy.random.SeedSequence or None
        The same seed gives the same replicates, for any number of threads. None takes one from the operating
        system and reports it in the result.
    n_threads : int, optional
        Threads; by default all cores this process may use.
    progress : bool
        Show a progress bar with the rate and the time left. Ctrl-C stops and keeps what is done.
    route : {None, "gram", "rows"}
        How replicates are drawn; None takes the cheaper way (`ranef.bootstrap.route.choose_route`).

    Returns
    -------
    BootstrapResult

    Raises
    ------
    ArgumentError
        If an argument has a value it cannot have.
    MemoryError
        If there is not enough memory for the threads' workspaces.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> result = fit.bootstrap(1000, seed=1, progress=False)
    >>> result.conf_int().loc["Days"].round(0).tolist()
    [7.0, 13.0]
    >>> result.to_frame().shape
    (1000, 11)
    """
    count = _whole_number(n, "n", "the number of replicates")
    seed = _checked_seed(seed)
    threads = None if n_threads is None else _whole_number(n_threads, "n_threads", "the number of threads")
    if route not in (None, "gram", "rows"):
        raise ArgumentError(f"route must be 'gram', 'rows' or None, got {route!r}")

    # Numba is loaded here, not when ranef is imported.
    from .engine import available_cores, run
    from .streams import stream_key
    from .task import make_task

    task, chosen = make_task(fit.state, route)
    key, seed = stream_key(seed)
    outcome = run(task, key, count, threads or available_cores(), bool(progress))
    return BootstrapResult(
        formula=fit.model.formula.text,
        coefficients=tuple(fit.model.design.column_names),
        kept=fit.model.cross.kept,
        records=outcome.table,
        requested=count,
        seed=seed,
        route=chosen.name,
        route_reason=chosen.reason,
        seconds=outcome.seconds,
        n_threads=outcome.threads,
        estimates=pd.Series(
            np.concatenate([fit.state.beta, [fit.sigma], fit.theta]),
            parameter_names(fit.model.design.column_names, len(fit.theta)),
        ),
    )


def _whole_number(value, argument: str, meaning: str) -> int:
    try:
        number = 0 if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:
        number = 0
    if number < 1:
        raise ArgumentError(f"{argument} is {meaning}: a whole number, 1 or more; got {value!r}")
    return number


def _checked_seed(seed):
    if seed is None or isinstance(seed, np.random.SeedSequence):
        return seed
    try:
        number = -1 if isinstance(seed, bool | np.bool_) else operator.index(seed)
    except TypeError:
        number = -1
    if number < 0:
        raise ArgumentError(
            "seed must be a whole number, 0 or more, a numpy.random.SeedSequence, or None for a new one; "
            f"got {seed!r}"
        )
    return number
