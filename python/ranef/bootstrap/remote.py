"""Replicates on other processes or machines, through any ``concurrent.futures``-style executor.

What travels is a parcel: the design and what replicates are drawn from, as plain arrays. A worker unpacks it
once and keeps it; later chunks find it by its digest. The streams belong to the replicates, so the numbers
are those of a local run, bit for bit (on machines with the same processor and libraries). A chunk whose
worker is lost is done again, here if the executor itself is gone.
"""

from __future__ import annotations

import hashlib
import pickle
import time
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from tqdm import tqdm

from .. import _core
from ..cross_products import cross_products
from ..errors import ArgumentError
from ..model import Model
from .messages import fit_record

if TYPE_CHECKING:
    from ..result import LmerResult
    from .engine import Outcome, Task

__all__ = ["check_executor", "run_remotely"]

_CHUNKS = 16
_TRIES = 3

_unpacked: dict[str, tuple[Any, ...]] = {}


def check_executor(executor: Any, scheme: str, statistic: Any) -> None:
    """Refuse what cannot submit work, and what cannot travel.

    Raises
    ------
    ArgumentError
    """
    if not callable(getattr(executor, "submit", None)):
        raise ArgumentError(
            "executor= must have a method submit(function, *arguments) that returns futures, as those of "
            f"concurrent.futures and dask.distributed.Client have; got {executor!r}"
        )
    if scheme != "parametric" or not (statistic is None or hasattr(statistic, "py_func")):
        raise ArgumentError(
            "executor= is for scheme='parametric', with a statistic compiled by Numba or none"
        )


def run_remotely(
    executor: Executor,
    fit: LmerResult,
    task: Task,
    route: str,
    columns: tuple[str, ...],
    statistic: Any,
    key: np.ndarray,
    n: int,
    first: int,
    threads: int,
    progress: bool,
) -> Outcome:
    """Run replicates in chunks on an executor.

    Parameters
    ----------
    executor : concurrent.futures.Executor or alike
    fit : LmerResult
    task : Task
        The local run's: its arrays travel.
    route, columns, statistic, key, n, first
        As for a local run.
    threads : int
        Of each worker, within a chunk.
    progress : bool
    """
    from .engine import Outcome

    parcel = _pack(fit, task, statistic)
    digest = hashlib.sha256(parcel).hexdigest()
    options = (route, columns, statistic, key, threads)
    size = -(-n // min(_CHUNKS, n))
    chunks = [(first + begin, min(size, n - begin)) for begin in range(0, n, size)]
    tables: dict[int, np.ndarray] = {}
    started, interrupted = time.perf_counter(), False
    with tqdm(total=n, desc="bootstrap, executor", unit=" refits", disable=not progress) as bar:
        try:
            for begin, table in _results(executor, digest, parcel, options, chunks):
                tables[begin] = table
                bar.update(len(table))
        except KeyboardInterrupt:
            interrupted = True
    done = []
    for begin, _ in chunks:  # what is done without a gap
        if begin not in tables:
            break
        done.append(tables[begin])
    if not done:
        raise KeyboardInterrupt
    return Outcome(np.vstack(done), time.perf_counter() - started, threads, interrupted)


def _results(executor: Executor, digest: str, parcel: bytes, options: tuple, chunks: list):
    """Each chunk's first replicate and its table, as they come; lost ones are tried again, then done here."""
    left = list(chunks)
    for _ in range(_TRIES):
        pending = []
        for chunk in left:
            try:
                pending.append((chunk, executor.submit(run_chunk, digest, parcel, options, *chunk)))
            except RuntimeError:  # the executor is broken or shut down
                pending.append((chunk, None))
        left = []
        for chunk, future in pending:
            try:
                if future is None:
                    raise ConnectionError
                table = future.result()
            except (ArgumentError, MemoryError):
                raise
            except Exception:  # a lost worker: BrokenProcessPool, KilledWorker, a closed connection ...
                left.append(chunk)
                continue
            yield chunk[0], table
        if not left:
            return
    for chunk in left:
        yield chunk[0], run_chunk(digest, parcel, options, *chunk)


def run_chunk(digest: str, parcel: bytes, options: tuple, first: int, count: int) -> np.ndarray:
    """One chunk's table; runs on the worker."""
    from .engine import run
    from .statistic import compile_statistic
    from .task import rebuilt_task, record_layout

    route, columns, statistic, key, threads = options
    if digest not in _unpacked:
        _unpacked.clear()
        _unpacked[digest] = _unpack(parcel)
    model, response, arguments, start, records = _unpacked[digest]
    compiled = None
    if statistic is not None:
        compiled = compile_statistic(
            statistic, lambda modes: record_layout(model, modes), records.__getitem__
        )
    task = rebuilt_task(model, response, route, arguments, start, columns, compiled)
    return run(task, key, count, threads, progress=False, origin=first).table


def _pack(fit: LmerResult, task: Task, statistic: Any) -> bytes:
    model = fit.model
    records = {} if statistic is None else {modes: fit_record(fit, modes) for modes in (False, True)}
    design = replace(model.design, spec=None)  # what was learned from the data frame stays here
    about = (design, model.reml, fit.state.y, task.arguments, task.start, records)
    return pickle.dumps(about, protocol=5)


def _unpack(parcel: bytes) -> tuple[Any, ...]:
    design, reml, y, arguments, start, records = pickle.loads(parcel)
    model = Model.__new__(Model)
    model.design, model.reml = design, reml
    model.cross = cross_products(design)
    model.problem = _core.Problem(model.cross.design, reml)
    offset = 0.0 if design.offset is None else design.offset
    response = model.cross.response(np.ascontiguousarray(y - offset))
    return model, response, arguments, start, records
