"""Groups drawn with replacement, every copy a group of its own; from the groups' cross-products.

The rows are read once, for the products of each group; a replicate is a sum of them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ...design import Design
from ...errors import ArgumentError
from ...fit import Fit
from ..draws.streams import replicate_generator
from ..loop.record import FAILED, STATISTIC_FAILED, STATISTIC_SHAPE, kept_columns, record_layout
from ..loop.remote import Tables, packed, run_parcel
from ..loop.single_blas import single_blas_thread
from ..loop.statistic import CompiledStatistic, compiled_for, pick, values_of, wanted_parts
from ..loop.work import Outcome, Stretch
from .group_products import all_groups, chosen_factor, strata_of

_AT_A_TIME = 64


class CaseDraw:
    """Which groups make up a replicate.

    group: the factor whose groups are drawn, within the levels that it is nested in.
    Raises ArgumentError for an unknown factor, or one with nothing to draw from.
    """

    def __init__(self, design: Design, group: str | None = None) -> None:
        self.factor = chosen_factor(design, group)
        strata = strata_of(design, self.factor)
        self.order = np.argsort(strata, kind="stable")
        sizes = np.bincount(strata)
        if sizes.max() == 1:
            raise ArgumentError(
                f"group={self.factor.name!r}: each of its groups is the only one within the level that it is "
                "nested in, so there is nothing to draw; draw by the outer factor"
            )
        self.size = np.repeat(sizes, sizes)
        self.first = np.repeat(np.cumsum(sizes) - sizes, sizes)

    def picks(self, generator: np.random.Generator) -> np.ndarray:
        """Groups drawn with replacement, as many from each stratum as it has."""
        return self.order[self.first + generator.integers(0, self.size)]

    @property
    def reason(self) -> str:
        """The draw in words."""
        within = "" if len(np.unique(self.first)) == 1 else ", within the levels they are nested in"
        return f"{self.factor.n_levels:,} groups of '{self.factor.name}' with replacement{within}"


def run_cases(
    fit: Fit,
    draw: CaseDraw,
    stretch: Stretch,
    columns: Iterable[str],
    statistic: CompiledStatistic | None,
) -> Outcome:
    """Run case-resampled replicates; Ctrl-C keeps those done."""
    work = _CaseWork(fit, draw, columns, statistic)

    def one(number: int) -> np.ndarray:
        return work.row(stretch.key, stretch.first + number)

    n = stretch.count
    done: list[np.ndarray] = []
    started, interrupted = time.perf_counter(), False
    with (
        single_blas_thread(),
        ThreadPoolExecutor(stretch.threads) as pool,
        tqdm(total=n, desc="bootstrap, cases", unit=" refits", disable=not stretch.progress) as bar,
    ):
        try:
            for begin in range(0, n, _AT_A_TIME):
                done += pool.map(one, range(begin, min(begin + _AT_A_TIME, n)))
                bar.update(len(done) - bar.n)
        except KeyboardInterrupt:
            interrupted = True
            if not done:
                raise
    return Outcome(np.stack(done), time.perf_counter() - started, stretch.threads, interrupted)


def run_cases_remotely(
    executor: Executor,
    fit: Fit,
    draw: CaseDraw,
    stretch: Stretch,
    columns: Iterable[str],
    statistic: Any,
) -> Outcome:
    """Run case-resampled replicates on an executor, whose workers read the rows once.

    statistic: the user's own, compiled by Numba.
    """
    parcel = packed(_tables, fit, draw.factor.name, tuple(columns), statistic)
    return run_parcel(executor, parcel, (stretch.key,), replace(stretch, threads=1))


def _tables(fit: Fit, group: str, columns: tuple[str, ...], statistic: Any) -> Tables:
    """What a worker keeps: the products of each group."""
    compiled = None if statistic is None else compiled_for(fit, statistic)
    work = _CaseWork(fit, CaseDraw(fit.model.design, group), columns, compiled)

    def table(options: tuple[Any, ...], first: int, count: int) -> np.ndarray:
        (key,) = options
        with single_blas_thread():
            return np.stack([work.row(key, number) for number in range(first, first + count)])

    return table


class _CaseWork:
    """The products of each group, of which replicates are sums, and what is kept of a replicate."""

    def __init__(
        self, fit: Fit, draw: CaseDraw, columns: Iterable[str], statistic: CompiledStatistic | None
    ) -> None:
        self.draw, self.statistic = draw, statistic
        self.groups, self.start = all_groups(fit, draw.factor.name), fit.solution["internal_theta"]
        self.layout = record_layout(fit.model)
        self.selection, _ = kept_columns(self.layout, columns)

    def row(self, key: np.ndarray, number: int) -> np.ndarray:
        """A row of the table: one replicate."""
        picks = self.draw.picks(replicate_generator(key, number))
        record, statistic = self.groups.refit(picks, self.start), self.statistic
        values = np.full(statistic.n_values if statistic else 0, np.nan)
        if record is None:
            return np.concatenate([np.full(len(self.selection), np.nan), values, [FAILED]])
        status = int(record[-1])
        if statistic is not None:
            wanted = pick(record, self.layout, wanted_parts(statistic.function))
            try:
                found = values_of(statistic.function(*wanted))
            except Exception:
                status |= STATISTIC_FAILED
            else:
                status |= 0 if len(found) == len(values) else STATISTIC_SHAPE
                values = found if len(found) == len(values) else values
        return np.concatenate([record[self.selection], values, [status]])
