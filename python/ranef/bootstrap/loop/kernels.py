"""The compiled loops over replicates: draw, refit, record, one by one or in batches that share work.

Scratch comes with the call: the stream's state, counts (of the replicates from and to, and the statuses of
their draws), random effects, noise, responses and records of a batch.

The only functions cached on disk. Numba's cache looks at a kernel's own file only and would go on using a
kernel whose callees have changed. So the kernels carry a digest of the package's sources in their name, which
names the cache's files, and the callees are not cached. A kernel holds no GIL and takes no lock: each call
owns its workspace, scratch and rows of the table, and shares the rest read-only.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit, types

from ..draws.gram import draw_from_gram
from ..draws.native_call import call_native, pasted, plain, pointer
from ..draws.rows import draw_from_rows, fill_rows
from ..draws.streams import STATE_WORDS
from .record import FAILED

__all__ = [
    "Kernel",
    "gram_kernel",
    "gram_sample_kernel",
    "refits_kernel",
    "responses_kernel",
    "rows_kernel",
    "sample_kernel",
]

_COUNT = types.int64
_ADDRESS = types.int64
_NUMBER = types.float64
_VECTOR = types.float64[::1]
_MATRIX = types.float64[:, ::1]
_COUNTS = types.int64[::1]
_CODES = types.int32[:, ::1]
_KEY = types.uint64[::1]

# problem, draw function, refit function, workspace; key, number of row 0; first row, end of rows; start,
# table; which numbers of a record are kept, the statistic's function (0: none); scratch
_COMMON = (
    _ADDRESS, _ADDRESS, _ADDRESS, _ADDRESS, _KEY, _COUNT, _COUNT, _COUNT, _VECTOR, _MATRIX,
    _COUNTS, _ADDRESS, _KEY, _COUNTS, _VECTOR, _VECTOR, _MATRIX, _MATRIX,
)  # fmt: skip
_EFFECTS = (_VECTOR, _COUNTS, _COUNTS, _COUNTS)
_GRAM = (*_EFFECTS, _VECTOR, _COUNTS, _MATRIX, _NUMBER, _NUMBER)
_ROWS = (*_EFFECTS, _CODES, _MATRIX, _VECTOR, _VECTOR, _COUNT)
_RESPONSES = (_MATRIX,)


compiling = threading.RLock()


def _source_digest() -> str:
    """A digest of the sources of everything a kernel may call."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@dataclass(frozen=True)
class Kernel:
    """A loop, the one signature it is compiled for, and the sizes of the scratch it needs.

    The sizes follow from the arguments that describe the draw: random effects, noise, a response.
    """

    dispatcher: Any
    signature: tuple[Any, ...]
    sizes: Callable[..., tuple[int, int, int]]

    @classmethod
    def of(
        cls, function: Any, signature: tuple[Any, ...], sizes: Any = lambda *arguments: (0, 0, 0)
    ) -> Kernel:
        """Prepare a function for compilation; nothing is compiled yet."""
        function.__qualname__ = f"{function.__name__}_{_source_digest()}"
        try:
            return cls(njit(nogil=True, cache=True, **plain)(function), signature, sizes)
        except RuntimeError:  # no directory that can be written to: compile anew in every process
            return cls(njit(nogil=True, **plain)(function), signature, sizes)

    def scratch(self, batch: int, record_size: int, arguments: tuple[Any, ...]) -> tuple[np.ndarray, ...]:
        """One thread's memory: a compiled loop that allocates takes a quarter longer to compile."""
        effects, noise, response = self.sizes(*arguments)
        return (
            np.zeros(STATE_WORDS, np.uint64),
            np.zeros(batch + 2, np.int64),
            np.zeros(effects),
            np.zeros(noise),
            np.zeros((batch, response)),
            np.zeros((batch, record_size)),
        )

    def is_ready(self) -> bool:
        """Whether a compiled version is at hand, in this process or on disk."""
        if self.dispatcher.signatures:
            return True
        path = self.dispatcher.stats.cache_path
        on_disk = path and any(Path(path).glob(f"*{self.dispatcher.py_func.__qualname__}*.nbi"))
        return bool(on_disk)

    def compiled(self) -> Any:
        """The compiled loop, from the cache where possible."""
        with compiling:
            if not self.dispatcher.signatures:
                self.dispatcher.compile(self.signature)
                # Arguments of other types are a mistake, not a reason to compile again.
                self.dispatcher.disable_compile()
        return self.dispatcher


@pasted
def _mark_failed(record):
    for i in range(record.size - 1):
        record[i] = np.nan
    record[record.size - 2] = 0.0  # evaluations
    record[record.size - 1] = FAILED


@pasted
def _refit(refit, problem, workspace, counts, responses, start, records):
    """Refit the draws of replicates counts[0], ..., counts[1] - 1. The core marks a refit that fails.

    The counts behind are the statuses of the draws.
    """
    count = counts[1] - counts[0]
    for i in range(count):
        if counts[2 + i] != 0:
            for k in range(responses.shape[1]):
                responses[i, k] = 0.0
    arguments = (pointer(responses, 0), pointer(counts, 0), pointer(start, 0), pointer(records, 0))
    call_native(refit, (problem, workspace, *arguments))
    for i in range(count):
        if counts[2 + i] != 0:
            _mark_failed(records[i])


@pasted
def _keep(record, selection, statistic, table, row):
    """Write a row of the table: what is kept of the record, the statistic's values, the status."""
    columns = table.shape[1]
    bits = _COUNT(record[record.size - 1])
    for i in range(selection.size):
        table[row, i] = record[selection[i]]
    if selection.size < columns - 1:
        outcome = 0
        if bits & FAILED == 0:
            values = pointer(table, row * columns + selection.size)
            outcome = call_native(statistic, (pointer(record, 0), values))
        if bits & FAILED or outcome != 0:
            for i in range(selection.size, columns - 1):
                table[row, i] = np.nan
        bits |= outcome
    table[row, columns - 1] = bits


def _run_gram(
    problem, gram_multiply, refit, workspace, key, origin, first, stop, begin, table, selection, statistic,
    state, counts, coef, noise, responses, records,
    values, starts, widths, steps, mean, order, lower, sigma, df,
):  # fmt: skip
    batch = counts.size - 2
    for start in range(first, stop, batch):
        end = start + batch if start + batch < stop else stop
        for row in range(start, end):
            counts[2 + row - start] = draw_from_gram(
                state, key, origin + row, problem, gram_multiply, values, starts, widths, steps, mean, order,
                lower, sigma, df, coef, noise, responses[row - start],
            )  # fmt: skip
        counts[0], counts[1] = origin + start, origin + end
        _refit(refit, problem, workspace, counts, responses, begin, records)
        for row in range(start, end):
            _keep(records[row - start], selection, statistic, table, row)


def _run_rows(
    problem, response_from_rows, refit, workspace, key, origin, first, stop, begin, table, selection,
    statistic, state, counts, effects, rows, responses, records,
    values, starts, widths, steps, codes, basis, mean, scale, response_size,
):  # fmt: skip
    batch = counts.size - 2
    for start in range(first, stop, batch):
        end = start + batch if start + batch < stop else stop
        for row in range(start, end):
            counts[2 + row - start] = draw_from_rows(
                state, key, origin + row, problem, response_from_rows, values, starts, widths, steps, codes,
                basis, mean, scale, effects, rows, responses[row - start],
            )  # fmt: skip
        counts[0], counts[1] = origin + start, origin + end
        _refit(refit, problem, workspace, counts, responses, begin, records)
        for row in range(start, end):
            _keep(records[row - start], selection, statistic, table, row)


def _run_sample(
    problem, unused_draw, unused_refit, workspace, key, origin, first, stop, begin, table, selection,
    statistic, state, counts, effects, rows, responses, records,
    values, starts, widths, steps, codes, basis, mean, scale, response_size,
):  # fmt: skip
    """The rows that `_run_rows` refits, themselves."""
    for row in range(first, stop):
        fill_rows(
            state, key, origin + row, values, starts, widths, steps, codes, basis, mean, scale, effects,
            table[row],
        )  # fmt: skip


def _run_gram_sample(
    problem, gram_multiply, unused_refit, workspace, key, origin, first, stop, begin, table, selection,
    statistic, state, counts, coef, noise, responses, records,
    values, starts, widths, steps, mean, order, lower, sigma, df,
):  # fmt: skip
    """The draws that `_run_gram` refits, themselves."""
    for row in range(first, stop):
        draw_from_gram(
            state, key, origin + row, problem, gram_multiply,
            values, starts, widths, steps, mean, order, lower, sigma, df, coef, noise, table[row],
        )  # fmt: skip


def _run_refits(
    problem, unused_draw, refit, workspace, key, origin, first, stop, begin, table, selection,
    statistic, state, counts, effects, rows, responses, records, draws,
):  # fmt: skip
    """Refit given draws, one a row."""
    batch = counts.size - 2
    for start in range(first, stop, batch):
        end = start + batch if start + batch < stop else stop
        counts[0], counts[1] = origin + start, origin + end
        _refit(refit, problem, workspace, counts, draws[start:end], begin, records)
        for row in range(start, end):
            _keep(records[row - start], selection, statistic, table, row)


def _run_responses(
    problem, unused_draw, fit_rows, workspace, key, origin, first, stop, begin, table, selection, statistic,
    state, counts, effects, rows, responses, records, given,
):  # fmt: skip
    """Fit given responses, one a row."""
    for row in range(first, stop):
        response = pointer(given, row * given.shape[1])
        call_native(fit_rows, (problem, workspace, response, pointer(records, 0)))
        _keep(records[0], selection, statistic, table, row)


def _gram_sizes(values, starts, widths, steps, mean, order, lower, sigma, df):  # type: ignore[no-untyped-def]
    return mean.size, lower.shape[1], mean.size + 1


def _rows_sizes(values, starts, widths, steps, codes, basis, mean, scale, response_size):  # type: ignore[no-untyped-def]
    return int(starts[-1]), mean.size, response_size


gram_kernel = Kernel.of(_run_gram, _COMMON + _GRAM, _gram_sizes)
rows_kernel = Kernel.of(_run_rows, _COMMON + _ROWS, _rows_sizes)
sample_kernel = Kernel.of(_run_sample, _COMMON + _ROWS, _rows_sizes)
gram_sample_kernel = Kernel.of(_run_gram_sample, _COMMON + _GRAM, _gram_sizes)
refits_kernel = Kernel.of(_run_refits, _COMMON + _RESPONSES)
responses_kernel = Kernel.of(_run_responses, _COMMON + _RESPONSES)
