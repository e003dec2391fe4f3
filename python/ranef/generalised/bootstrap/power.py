"""The power of a study with a generalised model, by simulation from a fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from scipy.special import chdtri, ndtri

from ...arrays import FloatArray
from ...bootstrap.checks import checked_seed, checked_threads, require_alpha, whole_number
from ...bootstrap.draws.streams import stream_key
from ...bootstrap.loop.record import FAILED
from ...bootstrap.studies.power_summary import Power
from ...bootstrap.studies.tested import positions_of, power_of_studies, true_coefficients
from ...errors import ArgumentError, quote_list
from ..fit import GlmerFit
from ..fitting import refit
from .parametric import both_criteria, replicates

_TESTS = ("normal", "lrt")


def power_of(
    fit: GlmerFit,
    coefficient: str,
    effect: float | Sequence[float] | None = None,
    n: int = 1000,
    *,
    test: str = "normal",
    alpha: float = 0.05,
    params: Mapping[str, float] | None = None,
    seed: Any = None,
    n_threads: int | None = None,
    **other: Any,
) -> Power:
    """Simulate studies of the fit's design and count how often a coefficient is found to differ from zero.

    coefficient: or a term, such as a factor: all its coefficients are tested together, by the likelihood
        ratio.
    effect: its true value, or one for each coefficient of the term; by default the estimates.
    n: studies.
    test: {"normal", "lrt"}, Wald's z with the average information, in the core; or the likelihood ratio.
    params: true values of other coefficients.
    seed, n_threads: as of `GlmerFit.bootstrap`.

    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> 0.4 < ranef.power(fit, "period[T.2]", effect=-0.5, n=500, seed=1).power < 0.6
    True
    """
    count = whole_number(n, "n", "the number of simulated studies")
    chosen = "normal" if test == "satterthwaite" else test  # the default of linear fits
    if chosen not in _TESTS:
        raise ArgumentError(
            f"test= must be one of {quote_list(_TESTS)} for a generalised model, not {test!r}"
        )
    given = [name for name, value in other.items() if value is not None]
    if given:
        raise ArgumentError(
            f"power of a generalised model takes no {given[0]}=: it simulates the design of the fit; for "
            "another size fit the model to rows of that size first"
        )
    require_alpha(alpha)
    positions = positions_of(fit, coefficient)
    truth = true_coefficients(fit, positions, effect, params)
    if positions.size > 1 and chosen == "normal":
        if test == "normal":
            raise ArgumentError(f"test='normal' is for one coefficient, '{coefficient}' has more: take 'lrt'")
        chosen = "lrt"
    key, _ = stream_key(checked_seed(seed))
    drawn_from = replace(fit, found=fit.found | {"beta": truth})
    threads = checked_threads(n_threads)
    psi = float(fit._answer("psi")) if fit.family.dispersed else 0.0
    at = np.asarray(fit.model.core.to_internal(fit.theta, truth, psi, fit._answer("gamma")))
    if chosen == "normal":
        records = replicates(fit, at, int(key[0]), 0, count, threads, None)
        usable = (records[:, -1].astype(int) & FAILED) == 0
        z = np.abs(records[usable, positions[0]] / records[usable, len(truth) + positions[0]])
        rejected = np.full(len(records), np.nan)
        rejected[usable] = z > ndtri(1 - alpha / 2)
    else:
        rejected = _by_likelihood(fit, drawn_from, at, positions, count, key, alpha, threads)
    of_study = {"test": chosen, "alpha": alpha, "groups": dict(fit.ngroups), "nobs": fit.nobs}
    return power_of_studies(coefficient, truth, positions, rejected, **of_study)


def _by_likelihood(
    fit: GlmerFit,
    drawn_from: GlmerFit,
    at: FloatArray,
    positions: Any,
    count: int,
    key: Any,
    alpha: float,
    threads: int,
) -> FloatArray:
    null: GlmerFit = fit.again(np.delete(fit.model.cross.columns, positions).tolist())
    both = both_criteria(fit, null, at, False, int(key[0]), count, threads)
    if both is None:
        drawn = drawn_from.simulate(count, np.random.Generator(np.random.Philox(key=key)))
        ratios = np.array([refit(null, y).objective - refit(fit, y).objective for y in drawn])
    else:
        ratios = both[:, 1] - both[:, 0]
    return np.where(np.isfinite(ratios), ratios > chdtri(positions.size, alpha), np.nan)
