"""More replicates for a result: exactly those that one longer run would have made."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import ArgumentError, DataError
from ..fit import Fit
from .asked import Asked
from .checks import whole_number
from .draws.true_parameters import true_parameters
from .loop.record import PARTS, checked_columns
from .replicates.origin import difference, drawn_by, make_origin
from .replicates.result import BootstrapResult
from .replicates.storage import is_path, load, require_storage, save
from .slices import in_slices, joined
from .statistic_of_fit import statistic_difference

_SAVE_SECONDS = 5.0
_SAVE_SHARE = 0.05  # of the time of a run that may go into files


def resumed(fit: Fit, asked: Asked) -> BootstrapResult:
    """Continue a result, or a file, up to ``n`` replicates; see `ranef.bootstrap.bootstrap`.

    Raises ArgumentError if the replicates there come from something else; the message names the difference.
    Raises DataError if the file cannot be read, or one cannot be written there.
    """
    source = asked.resume
    if isinstance(source, BootstrapResult):
        return _continued(source, fit, asked)
    if not is_path(source):
        raise ArgumentError(f"resume= must be a path or a BootstrapResult, got {source!r}")
    require_storage(source)
    before = load(source) if Path(source).exists() else None
    file = _File(source, before)
    if before is None:
        result = in_slices(fit, asked, file)
    else:
        result = _continued(before, fit, asked, file)
    if before is None or len(result) > len(before):
        file.save(result)
    return result


class _File:
    """The file of a run: what it held before, and what has been done since, every few seconds."""

    def __init__(self, path: Any, before: BootstrapResult | None) -> None:
        self.path, self.before = path, before
        self.cost, self.last = 0.0, time.monotonic()

    def is_due(self) -> bool:
        return time.monotonic() - self.last > max(_SAVE_SECONDS, self.cost / _SAVE_SHARE)

    def write(self, result: BootstrapResult) -> None:
        whole = result if self.before is None else joined([self.before, result], result.requested)
        started = time.monotonic()
        self.save(whole)
        self.last = time.monotonic()
        self.cost = self.last - started

    def save(self, result: BootstrapResult) -> None:
        try:
            save(result, self.path)
        except DataError as error:
            error.replicates = result
            raise


def append(result: BootstrapResult, n: int, fit: Fit | None = None, **options: Any) -> BootstrapResult:
    """Return this result with ``n`` more replicates: those that one longer run would have made.

    Parameters
    ----------
    result : BootstrapResult
    n : int
    fit : Fit, optional
        Where the replicates came from; needed after pickling or loading.
    **options
        ``n_threads``, ``progress``, ``executor``.
    """
    count = whole_number(n, "n", "the number of replicates to add")
    fit = fit or result.fit
    if fit is None:
        raise ArgumentError("this result has lost its fit (it was pickled or loaded): append(n, fit=fit)")
    unknown = set(options) - {"n_threads", "progress", "statistic", "executor"}
    if unknown:
        raise ArgumentError(
            f"append() takes n_threads=, progress=, executor= and statistic=, not {', '.join(unknown)}="
        )
    if result.route == "refits":
        return _more_refits(result, fit, count, options)
    options = {"statistic": result.statistic, "scheme": result.scheme, **_drawn_with(result, fit), **options}
    return _continued(result, fit, Asked(len(result) + count, **options))


def _more_refits(result: BootstrapResult, fit: Any, count: int, options: dict[str, Any]) -> BootstrapResult:
    """Return a result of `by_refits.replicates` with more replicates."""
    if "executor" in options:
        raise ArgumentError("executor= is not for fits whose covariance has a structure: leave it out")
    options = {"statistic": result.statistic, "use_u": result.use_u, **options}
    start = result.first + len(result)
    more = fit.bootstrap(count, seed=result.seed, first=start, **options)
    found = difference(result.origin, more.origin)
    if found is not None:
        raise ArgumentError(f"these replicates cannot be continued: {found}")
    return joined([result, more], len(result) + count)


def _drawn_with(result: BootstrapResult, fit: Fit) -> dict[str, Any]:
    """The arguments that give the parameters the result was drawn with."""
    options: dict[str, Any] = {"use_u": result.use_u, "group": result.origin.get("by")}
    if result.given:
        params = np.zeros(len(result.names.coefficients))
        params[list(result.names.kept)] = result.origin["drawn with params"]
        options |= {"params": params, "theta": result.origin["drawn with theta"]}
        options["sigma"] = result.origin["drawn with sigma"]
    return options


def _continued(before: BootstrapResult, fit: Fit, asked: Asked, file: _File | None = None) -> BootstrapResult:
    _require_same(before, fit, asked)
    missing = asked.n - len(before)
    if missing <= 0:
        return before.replaced(fit=fit, requested=len(before))
    rest = replace(
        asked,
        n=missing,
        seed=before.seed,
        first=before.first + len(before),
        columns=_kept(before),
        route=before.route if before.scheme == "parametric" else None,
    )
    return joined([before, in_slices(fit, rest, file)], asked.n)


def _kept(result: BootstrapResult) -> tuple[str, ...]:
    """The parts of records that a result has."""
    return tuple(part for part in PARTS if part in result.places)


def _require_same(before: BootstrapResult, fit: Fit, asked: Asked) -> None:
    scheme, seed = asked.scheme, asked.seed
    group = drawn_by(fit, scheme, asked.group) if scheme == before.scheme else before.origin.get("by")
    at = true_parameters(fit, asked.params, asked.theta, asked.sigma, asked.use_u)
    found = difference(before.origin, make_origin(fit, at, group))
    if found is None and before.scheme != scheme:
        found = f"scheme is '{before.scheme}' there and '{scheme}' here"
    if found is None and seed is not None and not _same_seed(before.seed, seed):
        found = f"seed is {before.seed} there and {seed} here"
    if found is None and asked.columns is not None:
        here, there = checked_columns(asked.columns), _kept(before)
        found = None if here == there else f"columns are {there} there and {here} here"
    if found is None and asked.first is not None and asked.first != before.first:
        found = f"first is {before.first} there and {asked.first} here"
    if found is None:
        found = statistic_difference(before, fit, asked.statistic)
    if found is not None:
        raise ArgumentError(f"these replicates cannot be continued: {found}")


def _same_seed(a: Any, b: Any) -> bool:
    here, there = (s if isinstance(s, np.random.SeedSequence) else np.random.SeedSequence(s) for s in (a, b))
    return bool(np.array_equal(here.generate_state(4), there.generate_state(4)))
