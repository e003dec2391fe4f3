"""Simulated studies on other processes or machines: the same as here, for the streams are the studies'."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import Any

import numpy as np

from ..loop.remote import Tables, check_executor, packed, run_parcel
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
        self._parcel = packed(_tables, arguments)

    def rejections(self, key: np.ndarray, first: int, n: int) -> np.ndarray:
        """Whether each of the studies ``first``, ``first + 1``, ... rejects; fewer after Ctrl-C."""
        stretch = Stretch(key, first, n, self._threads, self._progress)
        outcome = run_parcel(self._executor, self._parcel, (key, self._threads), stretch, "studies")
        return np.asarray(outcome.table[:, 0])


def _tables(arguments: dict[str, Any]) -> Tables:
    """What a worker keeps: the study."""
    study = Study(**arguments)

    def table(options: tuple[Any, ...], first: int, count: int) -> np.ndarray:
        key, threads = options
        return study.rejections(key, first, count, threads)[:, None]

    return table
