"""The parametric bootstrap of a likelihood ratio of generalised models."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...bootstrap.checks import checked_seed, checked_threads, whole_number
from ...bootstrap.draws.streams import stream_key
from ...bootstrap.studies.likelihood_ratio import ROWS_WANTED, PBTest, ratio_test
from ...bootstrap.studies.nested import require_nested
from ...errors import ArgumentError, RowsNotKeptError
from ...inference.comparison import anova
from ..fit import GlmerFit
from ..fitting import fit_model, refit
from .parametric import both_criteria

_SAME = 1e-6


def pbtest_against(
    large: GlmerFit, small: Any, n: int = 1000, seed: Any = None, n_threads: int | None = None
) -> PBTest:
    """Test a fit against a smaller one: responses drawn from the small model, fitted by both.

    large, small: nested models of the same rows, family and link.
    n: replicates; drawn and refitted in the core but for fits with prior weights, a prior or ``agq=0``.
    seed: the same seed gives the same replicates, for any number of threads.

    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> large = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> small = ranef.glmer("cbind(incidence, size - incidence) ~ 1 + (1 | herd)", data)
    >>> ranef.pbtest(small, large, 100, seed=1).p < 0.05
    True
    """
    count = whole_number(n, "n", "the number of replicates")
    if not getattr(small, "generalised", False):
        raise ArgumentError(
            f"pbtest compares generalised models with each other, not with {type(small).__name__}"
        )
    if small.by_cells or large.by_cells:
        raise RowsNotKeptError(ROWS_WANTED)
    require_nested(small, large)
    anova(large, small)  # says what keeps them from being compared
    key, seed = stream_key(checked_seed(seed))
    threads = checked_threads(n_threads)
    at = small._answer("internal")
    both = both_criteria(small, large, at, True, int(key[0]), count, threads)
    if both is None:
        drawn = small.simulate(count, np.random.Generator(np.random.Philox(key=key)))
        ratios = np.array([_ratio(small, large, y) for y in drawn])
    else:
        ratios = both[:, 0] - both[:, 1]
    fixed = large.model.cross.rank > small.model.cross.rank
    return ratio_test(small, large, ratios, count, fixed, seed, _families(small, large))


def _families(small: GlmerFit, large: GlmerFit) -> str:
    same = small.distribution == large.distribution
    return "" if same else f"{large.distribution} or {small.distribution}"


def _ratio(small: GlmerFit, large: GlmerFit, y: Any) -> float:
    """Return the likelihood ratio of a response; the large model again where it ends above the small one."""
    one, other = refit(small, y), refit(large, y)
    value = one.objective - other.objective
    if value < -_SAME:
        value = one.objective - min(other.objective, fit_model(other.model).objective)
    return value
