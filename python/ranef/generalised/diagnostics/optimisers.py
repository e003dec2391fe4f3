"""The same generalised model from other starts and by SciPy's optimisers, side by side."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter
from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...errors import ArgumentError, FitError, quote_list
from ..fit import GlmerFit
from ..fitting import fit_model

_SCIPY = {"l-bfgs-b": "L-BFGS-B", "bfgs": "BFGS"}
OPTIMIZERS = ("newton", "newton from small variances", "newton from large variances", *_SCIPY)


def other_runs(
    fit: GlmerFit, optimizers: Any = None, max_evaluations: int | None = None
) -> dict[str, tuple[GlmerFit, float]]:
    """Fit the model of a fit again in other ways.

    The answer maps the name of the way to the fit and its seconds.
    """
    names = list(
        OPTIMIZERS if optimizers is None else [optimizers] if isinstance(optimizers, str) else optimizers
    )
    for name in names:
        if name not in OPTIMIZERS:
            raise ArgumentError(
                f"a generalised model has the optimisers {quote_list(OPTIMIZERS)}, not {name!r}"
            )
    limit, out = max_evaluations or 200, {}
    for name in names:
        began = perf_counter()
        if name in _SCIPY:
            found = _by_scipy(fit, _SCIPY[name], limit)
        else:
            factor = 0.1 if "small" in name else 3.0 if "large" in name else None
            start = None if factor is None else _scaled_start(fit, factor)
            found = fit_model(fit.model, start=start, max_evaluations=limit)
        out[name] = (found, perf_counter() - began)
    return out


def _scaled_start(fit: GlmerFit, factor: float) -> FloatArray:
    start = fit.model.start()
    start[: fit.model.n_theta] *= factor
    return start


def _by_scipy(fit: GlmerFit, method: str, limit: int) -> GlmerFit:
    from scipy.optimize import minimize

    core, evaluations = fit.model.core, 0

    def function(x: FloatArray) -> tuple[float, FloatArray]:
        nonlocal evaluations
        evaluations += 1
        try:
            value, gradient = core.evaluate(np.ascontiguousarray(x), 1e-13)
        except RuntimeError:
            return np.inf, np.zeros(x.size)
        return value, np.asarray(gradient)

    result = minimize(
        function, fit.model.start(), jac=True, method=method, options={"maxiter": limit, "gtol": 1e-7}
    )
    try:
        point = core.point(np.ascontiguousarray(result.x))
    except RuntimeError as error:
        raise FitError(f"{method} ended at a point without an answer ({error}): leave it out") from None
    found = dict(fit.found) | dict(point) | {"evaluations": evaluations}
    optimum = replace(
        fit.optimum,
        theta=np.asarray(point["theta"]),
        value=point["value"] - point["penalty"] - 2 * fit.model.constant,
        optimizer=method.lower(),
        evaluations=evaluations,
        converged=bool(result.success) or result.status == 2,
        boundary=(),
    )
    return type(fit)(fit.model, fit.y, fit.response, optimum, found=found)
