"""Two nested models refitted to the same draws: simulated likelihood ratios."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ...fit import Fit
from ..draws.gram_factor import GramFactor
from ..draws.true_parameters import TrueParameters
from ..loop.engine import run_whole
from ..loop.record import FAILED
from ..loop.task import draws_task, refits_task, route_of, rows_task
from .nested import embedding

_NUMBERS_AT_A_TIME = 4_000_000
_FEWEST = 64
_FIRST, _SECONDS = 500, 0.5


@dataclass(frozen=True, eq=False)
class Pair:
    """Draws from one of two nested models, refitted by both."""

    small: Fit  # small, large: refits start at their thetas
    large: Fit
    drawn: Fit  # the one that is drawn from: `small`, or `large`
    truth: TrueParameters  # its parameters
    # the small model in the large one: its `responses` from those of the large one; None where rows have to
    # be drawn
    inner: Any = None
    factor: GramFactor | None = None  # of the large design

    @classmethod
    def of(cls, small: Fit, large: Fit, columns: np.ndarray, drawn: Fit, truth: TrueParameters) -> Pair:
        """Choose how to draw: from the large design's Gram factor where it can be, else row by row."""
        inner = embedding(small, large, columns)
        factor = route_of(large.model).factor if inner is not None else None
        return cls(small, large, drawn, truth, inner if factor is not None else None, factor)

    @property
    def route(self) -> str:
        """``"gram"`` or ``"rows"``."""
        return "rows" if self.factor is None else "gram"

    def at(self, truth: TrueParameters) -> Pair:
        """The same with other parameters of the model that is drawn from."""
        return replace(self, truth=truth)

    def ratios(self, key: np.ndarray, n: int, threads: int, progress: bool = False) -> np.ndarray:
        """Criterion of the small model less that of the large one; NaN where one of them has no fit.

        Shorter than ``n`` when Ctrl-C was pressed.
        """
        parts: list[np.ndarray] = []
        with tqdm(
            total=n, desc="pbtest", unit=" replicates", disable=not progress, dynamic_ncols=True
        ) as bar:
            try:
                for ratios, _ in self._batches(key, n, threads, 0):
                    parts.append(ratios)
                    bar.update(len(ratios))
            except KeyboardInterrupt:
                if not parts:
                    raise
        return np.concatenate(parts)

    def refits(self, key: np.ndarray, n: int, threads: int, first: int = 0) -> tuple[np.ndarray, np.ndarray]:
        """The ratios, and the small model's theta of every replicate, (n, n_theta)."""
        ratios, thetas = zip(*self._batches(key, n, threads, first), strict=True)
        return np.concatenate(ratios), np.concatenate(thetas)

    def _batches(
        self, key: np.ndarray, n: int, threads: int, first: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Ratios and thetas: as many at a time as memory allows, and as take a second or two, since Ctrl-C
        loses those that it finds unfinished.
        """
        most = max(_NUMBERS_AT_A_TIME // len(self.large.response.values), _FEWEST)
        begin, size = 0, min(most, _FIRST)
        while begin < n:
            count, started = min(size, n - begin), time.perf_counter()
            small, large = self._tables(key, first + begin, count, threads)
            criteria = [
                np.where(table[:, -1].astype(int) & FAILED, np.nan, table[:, -2]) for table in (small, large)
            ]
            yield criteria[0] - criteria[1], small[:, :-2]
            begin += count
            if time.perf_counter() - started < _SECONDS:
                size = min(4 * size, most)

    def _tables(self, key: np.ndarray, first: int, count: int, threads: int) -> list[np.ndarray]:
        """Records of the small model's refits (theta and criterion) and of the large one's (criterion)."""
        columns = (("theta", "objective"), ("objective",))
        states = (self.small, self.large)
        if self.factor is None:
            tasks = [
                rows_task(self.drawn, self.truth, refitted=fit, columns=kept)
                for fit, kept in zip(states, columns, strict=True)
            ]
            return [run_whole(task, key, count, threads, first=first) for task in tasks]
        task = draws_task(self.large, self._outer_truth, self.factor)
        draws = run_whole(task, key, count, threads, first=first)
        tasks = [
            refits_task(fit, response, kept)
            for fit, response, kept in zip(states, (self.inner.responses(draws), draws), columns, strict=True)
        ]
        return [run_whole(task, key, len(draws), threads) for task in tasks]

    @property
    def _outer_truth(self) -> TrueParameters:
        """The parameters as the large model's."""
        if self.drawn is self.large:
            return self.truth
        model = self.large.model
        solution = model.problem.solve(self.large.response, self.inner.theta)
        beta = self.inner.columns @ self.truth.beta
        return TrueParameters(beta, self.inner.theta, self.truth.sigma, solution, given=True)
