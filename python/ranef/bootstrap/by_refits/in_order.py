"""Replicates made in threads and handed back in order."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

import numpy as np
from tqdm.auto import tqdm

from ...arrays import FloatArray
from ...errors import RanefError

T = TypeVar("T")

REFIT_ERRORS = (RanefError, np.linalg.LinAlgError, RuntimeError)  # what a response that has no fit raises

_LINE_SEARCH = "The line search algorithm did not converge"


def in_order(replicate: Callable[[int], T], numbers: range, threads: int, progress: bool) -> list[T]:
    """Return the replicates of these numbers, those done where Ctrl-C is pressed."""
    done: list[T] = []
    ahead = 4 * threads
    with (
        warnings.catch_warnings(),
        ThreadPoolExecutor(threads) as pool,
        tqdm(total=len(numbers), unit=" refits", disable=None if progress else True, delay=1) as bar,
    ):
        # SciPy silences its line search for the time of a call, which other threads' calls end too early.
        warnings.filterwarnings("ignore", _LINE_SEARCH)
        rest = iter(numbers)
        waiting = [pool.submit(replicate, number) for number in islice(rest, ahead)]
        try:
            while waiting:
                done.append(waiting.pop(0).result())
                bar.update()
                waiting += [pool.submit(replicate, number) for number in islice(rest, 1)]
        except KeyboardInterrupt:
            for one in waiting:
                one.cancel()
            if not done:
                raise
    return done


def numbers_in_order(
    number_of: Callable[[int], float], count: int, threads: int, progress: bool
) -> FloatArray:
    """Return a number of each replicate, NaN where a refit fails."""

    def number_or_nan(replicate: int) -> float:
        try:
            return number_of(replicate)
        except REFIT_ERRORS:
            return np.nan

    return np.array(in_order(number_or_nan, range(count), threads, progress))
