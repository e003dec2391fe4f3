"""Simulated studies on other processes or machines: the same as here, for the streams are the studies'."""

from __future__ import annotations

import pickle
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..loop.remote import Parcel, check_executor, run_parcel
from ..loop.work import Stretch
from .rejections import Study


class RemoteStudy:
    """A study whose simulations an executor makes, with the `rejections` of a local one.

    arguments: what `Study` is made of: workers make it anew.
    threads: of each worker.
    progress: whether to show how many are done.
    """

    def __init__(self, executor: Executor, arguments: dict[str, Any], threads: int, progress: bool) -> None:
        check_executor(executor, "parametric", None)
        self._executor, self._threads, self._progress = executor, threads, progress
        self._parcel = pickle.dumps(_StudyParcel(arguments), protocol=5)

    def rejections(self, key: np.ndarray, first: int, n: int) -> np.ndarray:
        """Whether each of the studies ``first``, ``first + 1``, ... rejects; fewer after Ctrl-C."""
        stretch = Stretch(key, first, n, self._threads, self._progress)
        outcome = run_parcel(self._executor, self._parcel, (key, self._threads), stretch, "studies")
        return np.asarray(outcome.table[:, 0])


@dataclass(frozen=True, eq=False)
class _StudyParcel(Parcel):
    arguments: dict[str, Any]

    def opened(self) -> _StudyChunks:
        return _StudyChunks(Study(**self.arguments))


@dataclass(frozen=True, eq=False)
class _StudyChunks:
    study: Study

    def table(self, options: tuple[Any, ...], first: int, count: int) -> np.ndarray:
        key, threads = options
        return self.study.rejections(key, first, count, threads)[:, None]
