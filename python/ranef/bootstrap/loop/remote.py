"""Replicates on other processes or machines, through any ``concurrent.futures``-style executor.

What travels is a parcel: the design's cross-products and what replicates are drawn from, as plain arrays;
rows only where replicates are drawn as rows. A worker unpacks it once and keeps it; later chunks find it by
its digest, and one that does not asks for it. The streams belong to the replicates, so the numbers are those
of a local run, bit for bit (on machines with the same processor and libraries). A chunk whose worker is lost
is done again, here if the executor itself is gone.
"""

from __future__ import annotations

import hashlib
import pickle
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from ... import _core
from ...cross_products import CrossProducts, cross_products
from ...errors import ArgumentError
from ...fit import Fit
from ...machine.executors import Job, carried_out, handed_to, require_executor, workers_of
from ...model import planned
from ..draws.route import GRAM
from .engine import run
from .record import fit_record, record_layout
from .statistic import compile_statistic, wants_modes
from .task import task_from_arrays
from .work import Outcome, Stretch, Task

_FEWEST_CHUNKS = 16
_CHUNKS_PER_WORKER = 4
_REMEMBERED = 4
Chunk = tuple[int, int]  # the first replicate, and how many
Tables = Callable[[tuple[Any, ...], int, int], np.ndarray]  # records by options, first replicate and how many

_unpacked: dict[str, Tables] = {}


def check_executor(executor: Any, scheme: str, statistic: Any) -> None:
    """Refuse what cannot submit work, and what cannot travel. Raises ArgumentError."""
    require_executor(executor)
    known = scheme in ("parametric", "cases")
    if not known or not (statistic is None or hasattr(statistic, "py_func")):
        raise ArgumentError(
            "executor= is for scheme='parametric' and 'cases', with a statistic compiled by Numba or none"
        )


def run_remotely(
    executor: Executor,
    fit: Fit,
    task: Task,
    route: str,
    columns: tuple[str, ...],
    statistic: Any,
    stretch: Stretch,
) -> Outcome:
    """Run replicates in chunks on an executor.

    task: the local run's: its arrays travel.
    route, columns, statistic, stretch: as for a local run.
    """
    model = fit.model
    # What was learned from the data frame stays here; so do the rows unless they are drawn.
    no_spec: Any = None
    design = model.cross.design if route == GRAM else replace(model.design, spec=no_spec, predictors=None)
    plan = (model.reml, model.leading, model.schur)
    record = None if statistic is None else fit_record(fit, "modes" in columns or wants_modes(statistic))
    parcel = packed(_tables, design, plan, fit.response, task.arguments, task.start, record)
    options = (route, columns, statistic, stretch.key, stretch.threads)
    return run_parcel(executor, parcel, options, stretch)


def _tables(
    design: Any, plan: tuple[Any, ...], response: Any, arguments: tuple, start: np.ndarray, record: Any
) -> Tables:
    """What a worker keeps of a fit and of what its replicates are drawn from."""
    if isinstance(design, _core.DesignCross):
        cross = CrossProducts(None, design, (), np.asarray(design.kept, dtype=np.intp))
    else:
        cross = cross_products(design)
    model: Any = _Received(cross, planned(cross.design, *plan))

    def table(options: tuple[Any, ...], first: int, count: int) -> np.ndarray:
        route, columns, statistic, key, threads = options
        compiled = None
        if statistic is not None:
            modes = "modes" in columns or wants_modes(statistic)
            compiled = compile_statistic(statistic, record_layout(model, modes), record)
        task = task_from_arrays(model, response, route, arguments, start, columns, compiled)
        return run(task, key, count, threads, progress=False, first=first).table

    return table


@dataclass(frozen=True, eq=False)
class _Received:
    """The part of a model that refits need."""

    cross: CrossProducts
    problem: Any

    @property
    def n_theta(self) -> int:
        return self.problem.n_theta


def packed(tables: Callable[..., Tables], *arguments: Any) -> bytes:
    """Return a parcel: what a worker makes its tables with, a function of a module and its arguments."""
    return pickle.dumps(partial(tables, *arguments), protocol=5)


def run_parcel(
    executor: Executor,
    parcel: bytes,
    options: tuple[Any, ...],
    stretch: Stretch,
    unit: str = "refits",
) -> Outcome:
    """Run replicates from a parcel in chunks on an executor; `options` go with every chunk."""
    courier = _Courier(executor, parcel, options)
    first, n = stretch.first, stretch.count
    size = -(-n // min(max(_FEWEST_CHUNKS, _CHUNKS_PER_WORKER * courier.workers), n))
    chunks = [(first + begin, min(size, n - begin)) for begin in range(0, n, size)]
    tables: dict[int, np.ndarray] = {}
    started, interrupted = time.perf_counter(), False
    with tqdm(total=n, desc="executor", unit=f" {unit}", disable=not stretch.progress) as bar:
        try:
            for (begin, _), table in courier.results(chunks):
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
    return Outcome(np.vstack(done), time.perf_counter() - started, stretch.threads, interrupted)


class _Courier:
    """Hands chunks to an executor: the parcel with as many as there are workers, or with those that ask.

    An executor that can scatter data, as dask's client, brings the parcel to every worker by itself.
    """

    def __init__(self, executor: Any, parcel: bytes, options: tuple[Any, ...]) -> None:
        self.executor, self.parcel, self.options = executor, parcel, options
        self.digest = hashlib.sha256(parcel).hexdigest()
        self.workers = workers_of(executor)
        self.scatters = callable(getattr(executor, "scatter", None))
        # A name of its own: under one made of its content, a parcel sent again can wait for ever while dask
        # forgets the first.
        self.sent = executor.scatter(parcel, broadcast=True, hash=False) if self.scatters else parcel
        self.unsent = self.workers  # workers that have not been sent the parcel yet, as far as one can tell

    def results(self, chunks: list[Chunk]) -> Iterator[tuple[Chunk, np.ndarray]]:
        """Yield each chunk and its table; lost ones are tried again, at last done here."""
        # Few at a time: a worker without the parcel must not turn down all that are left.
        window = len(chunks) if self.scatters else 2 * self.workers
        return carried_out(chunks, self._submitted, self._here, window)

    def _submitted(self, job: Job[Chunk]) -> Any:
        carries = self.scatters or job.again or self.unsent > 0
        self.unsent -= carries
        parcel = self.sent if carries else None
        return handed_to(self.executor, run_chunk, self.digest, parcel, self.options, *job.work)

    def _here(self, chunk: Chunk) -> np.ndarray:
        _remember(self.digest, self.parcel)
        return _unpacked[self.digest](self.options, *chunk)


def run_chunk(
    digest: str, parcel: bytes | None, options: tuple[Any, ...], first: int, count: int
) -> np.ndarray | None:
    """One chunk's table; runs on the worker. None where it lacks the parcel."""
    if parcel is not None:
        _remember(digest, parcel)
    return _unpacked[digest](options, first, count) if digest in _unpacked else None


def _remember(digest: str, parcel: bytes) -> None:
    if digest not in _unpacked:
        while len(_unpacked) >= _REMEMBERED:
            del _unpacked[next(iter(_unpacked))]
        _unpacked[digest] = pickle.loads(parcel)()
