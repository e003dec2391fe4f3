"""The parametric bootstrap of fits whose covariance has a structure: responses by rows, one refit after the
other, in threads.

The sums behind such a fit are of one covariance of the residuals; a replicate drawn from them would need the
sums of all. So every replicate is a response of n rows, and a fit of its own that starts at the estimates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError, RanefError
from ..estimates.parameters import ParameterNames
from ..frame.native import in_pandas
from ..threads import get_num_threads
from .callback import applied
from .checks import checked_seed, first_replicate, require_table, whole_number
from .draws.streams import replicate_generator, stream_key
from .loop.record import CONVERGED, FAILED, SINGULAR
from .loop.statistic import is_compiled, value_names, values_of
from .replicates.result import BootstrapResult
from .statistic_of_fit import code_of, value_at_fit

ROUTE = "refits"
_WHY = "drawn by rows, a fit to each: the covariance of the residuals or random effects has a structure"
_MOST_BLOCKS = 400  # that are left out for an acceleration

Answer = tuple[FloatArray, int, str]  # the numbers of a replicate, its status, what went wrong


def bootstrap(
    fit: Any,
    n: int,
    seed: int | np.random.SeedSequence | None = None,
    n_threads: int | None = None,
    progress: bool = True,
    *,
    statistic: Callable[[Any], Any] | None = None,
    first: int | None = None,
) -> BootstrapResult:
    """Draw responses from a fitted model and refit the model to each, row by row.

    Parameters
    ----------
    fit : VisitFit, GlsFit, ResidualFit or StructuredFit
        Draws come from its parameters, refits start there.
    n : int
        Number of replicates.
    seed : int, numpy.random.SeedSequence or None
        The same seed gives the same replicates, for any number of threads.
    n_threads : int, optional
        By default as many as `ranef.get_num_threads` says.
    progress : bool
        Show a progress bar. Ctrl-C stops and keeps what is done.
    statistic : callable, optional
        Of a refit: a number, several, or numbers by name; added to the columns of the result.
    first : int, optional
        Number of the first replicate, 0 unless said: with the same seed, a part of a longer run.

    Returns
    -------
    BootstrapResult
        Coefficients, sigma, standard deviations and correlations of random effects, and the parameters of the
        structures as ``fit.residual.parameters`` (``fit.structures.parameters``) names them. Intervals of all
        kinds; studentized ones for coefficients. For ``kind="bca"`` the model is refitted without one subject
        (or group that all others are nested in) after the other.

    Raises
    ------
    ArgumentError
        An argument has a value it cannot have, or the statistic fails on the fit itself.

    Notes
    -----
    A replicate costs a fit, which the number of rows does not leave alone: sums are made of every response.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> result = fit.bootstrap(50, seed=1, progress=False)
    >>> result.conf_int().index.tolist()
    ['Intercept', 'age', 'sigma', 'car1(age | Subject)']
    """
    count = whole_number(n, "n", "the number of replicates")
    start = first_replicate(first)
    threads = get_num_threads()
    if n_threads is not None:
        threads = whole_number(n_threads, "n_threads", "the number of threads")
    if is_compiled(statistic):
        raise ArgumentError(
            "statistic= must be a plain function of a refit for this kind of fit, not one compiled by Numba"
        )
    if statistic is not None and not callable(statistic):
        raise ArgumentError(f"statistic= must be a function of a fit, not {statistic!r}")
    key, seed = stream_key(checked_seed(seed))
    names, own, further = _of_fit(fit)
    places = {part: where for part, where in own.items() if where.stop > where.start}
    at_fit = value_at_fit(fit, statistic)
    known = [*names.all, *further.index, "objective", "singular", "converged", "failed"]
    asked = () if statistic is None else value_names(statistic, at_fit, known)
    width = max(place.stop for place in places.values())
    extra = len(further) + len(asked)
    require_table(count, width + extra + 1)
    if extra:
        places["statistic"] = slice(width, width + extra)
    list(fit.simulate(1, seed=0))  # what answers keep is there before the threads are
    errors = fit.bse.copy()  # and what its module loads: after Ctrl-C nobody waits for that

    def replicate(number: int) -> Answer:
        values = np.full(width + extra, np.nan)
        try:
            refit = fit.refit(fit.simulate(1, seed=replicate_generator(key, number))[0])
            values[: width + len(further)] = _numbers(refit, own)
        except (RanefError, np.linalg.LinAlgError, RuntimeError) as error:
            return values, FAILED, f"{type(error).__name__}: {error}"
        status = CONVERGED * bool(refit.converged) + SINGULAR * bool(refit.singular)
        if statistic is None:
            return values, status, ""
        bits, message = applied(statistic, refit, values[width + len(further) :])
        return values, status | bits, message

    began = perf_counter()
    done = in_order(replicate, range(start, start + count), threads, progress)
    records = np.array([np.append(values, status) for values, status, _ in done])
    estimates = pd.concat([_estimates(fit, names, own), further])
    if asked:
        estimates = pd.concat([estimates, pd.Series(values_of(at_fit), list(asked))])
    return BootstrapResult(
        formula=fit.formula,
        names=names,
        records=records.reshape(len(done), width + extra + 1),
        places=places,
        requested=count,
        seed=seed,
        route=ROUTE,
        route_reason=_WHY,
        seconds=perf_counter() - began,
        n_threads=threads,
        estimates=estimates,
        errors=errors,
        origin=origin_of(fit) | {"statistic": code_of(statistic)},
        statistic_names=(*further.index, *asked),
        messages={start + row: text for row, (_, _, text) in enumerate(done) if text},
        statistic=statistic,
        first=start,
        fit=fit,
    )


def origin_of(fit: Any) -> dict[str, Any]:
    """Return where replicates come from, in plain numbers and text."""
    return {
        "formula": fit.formula,
        "criterion": "REML" if fit.reml else "ML",
        "rows": fit.nobs,
        "coefficients": list(fit.model.design.column_names),
        "objective": fit.objective,
        "drawn with params": [float(value) for value in fit.solution["beta"]],
        "drawn with further": _further(fit).tolist(),
    }


def in_order(
    replicate: Callable[[int], Answer], numbers: range, threads: int, progress: bool
) -> list[Answer]:
    """Return answers in order, those done where Ctrl-C is pressed."""
    from tqdm.auto import tqdm

    done: list[Answer] = []
    ahead = 4 * threads
    with (
        ThreadPoolExecutor(threads) as pool,
        tqdm(total=len(numbers), unit=" refits", disable=None if progress else True, delay=1) as bar,
    ):
        rest = iter(numbers)
        waiting = [pool.submit(replicate, number) for number in islice(rest, ahead)]
        try:
            while waiting:
                done.append(waiting.pop(0).result())
                bar.update()
                waiting += [pool.submit(replicate, number) for number in islice(rest, 1)]
        except KeyboardInterrupt:
            for one in waiting:
                one.cancel()
            if not done:
                raise
    return done


def _of_fit(fit: Any) -> tuple[ParameterNames, dict[str, slice], pd.Series]:
    """Return names, where a record has coefficients, errors, sigma, theta, criterion, and what is further."""
    model = fit.model
    plain = getattr(fit, "free_theta", False)
    columns, kept = tuple(model.design.column_names), tuple(int(k) for k in model.cross.columns)
    names = ParameterNames.of(model) if plain else ParameterNames(columns, kept, ())
    sizes = {
        "coefficients": len(kept),
        "se": len(kept),
        "sigma": int(fit.has_sigma),
        "theta": names.n_theta,
        "objective": 1,
    }
    edges = np.cumsum([0, *sizes.values()])
    own = {part: slice(int(a), int(b)) for part, a, b in zip(sizes, edges, edges[1:], strict=False)}
    further = _further(fit)
    taken = {*names.all}
    further.index = [f"residual[{name}]" if name in taken else name for name in further.index]
    return names, own, further


def _numbers(fit: Any, own: dict[str, slice]) -> FloatArray:
    """Return the record of a fit, with its further parameters."""
    sigma = [fit.sigma] if own["sigma"].stop > own["sigma"].start else []
    theta = fit.theta if own["theta"].stop > own["theta"].start else []
    errors = np.sqrt(np.diag(fit.solution["vcov"]))
    parts = [fit.solution["beta"], errors, sigma, theta, [fit.objective], _further(fit)]
    return np.concatenate([np.asarray(part, dtype=float) for part in parts])


def _estimates(fit: Any, names: ParameterNames, own: dict[str, slice]) -> pd.Series:
    theta = fit.theta if own["theta"].stop > own["theta"].start else np.zeros(0)
    values = names.values(fit.solution["beta"][None], np.array([fit.sigma]), np.asarray(theta)[None])
    return pd.Series(values[0], list(names.all))


# ---------------------------------------------------------------- without one subject after the other
def leave_out_estimates(fit: Any, result: BootstrapResult) -> pd.DataFrame:
    """Return estimates without each subject (or block of subjects), NaN rows where a refit failed."""
    names, own, _ = _of_fit(fit)
    columns = [*names.all, *result.statistic_names]
    rows = [_without(fit, result, rows, names, own) for rows in _blocks(fit.independent_codes())]
    return pd.DataFrame(rows, columns=columns)


def _blocks(codes: npt.NDArray[Any]) -> Iterator[npt.NDArray[np.bool_]]:
    """Yield which rows stay."""
    count = int(codes.max()) + 1
    blocks = min(count, _MOST_BLOCKS)
    block_of = (np.arange(count) * blocks) // count
    for block in range(blocks):
        yield block_of[codes] != block


def _without(
    fit: Any,
    result: BootstrapResult,
    rows: npt.NDArray[np.bool_],
    names: ParameterNames,
    own: dict[str, slice],
) -> FloatArray:
    out = np.full(len(names.all) + len(result.statistic_names), np.nan)
    try:
        part = fit.refit_rows(rows)
        values = [_estimates(part, names, own), _further(part)]
    except (RanefError, np.linalg.LinAlgError, RuntimeError, ValueError):
        return out
    numbers = np.concatenate([np.asarray(one, dtype=float) for one in values])
    out[: numbers.size] = numbers
    if result.statistic is not None:
        applied(result.statistic, part, out[numbers.size :])
    return out


def _further(fit: Any) -> pd.Series:
    """Return the parameters of the structures by name, whatever library the data came in."""
    return in_pandas(fit.further_parameters)()
