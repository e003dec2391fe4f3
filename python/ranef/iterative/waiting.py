"""What is seen of long work by iterations: a progress bar in a terminal or notebook, after a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Told = Callable[[int, int, int], None]


@contextmanager
def waiting(what: str) -> Iterator[Told | None]:
    """Show a bar that counts iterations; what it yields is called with evaluations, probes, iterations."""
    from tqdm.auto import tqdm

    with tqdm(desc=what, unit=" iterations", disable=None, delay=1, leave=False) as bar:

        def told(evaluations: int, probes: int, iterations: int) -> None:
            if evaluations:
                bar.set_postfix_str(f"evaluation {evaluations}, {probes} probes", refresh=False)
            bar.update(iterations - bar.n)

        yield None if bar.disable else told
