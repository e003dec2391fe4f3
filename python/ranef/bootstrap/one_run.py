"""One run of the bootstrap, from a first replicate on: what is asked for, draws and refits, the result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import ArgumentError
from ..estimates.parameters import ParameterNames
from ..fit import Fit
from .callback import apply_statistic
from .checks import checked_threads, require_table
from .draws.route import Route
from .draws.streams import stream_key
from .draws.true_parameters import TrueParameters, true_parameters
from .loop.engine import preparing, run
from .loop.record import checked_columns, kept_columns
from .loop.remote import check_executor, run_remotely
from .loop.statistic import CompiledStatistic, is_compiled
from .loop.task import make_task, record_layout
from .loop.work import Outcome, Stretch
from .replicates.messages import compiled_messages
from .replicates.origin import drawn_by, make_origin
from .replicates.result import BootstrapResult
from .schemes.scheme import check_scheme, other_scheme
from .statistic_of_fit import code_of, compiled_for

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
    at = true_parameters(fit, params, theta, sigma, use_u)
    asked = _checked(fit, _Request(at, scheme, group, route, checked_columns(columns), executor, statistic))
    away = executor is not None and scheme == "parametric"  # 1 for each worker, unless told
    threads = 1 if away and n_threads is None else checked_threads(n_threads)
    selection, places = kept_columns(record_layout(fit.model, "modes" in asked.kept), asked.kept)
    if asked.compiled is not None:
        places["statistic"] = slice(len(selection), len(selection) + asked.compiled.n_values)
    require_table(count, sum(place.stop - place.start for place in places.values()) + 1)
    key, seed = stream_key(seed)
    outcome, chosen = _refits(fit, asked, Stretch(key, first, count, threads, progress))
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
        estimates=_estimates(fit, asked.compiled),
        errors=fit.bse.copy(),
        origin=make_origin(fit, at, drawn_by(fit, scheme, group)) | {"statistic": code_of(statistic)},
        given=at.given,
        use_u=at.use_u,
        statistic_names=asked.compiled.names if asked.compiled else (),
        statistic=statistic,
        first=first,
        fit=fit,
    )
    if asked.plain:
        return apply_statistic(result, fit, at, statistic, estimate, key)
    return result.replaced(messages=compiled_messages(result)) if asked.compiled else result


@dataclass(frozen=True, eq=False)
class _Request:
    """What a run draws and keeps; its arguments, checked."""

    at: TrueParameters
    scheme: str
    group: str | None
    route: str | None
    kept: tuple[str, ...]
    executor: Any
    statistic: Any
    compiled: CompiledStatistic | None = None

    @property
    def plain(self) -> bool:
        """Whether the statistic is a Python function, which gets every refit afterwards."""
        return self.statistic is not None and self.compiled is None


def _checked(fit: Fit, asked: _Request) -> _Request:
    """Refuse what does not go together; compile the statistic, or make sure that it gets whole refits.

    Raises ArgumentError.
    """
    scheme, statistic, compiled = asked.scheme, asked.statistic, None
    if asked.route not in _ROUTES:
        raise ArgumentError(f"route must be 'gram', 'rows' or None, got {asked.route!r}")
    if not (statistic is None or callable(statistic)):
        raise ArgumentError(f"statistic= must be a function, compiled by Numba or not; got {statistic!r}")
    check_scheme(scheme, asked.at, asked.route, asked.group)
    if asked.executor is not None:
        check_executor(asked.executor, scheme, statistic)
    if is_compiled(statistic):
        compiled = compiled_for(fit, statistic)
    if scheme == "cases":
        _check_cases(asked.kept, statistic, compiled)
    asked = replace(asked, compiled=compiled)
    if not asked.plain:
        return asked
    kept = checked_columns({*asked.kept, "theta", "objective", "evaluations"})
    return replace(asked, kept=kept, route="rows" if scheme == "parametric" else None)


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


def _refits(fit: Fit, asked: _Request, stretch: Stretch) -> tuple[Outcome, Route]:
    """Draw and refit, here or on the executor; also how replicates were drawn."""
    kept, compiled, executor = asked.kept, asked.compiled, asked.executor
    if asked.scheme != "parametric":
        rest = (asked.group, executor, asked.statistic)
        return other_scheme(fit, asked.scheme, stretch, kept, compiled, *rest)
    with preparing(stretch.progress):
        task, chosen = make_task(fit, asked.at, asked.route, kept, compiled)
    if executor is not None:
        return run_remotely(executor, fit, task, chosen.name, kept, asked.statistic, stretch), chosen
    count, threads = stretch.count, stretch.threads
    return run(task, stretch.key, count, threads, stretch.progress, origin=stretch.first), chosen


def _estimates(fit: Fit, compiled: CompiledStatistic | None) -> pd.Series:
    """Return the fit's parameters by name, and its statistic."""
    estimates = true_parameters(fit).series(ParameterNames.of(fit.model))
    if compiled is None:
        return estimates
    return pd.concat([estimates, pd.Series(compiled.estimate, list(compiled.names))])
