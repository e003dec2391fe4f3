"""One run of the bootstrap, from a first replicate on: checks, draws, refits, the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import ArgumentError
from ..estimates.parameters import ParameterNames
from ..fit import Fit
from ..threads import get_num_threads
from .callback import apply_statistic
from .checks import require_table, whole_number
from .draws.streams import stream_key
from .draws.true_parameters import true_parameters
from .loop.engine import preparing, run
from .loop.record import checked_columns, kept_columns
from .loop.remote import check_executor, run_remotely
from .loop.statistic import is_compiled
from .loop.task import make_task, record_layout
from .replicates.messages import compiled_messages
from .replicates.origin import drawn_by, make_origin
from .replicates.result import BootstrapResult
from .schemes.scheme import check_scheme, other_scheme
from .statistic_of_fit import code_of, compiled_for

__all__ = ["one_run"]

_ROUTES = (None, "gram", "rows")


def one_run(
    fit: Fit,
    count: int,
    seed: int | np.random.SeedSequence | None,
    first: int,
    progress: bool,
    *,
    scheme: str = "parametric",
    group: str | None = None,
    params: Mapping[str, float] | npt.ArrayLike | None = None,
    theta: npt.ArrayLike | None = None,
    sigma: float | None = None,
    use_u: bool = False,
    statistic: Any = None,
    columns: str | Iterable[str] | None = None,
    route: str | None = None,
    executor: Any = None,
    n_threads: int | None = None,
    estimate: Any = None,
) -> BootstrapResult:
    """Replicates ``first`` to ``first + count``; the other arguments as in `ranef.bootstrap.bootstrap`.

    ``estimate`` is what a plain Python statistic returns for the fit itself.
    """
    threads = None if n_threads is None else whole_number(n_threads, "n_threads", "the number of threads")
    if route not in _ROUTES:
        raise ArgumentError(f"route must be 'gram', 'rows' or None, got {route!r}")
    kept = checked_columns(columns)
    if not (statistic is None or callable(statistic)):
        raise ArgumentError(f"statistic= must be a function, compiled by Numba or not; got {statistic!r}")
    at = true_parameters(fit, params, theta, sigma, use_u)
    check_scheme(scheme, at, route, group)
    if executor is not None:
        check_executor(executor, scheme, statistic)
    if scheme == "cases" and "modes" in kept:
        raise ArgumentError("scheme='cases' draws other groups each time: they have no modes to compare")

    names = ParameterNames.of(fit.model)
    compiled = plain = None
    if is_compiled(statistic):
        compiled = compiled_for(fit, statistic)
    elif statistic is not None and scheme == "cases":
        raise ArgumentError("scheme='cases' takes a statistic compiled by Numba: each refit has its own data")
    elif statistic is not None:
        plain, route = statistic, "rows" if scheme == "parametric" else None
        kept = checked_columns({*kept, "theta", "objective", "evaluations"})
    if compiled is not None and compiled.wants_modes and scheme == "cases":
        raise ArgumentError(
            "scheme='cases' draws other groups each time: the statistic cannot have their modes"
        )
    selection, places = kept_columns(record_layout(fit.model, "modes" in kept), kept)
    width = len(selection)
    require_table(count, width + (compiled.n_values if compiled else 0) + 1)
    key, seed = stream_key(seed)
    if scheme == "parametric":
        with preparing(progress):
            task, chosen = make_task(fit, at, route, kept, compiled)
        if executor is None:
            outcome = run(task, key, count, threads or get_num_threads(), progress, origin=first)
        else:
            outcome = run_remotely(
                executor, fit, task, chosen.name, kept, statistic, key, count, first, threads or 1,
                progress,
            )  # fmt: skip
    else:
        outcome, chosen = other_scheme(
            fit,
            scheme,
            key,
            count,
            first,
            threads or get_num_threads(),
            progress,
            kept,
            compiled,
            group,
            executor,
            statistic,
        )
    estimates = true_parameters(fit).series(names)
    if compiled is not None:
        places["statistic"] = slice(width, width + compiled.n_values)
        estimates = pd.concat([estimates, pd.Series(compiled.estimate, list(compiled.names))])
    result = BootstrapResult(
        formula=fit.model.formula.text,
        names=names,
        records=outcome.table,
        places=places,
        requested=count,
        seed=seed,
        route=chosen.name,
        route_reason=chosen.reason,
        seconds=outcome.seconds,
        n_threads=outcome.threads,
        scheme=scheme,
        estimates=estimates,
        errors=fit.bse.copy(),
        origin=make_origin(fit, at, drawn_by(fit, scheme, group)) | {"statistic": code_of(statistic)},
        given=at.given,
        use_u=at.use_u,
        statistic_names=compiled.names if compiled else (),
        statistic=statistic,
        first=first,
        fit=fit,
    )
    if plain is not None:
        return apply_statistic(result, fit, at, plain, estimate, key)
    return result.replaced(messages=compiled_messages(result)) if compiled else result
