"""The compiled loops over replicates: draw, refit, record. The only functions cached on disk.

Numba's cache looks at a kernel's own file only and would go on using a kernel whose callees have changed. So
the kernels carry a digest of the package's sources in their name, which names the cache's files, and the
callees are not cached. A kernel holds no GIL and takes no lock: each call owns its workspace, scratch and
rows of the table, and shares the rest read-only.
"""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit, types

from .draw import draw_from_gram
from .draw_rows import draw_from_rows
from .native_call import call_native, pointer
from .streams import STATE_WORDS

__all__ = ["CONVERGED", "FAILED", "SINGULAR", "Kernel", "gram_kernel", "rows_kernel"]

# Bits of the last column of the table, as the core sets them.
CONVERGED, SINGULAR, FAILED = 1, 2, 4

_COUNT = types.int64
_ADDRESS = types.int64
_NUMBER = types.float64
_VECTOR = types.float64[::1]
_MATRIX = types.float64[:, ::1]
_COUNTS = types.int64[::1]
_CODES = types.int32[:, ::1]
_KEY = types.uint64[::1]

# problem, draw function, refit function, workspace; key, number of row 0; first row, end of rows; start,
# table
_COMMON = (_ADDRESS, _ADDRESS, _ADDRESS, _ADDRESS, _KEY, _COUNT, _COUNT, _COUNT, _VECTOR, _MATRIX)
_EFFECTS = (_VECTOR, _COUNTS, _COUNTS, _COUNTS)
_GRAM = (*_EFFECTS, _VECTOR, _COUNTS, _MATRIX, _NUMBER, _NUMBER)
_ROWS = (*_EFFECTS, _CODES, _MATRIX, _VECTOR, _VECTOR, _COUNT)


_compiling = threading.Lock()


def _source_digest() -> str:
    """A digest of the package's sources."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


@dataclass(frozen=True)
class Kernel:
    """A loop and the one signature it is compiled for."""

    dispatcher: object
    signature: tuple

    @classmethod
    def of(cls, function, signature) -> Kernel:
        """Prepare a function for compilation; nothing is compiled yet."""
        function.__qualname__ = f"{function.__name__}_{_source_digest()}"
        try:
            return cls(njit(nogil=True, cache=True)(function), signature)
        except RuntimeError:  # no directory that can be written to: compile anew in every process
            return cls(njit(nogil=True)(function), signature)

    def is_ready(self) -> bool:
        """Whether a compiled version is at hand, in this process or on disk."""
        path = self.dispatcher.stats.cache_path
        on_disk = path and any(Path(path).glob(f"*{self.dispatcher.py_func.__qualname__}*.nbi"))
        return bool(self.dispatcher.signatures or on_disk)

    def compiled(self):
        """The compiled loop, from the cache where possible."""
        with _compiling:
            if not self.dispatcher.signatures:
                self.dispatcher.compile(self.signature)
                # Arguments of other types are a mistake, not a reason to compile again.
                self.dispatcher.disable_compile()
        return self.dispatcher


@njit
def _mark_failed(table, row):
    last = table.shape[1] - 1
    for column in range(last - 1):
        table[row, column] = np.nan
    table[row, last - 1] = 0.0  # evaluations
    table[row, last] = FAILED


@njit
def _refit(refit, problem, workspace, response, start, table, row):
    """Refit the draw into a row of the table. The core itself marks a refit that fails."""
    record = pointer(table, row * table.shape[1])
    call_native(refit, (problem, workspace, pointer(response, 0), pointer(start, 0), record))


def _run_gram(
    problem, gram_multiply, refit, workspace, key, origin, first, stop, begin, table,
    values, starts, widths, steps, mean, order, lower, sigma, df,
):  # fmt: skip
    state = np.empty(STATE_WORDS, np.uint64)
    coef = np.empty(mean.size)
    noise = np.empty(lower.shape[1])
    response = np.empty(mean.size + 1)
    for row in range(first, stop):
        status = draw_from_gram(
            state, key, origin + row, problem, gram_multiply,
            values, starts, widths, steps, mean, order, lower, sigma, df, coef, noise, response,
        )  # fmt: skip
        if status == 0:
            _refit(refit, problem, workspace, response, begin, table, row)
        else:
            _mark_failed(table, row)


def _run_rows(
    problem, response_from_rows, refit, workspace, key, origin, first, stop, begin, table,
    values, starts, widths, steps, codes, basis, mean, scale, response_size,
):  # fmt: skip
    state = np.empty(STATE_WORDS, np.uint64)
    effects = np.empty(starts[-1])
    rows = np.empty(mean.size)
    response = np.empty(response_size)
    for row in range(first, stop):
        status = draw_from_rows(
            state, key, origin + row, problem, response_from_rows,
            values, starts, widths, steps, codes, basis, mean, scale, effects, rows, response,
        )  # fmt: skip
        if status == 0:
            _refit(refit, problem, workspace, response, begin, table, row)
        else:
            _mark_failed(table, row)


gram_kernel = Kernel.of(_run_gram, _COMMON + _GRAM)
rows_kernel = Kernel.of(_run_rows, _COMMON + _ROWS)
