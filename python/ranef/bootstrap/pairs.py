"""Two nested models refitted to the same draws: simulated likelihood ratios."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from .engine import run
from .gram_factor import GramFactor
from .kernels import gram_sample_kernel, refits_kernel, rows_kernel
from .nested import Embedding, embedding
from .record import FAILED
from .task import draws_task, refits_task, route_of, rows_task
from .truth import Truth

if TYPE_CHECKING:
    from ..fit import FitState

__all__ = ["Pair"]

_NUMBERS_AT_A_TIME = 4_000_000
_FEWEST = 64


@dataclass(frozen=True, eq=False)
class Pair:
    """Draws from one of two nested models, refitted by both.

    Attributes
    ----------
    small, large : FitState
        Refits start at their thetas.
    drawn : FitState
        The one that is drawn from: `small`, or `large`.
    truth : Truth
        Its parameters.
    inner : Embedding or None
        The small model in the large one; None where rows have to be drawn.
    factor : GramFactor or None
        Of the large design.
    """

    small: FitState
    large: FitState
    drawn: FitState
    truth: Truth
    inner: Embedding | None = None
    factor: GramFactor | None = None

    @classmethod
    def of(
        cls, small: FitState, large: FitState, columns: np.ndarray, drawn: FitState, truth: Truth
    ) -> Pair:
        """Choose how to draw: from the large design's Gram factor where it can be, else row by row."""
        inner = embedding(small, large, columns)
        factor = route_of(large.model).factor if inner is not None else None
        return cls(small, large, drawn, truth, inner if factor is not None else None, factor)

    @property
    def route(self) -> str:
        """``"gram"`` or ``"rows"``."""
        return "rows" if self.factor is None else "gram"

    def at(self, truth: Truth) -> Pair:
        """The same with other parameters of the model that is drawn from."""
        return replace(self, truth=truth)

    def ratios(
        self, key: np.ndarray, n: int, threads: int, origin: int = 0, label: str = "", progress: bool = False
    ) -> np.ndarray:
        """Criterion of the small model less that of the large one; NaN where one of them has no fit.

        Shorter than ``n`` when Ctrl-C was pressed.
        """
        kernels = (rows_kernel,) if self.factor is None else (gram_sample_kernel, refits_kernel)
        ready = all(kernel.is_ready() for kernel in kernels)
        batch = max(_NUMBERS_AT_A_TIME // len(self.large.response.values), _FEWEST)
        wait = label if ready else f"{label}: compiling, once per installation"
        parts: list[np.ndarray] = []
        with tqdm(total=n, desc=wait, unit=" replicates", disable=not progress, dynamic_ncols=True) as bar:
            for kernel in kernels:
                kernel.compiled()
            if not ready:
                bar.set_description(label, refresh=False)
                bar.reset()
            try:
                for begin in range(0, n, batch):
                    parts.append(self._batch(key, origin + begin, min(batch, n - begin), threads))
                    bar.update(len(parts[-1]))
                    if len(parts[-1]) < min(batch, n - begin):
                        break
            except KeyboardInterrupt:
                if not parts:
                    raise
        return np.concatenate(parts)

    def _batch(self, key: np.ndarray, first: int, count: int, threads: int) -> np.ndarray:
        if self.factor is None:
            tasks = [
                rows_task(self.drawn, self.truth, refitted=state, columns=("objective",))
                for state in (self.small, self.large)
            ]
            runs = [run(task, key, count, threads, progress=False, origin=first) for task in tasks]
        else:
            task = draws_task(self.large, self._outer_truth, self.factor)
            draws = run(task, key, count, threads, progress=False, origin=first).table
            inside = self.inner.responses(draws)
            tasks = [refits_task(self.small, inside, ("objective",))]
            tasks.append(refits_task(self.large, draws, ("objective",)))
            runs = [run(task, key, len(draws), threads, progress=False) for task in tasks]
        done = min(len(part.table) for part in runs)
        tables = [part.table[:done] for part in runs]
        small, large = (np.where(t[:, -1].astype(int) & FAILED, np.nan, t[:, 0]) for t in tables)
        return small - large

    @property
    def _outer_truth(self) -> Truth:
        """The parameters as the large model's."""
        if self.drawn is self.large:
            return self.truth
        model = self.large.model
        solution = model.problem.solve(self.large.response, self.inner.theta)
        beta = self.inner.columns @ self.truth.beta
        return Truth(beta, self.inner.theta, self.truth.sigma, solution, given=True)
