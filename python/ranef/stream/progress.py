"""How far a reading is: one bar for batches, partitions and blocks."""

from __future__ import annotations

from typing import Any


def progress_bar(what: str, unit: str, progress: bool | None, total: int | None = None) -> Any:
    """Return a bar on standard error.

    what, unit: what is done, and what is counted.
    progress: None: in a terminal, when it takes longer than a second.
    """
    from tqdm.auto import tqdm

    return tqdm(
        desc=what,
        unit=f" {unit}",
        total=total,
        unit_scale=unit == "rows",
        disable=None if progress is None else not progress,
        delay=1 if progress is None else 0,
        dynamic_ncols=True,
    )
