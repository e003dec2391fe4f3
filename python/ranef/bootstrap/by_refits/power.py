"""The power of a study with a fit whose covariance has a structure: studies are refitted by rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...errors import ArgumentError
from ..checks import checked_seed, checked_threads, require_alpha, whole_number
from ..draws.streams import replicate_generator, stream_key
from ..studies.power_summary import Power
from ..studies.tested import positions_of, power_of_studies, true_coefficients
from .in_order import numbers_in_order


def power_of(
    fit: Any,
    coefficient: str,
    effect: float | None = None,
    n: int = 1000,
    *,
    test: str = "satterthwaite",
    alpha: float = 0.05,
    params: Mapping[str, float] | None = None,
    seed: Any = None,
    n_threads: int | None = None,
    **other: Any,
) -> Power:
    """Simulate studies of the fit's design and count how often a coefficient is found to differ from zero.

    effect: its true value, by default the estimate.
    n: studies. After Ctrl-C those done count.
    test: as the fit tests its coefficients: nothing else is offered.
    params: true values of other coefficients.
    seed, n_threads: as of ``fit.bootstrap()``.
    Raises ArgumentError for an unknown coefficient, a term of several, or an argument of other kinds of fit.

    >>> import ranef
    >>> fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), residual="car1(age | Subject)")
    >>> 0.3 < ranef.power(fit, "age", effect=0.2, n=60, seed=1).power < 0.9
    True
    """
    count = whole_number(n, "n", "the number of simulated studies")
    given = [name for name, value in other.items() if value is not None]
    if test != "satterthwaite":  # the default of other fits
        given.append("test")
    if given:
        raise ArgumentError(
            f"power of a fit whose covariance has a structure takes no {given[0]}=: it simulates the design "
            "of the fit and tests as fit.summary() does; for another size fit the model to such rows first"
        )
    require_alpha(alpha)
    threads = checked_threads(n_threads)
    kept = fit.model.cross.columns
    place = positions_of(fit, coefficient)
    if place.size > 1:
        raise ArgumentError(
            f"'{coefficient}' is a term of {place.size} coefficients: power of a fit whose covariance has a "
            "structure is that of one of them"
        )
    truth = true_coefficients(fit, place, effect, params)
    key, _ = stream_key(checked_seed(seed))
    away = np.asarray(fit.model.design.X[:, kept]) @ (truth - fit.solution["beta"])
    column = int(kept[place[0]])
    list(fit.simulate(1, seed=0))  # what answers keep is there before the threads are

    def p_value(number: int) -> float:
        y = np.asarray(fit.simulate(1, seed=replicate_generator(key, number))[0]) + away
        return float(np.asarray(fit.refit(y).pvalues, dtype=float)[column])

    found = numbers_in_order(p_value, count, threads, progress=False)
    rejected = np.where(np.isfinite(found), found < alpha, np.nan)
    test, groups = str(getattr(fit, "method", "satterthwaite")), dict(getattr(fit, "ngroups", {}))
    of_study = {"test": test, "alpha": alpha, "groups": groups, "nobs": fit.nobs}
    return power_of_studies(coefficient, truth, place, rejected, **of_study)
