"""The compiled loops over replicates: draw, refit, record, one by one or in batches that share work.

The only functions cached on disk. Numba's cache looks at a kernel's own file only and would go on using a
kernel whose callees have changed. So the kernels carry a digest of the package's sources in their name, which
names the cache's files, and the callees are not cached. A kernel holds no GIL and takes no lock: each call
owns its workspace, scratch and rows of the table, and shares the rest read-only.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit, types

from ..draws.gram import draw_from_gram
from ..draws.native_call import call_native, part, pointer
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
# table; numbers in a record, replicates refitted at a time, which numbers are kept, the statistic's function
# (0: none)
_COMMON = (
    _ADDRESS, _ADDRESS, _ADDRESS, _ADDRESS, _KEY, _COUNT, _COUNT, _COUNT, _VECTOR, _MATRIX,
    _COUNT, _COUNT, _COUNTS, _ADDRESS,
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
    """A loop and the one signature it is compiled for."""

    dispatcher: Any
    signature: tuple[Any, ...]

    @classmethod
    def of(cls, function: Any, signature: tuple[Any, ...]) -> Kernel:
        """Prepare a function for compilation; nothing is compiled yet."""
        function.__qualname__ = f"{function.__name__}_{_source_digest()}"
        try:
            return cls(njit(nogil=True, cache=True)(function), signature)
        except RuntimeError:  # no directory that can be written to: compile anew in every process
            return cls(njit(nogil=True)(function), signature)

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


@part
def _mark_failed(record):
    for i in range(record.size - 1):
        record[i] = np.nan
    record[record.size - 2] = 0.0  # evaluations
    record[record.size - 1] = FAILED


@part
def _refit(refit, problem, workspace, drawn, responses, numbers, start, records):
    """Refit the draws of replicates numbers[0], ..., numbers[1] - 1. The core marks a refit that fails."""
    count = numbers[1] - numbers[0]
    for i in range(count):
        if drawn[i] != 0:
            responses[i] = 0.0
    arguments = (pointer(responses, 0), pointer(numbers, 0), pointer(start, 0), pointer(records, 0))
    call_native(refit, (problem, workspace, *arguments))
    for i in range(count):
        if drawn[i] != 0:
            _mark_failed(records[i])


@part
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
    problem, gram_multiply, refit, workspace, key, origin, first, stop, begin, table, record_size, batch,
    selection, statistic, values, starts, widths, steps, mean, order, lower, sigma, df,
):  # fmt: skip
    state = np.empty(STATE_WORDS, np.uint64)
    coef = np.empty(mean.size)
    noise = np.empty(lower.shape[1])
    responses = np.empty((batch, mean.size + 1))
    records = np.empty((batch, record_size))
    drawn = np.empty(batch, np.int64)
    numbers = np.empty(2, np.int64)
    for start in range(first, stop, batch):
        end = start + batch if start + batch < stop else stop
        for row in range(start, end):
            drawn[row - start] = draw_from_gram(
                state, key, origin + row, problem, gram_multiply, values, starts, widths, steps, mean, order,
                lower, sigma, df, coef, noise, responses[row - start],
            )  # fmt: skip
        numbers[0], numbers[1] = origin + start, origin + end
        _refit(refit, problem, workspace, drawn, responses, numbers, begin, records)
        for row in range(start, end):
            _keep(records[row - start], selection, statistic, table, row)


def _run_rows(
    problem, response_from_rows, refit, workspace, key, origin, first, stop, begin, table, record_size, batch,
    selection, statistic, values, starts, widths, steps, codes, basis, mean, scale, response_size,
):  # fmt: skip
    state = np.empty(STATE_WORDS, np.uint64)
    effects = np.empty(starts[-1])
    rows = np.empty(mean.size)
    responses = np.empty((batch, response_size))
    records = np.empty((batch, record_size))
    drawn = np.empty(batch, np.int64)
    numbers = np.empty(2, np.int64)
    for start in range(first, stop, batch):
        end = start + batch if start + batch < stop else stop
        for row in range(start, end):
            drawn[row - start] = draw_from_rows(
                state, key, origin + row, problem, response_from_rows, values, starts, widths, steps, codes,
                basis, mean, scale, effects, rows, responses[row - start],
            )  # fmt: skip
        numbers[0], numbers[1] = origin + start, origin + end
        _refit(refit, problem, workspace, drawn, responses, numbers, begin, records)
        for row in range(start, end):
            _keep(records[row - start], selection, statistic, table, row)


def _run_sample(
    problem, unused_draw, unused_refit, workspace, key, origin, first, stop, begin, table, record_size, batch,
    selection, statistic, values, starts, widths, steps, codes, basis, mean, scale, response_size,
):  # fmt: skip
    """The rows that `_run_rows` refits, themselves."""
    state = np.empty(STATE_WORDS, np.uint64)
    effects = np.empty(starts[-1])
    for row in range(first, stop):
        fill_rows(
            state, key, origin + row, values, starts, widths, steps, codes, basis, mean, scale, effects,
            table[row],
        )  # fmt: skip


def _run_gram_sample(
    problem, gram_multiply, unused_refit, workspace, key, origin, first, stop, begin, table, record_size,
    batch, selection, statistic, values, starts, widths, steps, mean, order, lower, sigma, df,
):  # fmt: skip
    """The draws that `_run_gram` refits, themselves."""
    state = np.empty(STATE_WORDS, np.uint64)
    coef = np.empty(mean.size)
    noise = np.empty(lower.shape[1])
    for row in range(first, stop):
        draw_from_gram(
            state, key, origin + row, problem, gram_multiply,
            values, starts, widths, steps, mean, order, lower, sigma, df, coef, noise, table[row],
        )  # fmt: skip


def _run_refits(
    problem, unused_draw, refit, workspace, key, origin, first, stop, begin, table, record_size, batch,
    selection, statistic, draws,
):  # fmt: skip
    """Refit given draws, one a row."""
    records = np.empty((batch, record_size))
    drawn = np.zeros(batch, np.int64)
    numbers = np.empty(2, np.int64)
    for start in range(first, stop, batch):
        end = start + batch if start + batch < stop else stop
        numbers[0], numbers[1] = origin + start, origin + end
        _refit(refit, problem, workspace, drawn, draws[start:end], numbers, begin, records)
        for row in range(start, end):
            _keep(records[row - start], selection, statistic, table, row)


def _run_responses(
    problem, unused_draw, fit_rows, workspace, key, origin, first, stop, begin, table, record_size, batch,
    selection, statistic, responses,
):  # fmt: skip
    """Fit given responses, one a row."""
    record = np.empty(record_size)
    for row in range(first, stop):
        response = pointer(responses, row * responses.shape[1])
        call_native(fit_rows, (problem, workspace, response, pointer(record, 0)))
        _keep(record, selection, statistic, table, row)


gram_kernel = Kernel.of(_run_gram, _COMMON + _GRAM)
rows_kernel = Kernel.of(_run_rows, _COMMON + _ROWS)
sample_kernel = Kernel.of(_run_sample, _COMMON + _ROWS)
gram_sample_kernel = Kernel.of(_run_gram_sample, _COMMON + _GRAM)
refits_kernel = Kernel.of(_run_refits, _COMMON + _RESPONSES)
responses_kernel = Kernel.of(_run_responses, _COMMON + _RESPONSES)
