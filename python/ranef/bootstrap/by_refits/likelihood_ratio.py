"""The parametric-bootstrap likelihood-ratio test of fits that are refitted one by one."""

from __future__ import annotations

from typing import Any

from ...errors import ArgumentError
from ..checks import checked_seed, checked_threads, whole_number
from ..draws.streams import replicate_generator, stream_key
from ..studies.likelihood_ratio import PBTest, ratio_test
from ..studies.nested import nested_columns, require_nested
from .in_order import numbers_in_order


def pbtest_by_refits(
    _: Any,
    small: Any,
    large: Any,
    n: int = 1000,
    seed: Any = None,
    n_threads: int | None = None,
    progress: bool = True,
) -> PBTest:
    """Test a fit against a smaller one; one of them has a covariance with a structure.

    _: one of the two.
    small, large: of the same rows and by the same criterion: by maximum likelihood where fixed effects
        differ.
    n, seed, n_threads, progress: see `pbtest`.
    """
    count = whole_number(n, "n", "the number of replicates")
    threads = checked_threads(n_threads)
    columns = nested_columns(small, large)
    fixed = columns.shape[0] > columns.shape[1]
    if small.reml != large.reml or (fixed and large.reml):
        raise ArgumentError(
            "fits whose covariance has a structure are compared as they are: fit both by the same criterion, "
            "with reml=False where their fixed effects differ"
        )
    require_nested(small, large)
    key, seed = stream_key(checked_seed(seed))
    small.simulate(1, seed=0)

    def ratio(number: int) -> float:
        y = small.simulate(1, seed=replicate_generator(key, number))[0]
        return float(small.refit(y).objective - large.refit(y).objective)

    ratios = numbers_in_order(ratio, count, threads, progress)
    return ratio_test(small, large, ratios, count, fixed, seed)
