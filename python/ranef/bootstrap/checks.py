"""Arguments of the bootstrap, checked."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from ..errors import ArgumentError, is_share
from ..machine.memory import require_memory
from ..machine.threads import get_num_threads


def whole_number(value: Any, argument: str, meaning: str, least: int = 1) -> int:
    """A whole number, 1 or more, or another least one. Raises ArgumentError."""
    try:
        number = -1 if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:
        number = -1
    if number < least:
        raise ArgumentError(f"{argument} is {meaning}: a whole number, {least} or more; got {value!r}")
    return number


def checked_threads(n_threads: Any) -> int:
    """The number of threads: as many as ranef can use where none is given. Raises ArgumentError."""
    if n_threads is None:
        return get_num_threads()
    return whole_number(n_threads, "n_threads", "the number of threads")


def require_alpha(alpha: Any) -> None:
    """Raise an ArgumentError unless a size of a test lies between 0 and 1."""
    if not is_share(alpha):
        raise ArgumentError(f"alpha= must be between 0 and 1, such as 0.05; got {alpha!r}")


def checked_seed(seed: Any) -> int | np.random.SeedSequence | None:
    """A seed that can be used. Raises ArgumentError."""
    if seed is None or isinstance(seed, np.random.SeedSequence):
        return seed
    if isinstance(seed, np.random.Generator):
        return np.random.SeedSequence(seed.integers(2**32, size=4).tolist())
    try:
        number = -1 if isinstance(seed, bool | np.bool_) else operator.index(seed)
    except TypeError:
        number = -1
    if number < 0:
        raise ArgumentError(
            "seed must be a whole number, 0 or more, a numpy.random.SeedSequence or Generator, or None for "
            f"a new one; got {seed!r}"
        )
    return number


def require_table(n: int, columns: int) -> None:
    """Refuse a table of `n` replicates that does not fit, before anything is drawn.

    Raises MemoryLimitError.
    """
    require_memory(
        8 * n * columns,
        f"{n:,} replicates of {columns:,} numbers",
        "ask for fewer columns= (conditional modes take the most), or fewer replicates at a time",
    )
