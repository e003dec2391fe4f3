"""Replicates that are refits of their own, made in threads and handed back in order."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from ...arrays import FloatArray

Answer = tuple[FloatArray, int, str]  # the numbers of a replicate, its status, what went wrong


def in_order(
    replicate: Callable[[int], Answer], numbers: range, threads: int, progress: bool
) -> list[Answer]:
    """Return answers in order, those done where Ctrl-C is pressed."""
    from tqdm.auto import tqdm

    done: list[Answer] = []
    ahead = 4 * threads
    with (
        ThreadPoolExecutor(threads) as pool,
        tqdm(total=len(numbers), unit=" refits", disable=None if progress else True, delay=1) as bar,
    ):
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
