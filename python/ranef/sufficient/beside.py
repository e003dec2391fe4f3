"""One piece of work beside the next: rows are added up in the core while the next ones are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor


class Beside:
    """Pieces of work, one after the other, of which the last may still run.

    allowed: whether there is a thread for it; without one each piece is done when it is given.
    """

    def __init__(self, allowed: bool) -> None:
        self._pool: ThreadPoolExecutor | None = None
        if allowed:
            from concurrent.futures import ThreadPoolExecutor  # loads logging

            self._pool = ThreadPoolExecutor(1)
        self._last: Future[None] | None = None

    def do(self, work: Callable[[], None]) -> None:
        """Do a piece of work when the one before is done."""
        if self._pool is None:
            work()
            return
        self.wait()
        self._last = self._pool.submit(work)

    def wait(self) -> None:
        """Wait for the last piece, and raise what it raised."""
        last, self._last = self._last, None
        if last is not None:
            last.result()

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *reason: Any) -> None:
        if self._pool is not None:
            self._pool.shutdown()
