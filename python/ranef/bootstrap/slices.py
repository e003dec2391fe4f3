"""A run in slices of about a second: so that it can be stopped, and be saved on its way."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Protocol

import numpy as np
from tqdm.auto import tqdm

from ..fit import Fit
from ..machine.threads import get_num_threads
from .asked import Asked
from .checks import require_table
from .one_run import one_run
from .replicates.result import BootstrapResult
from .statistic_of_fit import value_at_fit

_SECONDS = 1.0
_MOST_SECONDS = 30.0
_OVERHEAD = 0.05  # of a run, for what every slice does again
_GROWTH = 10


class Checkpoint(Protocol):
    """Where what is done so far is kept."""

    def is_due(self) -> bool:
        """Whether the last time was long enough ago."""

    def write(self, result: BootstrapResult) -> None:
        """Keep it."""


def in_slices(fit: Fit, asked: Asked, checkpoint: Checkpoint | None = None) -> BootstrapResult:
    """The replicates of one run, made slice by slice; `checkpoint` gets those done when it is due."""
    estimate = value_at_fit(fit, asked.statistic)
    n, seed = asked.n, asked.seed
    size = min(n, 2 * get_num_threads())
    parts: list[BootstrapResult] = []
    done = 0
    label, hidden = f"bootstrap, {asked.scheme}", not asked.progress
    with tqdm(total=n, desc=label, unit=" refits", disable=hidden, dynamic_ncols=True) as bar:
        while done < n:
            started = time.perf_counter()
            try:
                first, count = asked.start + done, min(size, n - done)
                part = one_run(fit, replace(asked, n=count, seed=seed, first=first, progress=False), estimate)
            except KeyboardInterrupt:
                if not parts:
                    raise
                break
            seed = part.seed
            parts.append(part)
            done += len(part)
            bar.update(len(part))
            if part.interrupted:
                break
            if len(parts) == 1:
                require_table(n, part.records.shape[1])
            if checkpoint is not None and done < n and checkpoint.is_due():
                parts = [joined(parts, n)]
                checkpoint.write(parts[0])
            size = _next_size(part, time.perf_counter() - started)
    return joined(parts, n)


def _next_size(part: BootstrapResult, seconds: float) -> int:
    """As many replicates as take about a second, or as outweigh what is done once for a slice."""
    once = max(seconds - part.seconds, 0.0)
    goal = min(max(_SECONDS, once / _OVERHEAD), _MOST_SECONDS)
    each = part.seconds / len(part)
    return max(1, int(min(goal / max(each, 1e-9), _GROWTH * len(part))))


def joined(parts: list[BootstrapResult], requested: int) -> BootstrapResult:
    """Results of one run, one after the other, as one result."""
    if len(parts) == 1:
        return parts[0].replaced(requested=requested)
    messages: dict[int, str] = {}
    for part in parts:
        messages |= part.messages
    last = parts[-1]
    return parts[0].replaced(
        records=np.vstack([part.records for part in parts]),
        requested=requested,
        seconds=sum(part.seconds for part in parts),
        n_threads=max(part.n_threads for part in parts),
        messages=messages,
        statistic=last.statistic,
        fit=last.fit,
    )
