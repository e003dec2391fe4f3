"""The parametric bootstrap of a fit by iterations: rows are drawn and refitted, with the same probes."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ..bootstrap.asked import Asked
from ..bootstrap.checks import require_table
from ..bootstrap.draws.streams import replicate_generator, stream_key
from ..bootstrap.draws.true_parameters import true_parameters
from ..bootstrap.loop.record import CONVERGED, FAILED, SINGULAR, RecordLayout, kept_columns
from ..bootstrap.replicates.origin import make_origin
from ..bootstrap.replicates.result import BootstrapResult
from ..errors import RanefError
from ..estimates.parameters import ParameterNames
from ..machine.threads import get_num_threads
from .fit import searched

_COLUMNS = ("coefficients", "se", "sigma", "theta", "evaluations")
_ANY_ERROR = 1e9  # replicates are not given more probes than the fit has


def replicated(fit: Any, asked: Asked) -> BootstrapResult:
    """Return replicates of a fit by iterations, see `bootstrap`.

    Refits have the probes of the fit, so that what these leave to chance is the same in all of them and
    cancels from their differences.
    """
    count, start, use_u = asked.n, asked.start, asked.use_u
    key, seed = stream_key(asked.seed)
    model, names = fit.model, ParameterNames.of(fit.model)
    layout = RecordLayout(model.cross.rank, model.n_theta)
    selection, places = kept_columns(layout, _COLUMNS)
    require_table(count, len(selection) + 1)
    at = true_parameters(fit, use_u=use_u)
    own = replace(fit.iterations, probes=fit.optimum.probes, error=_ANY_ERROR, most_probes=fit.optimum.probes)
    settings = replace(fit.settings, start=None if fit.singular else fit.theta, max_evaluations=None)
    records, started = np.empty((count, len(selection) + 1)), time.perf_counter()
    done, hidden = 0, not asked.progress
    with tqdm(total=count, desc="bootstrap", unit=" refits", disable=hidden, dynamic_ncols=True) as bar:
        try:
            while done < count:
                y = fit.simulate(1, seed=replicate_generator(key, start + done), use_u=use_u)[0]
                whole = _record(model, y, layout, settings, own)
                records[done] = [*whole[selection], whole[-1]]
                done += 1
                bar.update()
        except KeyboardInterrupt:
            pass  # what is done is kept, and the result says that it was interrupted
    return BootstrapResult(
        formula=model.formula.text,
        names=names,
        records=records[:done],
        places=places,
        requested=count,
        seed=seed,
        route="rows",
        route_reason="refits by iterations, from the fit's theta",
        seconds=time.perf_counter() - started,
        n_threads=get_num_threads(),
        estimates=true_parameters(fit).series(names),
        errors=fit.bse.copy(),
        origin=make_origin(fit, at),
        use_u=use_u,
        first=start,
        fit=fit,
    )


def _record(model: Any, y: np.ndarray, layout: RecordLayout, settings: Any, own: Any) -> np.ndarray:
    """Return the record of one refit."""
    out, places = np.full(layout.size, np.nan), layout.parts()
    try:
        optimum = searched(model, model.response_of(y), settings, own, None)
    except RanefError:
        out[-1] = FAILED
        return out
    solution = optimum.found.get("solution")
    out[places["evaluations"]], out[-1] = optimum.evaluations, FAILED
    if solution is None:
        return out
    out[places["coefficients"]] = solution["beta"]
    out[places["se"]] = np.sqrt(np.diag(solution["vcov"]))
    out[places["sigma"]] = solution["sigma"]
    out[places["theta"]] = optimum.theta
    out[-1] = CONVERGED * optimum.converged + SINGULAR * optimum.singular
    return out
