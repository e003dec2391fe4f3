"""Groups drawn with replacement, their rows with them; every copy is a group of its own.

The cross-products of each replicate are accumulated from its rows, so a replicate costs a pass over the data.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from ..design import Design
from .independent import independent_factor, is_nested
from .record import FAILED, STATISTIC_FAILED, STATISTIC_SHAPE, kept_columns
from .refit_rows import record_of_rows

if TYPE_CHECKING:
    from ..result import LmerResult
    from .engine import Outcome
    from .statistic import CompiledStatistic

__all__ = ["drawn_rows", "run_cases"]

_AT_A_TIME = 64


def run_cases(
    fit: LmerResult,
    key: np.ndarray,
    n: int,
    first: int,
    threads: int,
    progress: bool,
    columns: Iterable[str],
    statistic: CompiledStatistic | None,
) -> Outcome:
    """Run case-resampled replicates; Ctrl-C keeps those done."""
    from .engine import Outcome, single_blas_thread
    from .schemes import replicate_generator

    plan = _Plan(fit.model.design)

    def one(number: int) -> np.ndarray:
        rows, codes = plan.draw(replicate_generator(key, first + number))
        record = record_of_rows(fit, rows, codes)
        return _row(fit, record, columns, statistic)

    done: list[np.ndarray] = []
    started, interrupted = time.perf_counter(), False
    with (
        single_blas_thread(),
        ThreadPoolExecutor(threads) as pool,
        tqdm(total=n, desc="bootstrap, cases", unit=" refits", disable=not progress) as bar,
    ):
        try:
            for begin in range(0, n, _AT_A_TIME):
                done += pool.map(one, range(begin, min(begin + _AT_A_TIME, n)))
                bar.update(len(done) - bar.n)
        except KeyboardInterrupt:
            interrupted = True
            if not done:
                raise
    return Outcome(np.stack(done), time.perf_counter() - started, threads, interrupted)


def drawn_rows(design: Design, generator: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The rows of groups drawn with replacement, and the new codes of the factors that come with them."""
    return _Plan(design).draw(generator)


class _Plan:
    """Rows by group, and which factors are nested in the one that is drawn."""

    def __init__(self, design: Design) -> None:
        self.factor = design.factors[independent_factor(design)]
        order = np.argsort(self.factor.codes, kind="stable")
        self.rows = np.split(
            order, np.cumsum(np.bincount(self.factor.codes, minlength=self.factor.n_levels))[:-1]
        )
        self.nested = [
            other
            for other in design.factors
            if other is not self.factor and is_nested(other.codes, self.factor.codes, other.n_levels)
        ]

    def draw(self, generator: np.random.Generator) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        groups = generator.integers(0, self.factor.n_levels, self.factor.n_levels)
        rows = np.concatenate([self.rows[group] for group in groups])
        copy = np.repeat(np.arange(len(groups)), [len(self.rows[group]) for group in groups])
        codes = {self.factor.name: copy}
        for other in self.nested:
            pairs = copy * other.n_levels + other.codes[rows]
            codes[other.name] = np.unique(pairs, return_inverse=True)[1].reshape(-1)
        return rows, codes


def _row(
    fit: LmerResult, record: np.ndarray | None, columns: Iterable[str], statistic: CompiledStatistic | None
) -> np.ndarray:
    """A row of the table."""
    from .statistic import pick, values_of, wanted_parts
    from .task import record_layout

    layout = record_layout(fit.model)
    selection, _ = kept_columns(layout, columns)
    values = np.full(statistic.n_values if statistic else 0, np.nan)
    if record is None:
        return np.concatenate([np.full(len(selection), np.nan), values, [FAILED]])
    status = int(record[-1])
    if statistic is not None:
        try:
            found = values_of(statistic.function(*pick(record, layout, wanted_parts(statistic.function))))
        except Exception:
            status |= STATISTIC_FAILED
        else:
            status |= 0 if len(found) == len(values) else STATISTIC_SHAPE
            values = found if len(found) == len(values) else values
    return np.concatenate([record[selection], values, [status]])
