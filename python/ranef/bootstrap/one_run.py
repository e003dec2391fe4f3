"""One run of the bootstrap, from a first replicate on: what is asked for, draws and refits, the result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from ..errors import ArgumentError
from ..estimates.parameters import ParameterNames
from ..fit import Fit
from .asked import Asked
from .callback import apply_statistic
from .checks import checked_threads, require_table
from .draws.route import Route
from .draws.streams import stream_key
from .draws.true_parameters import TrueParameters, true_parameters
from .loop.engine import preparing, run
from .loop.record import checked_columns, kept_columns, record_layout
from .loop.remote import check_executor, run_remotely
from .loop.statistic import CompiledStatistic, compiled_for, is_compiled
from .loop.task import make_task
from .loop.work import Outcome, Stretch
from .replicates.messages import compiled_messages
from .replicates.origin import drawn_by, make_origin
from .replicates.result import BootstrapResult
from .schemes.scheme import check_scheme, other_scheme
from .statistic_of_fit import code_of

_ROUTES = (None, "gram", "rows")


def one_run(fit: Fit, asked: Asked, estimate: Any = None) -> BootstrapResult:
    """The replicates asked for; `estimate` is what a plain Python statistic returns for the fit itself."""
    at = true_parameters(fit, asked.params, asked.theta, asked.sigma, asked.use_u)
    asked, compiled = _checked(fit, asked, at)
    scheme, statistic, count = asked.scheme, asked.statistic, asked.n
    away = asked.executor is not None and scheme == "parametric"  # 1 for each worker, unless told
    threads = 1 if away and asked.n_threads is None else checked_threads(asked.n_threads)
    selection, places = kept_columns(record_layout(fit.model, "modes" in asked.columns), asked.columns)
    if compiled is not None:
        places["statistic"] = slice(len(selection), len(selection) + compiled.n_values)
    require_table(count, sum(place.stop - place.start for place in places.values()) + 1)
    key, seed = stream_key(asked.seed)
    stretch = Stretch(key, asked.start, count, threads, asked.progress)
    outcome, chosen = _refits(fit, asked, at, compiled, stretch)
    result = BootstrapResult(
        formula=fit.model.formula.text,
        names=ParameterNames.of(fit.model),
        records=outcome.table,
        places=places,
        requested=count,
        seed=seed,
        route=chosen.name,
        route_reason=chosen.reason,
        seconds=outcome.seconds,
        n_threads=outcome.threads,
        scheme=scheme,
        estimates=_estimates(fit, compiled),
        errors=fit.bse.copy(),
        origin=make_origin(fit, at, drawn_by(fit, scheme, asked.group)) | {"statistic": code_of(statistic)},
        given=at.given,
        use_u=at.use_u,
        statistic_names=compiled.names if compiled else (),
        statistic=statistic,
        first=asked.start,
        fit=fit,
    )
    if compiled is not None:
        return result.replaced(messages=compiled_messages(result))
    return result if statistic is None else apply_statistic(result, fit, at, statistic, estimate, key)


def _checked(fit: Fit, asked: Asked, at: TrueParameters) -> tuple[Asked, CompiledStatistic | None]:
    """Refuse what does not go together; compile the statistic, or make sure that it gets whole refits.

    Raises ArgumentError.
    """
    scheme, statistic, kept = asked.scheme, asked.statistic, checked_columns(asked.columns)
    if asked.route not in _ROUTES:
        raise ArgumentError(f"route must be 'gram', 'rows' or None, got {asked.route!r}")
    if not (statistic is None or callable(statistic)):
        raise ArgumentError(f"statistic= must be a function, compiled by Numba or not; got {statistic!r}")
    check_scheme(scheme, at, asked.route, asked.group)
    if asked.executor is not None:
        check_executor(asked.executor, scheme, statistic)
    compiled = compiled_for(fit, statistic, "modes" in kept) if is_compiled(statistic) else None
    if scheme == "cases":
        _check_cases(kept, statistic, compiled)
    if statistic is None or compiled is not None:
        return replace(asked, columns=kept), compiled
    kept = checked_columns({*kept, "theta", "objective", "evaluations"})
    return replace(asked, columns=kept, route="rows" if scheme == "parametric" else None), None


def _check_cases(kept: tuple[str, ...], statistic: Any, compiled: CompiledStatistic | None) -> None:
    """Refuse what replicates with other groups than the data's do not have."""
    if "modes" in kept:
        raise ArgumentError("scheme='cases' draws other groups each time: they have no modes to compare")
    if compiled is not None and compiled.wants_modes:
        raise ArgumentError(
            "scheme='cases' draws other groups each time: the statistic cannot have their modes"
        )
    if statistic is not None and compiled is None:
        raise ArgumentError("scheme='cases' takes a statistic compiled by Numba: each refit has its own data")


def _refits(
    fit: Fit, asked: Asked, at: TrueParameters, compiled: CompiledStatistic | None, stretch: Stretch
) -> tuple[Outcome, Route]:
    """Draw and refit, here or on the executor; also how replicates were drawn."""
    kept, executor = asked.columns, asked.executor
    if asked.scheme != "parametric":
        rest = (asked.group, executor, asked.statistic)
        return other_scheme(fit, asked.scheme, stretch, kept, compiled, *rest)
    with preparing(stretch.progress):
        task, chosen = make_task(fit, at, asked.route, kept, compiled)
    if executor is not None:
        return run_remotely(executor, fit, task, chosen.name, kept, asked.statistic, stretch), chosen
    count, threads = stretch.count, stretch.threads
    return run(task, stretch.key, count, threads, stretch.progress, first=stretch.first), chosen


def _estimates(fit: Fit, compiled: CompiledStatistic | None) -> pd.Series:
    """Return the fit's parameters by name, and its statistic."""
    estimates = true_parameters(fit).series(ParameterNames.of(fit.model))
    if compiled is None:
        return estimates
    return pd.concat([estimates, pd.Series(compiled.estimate, list(compiled.names))])
