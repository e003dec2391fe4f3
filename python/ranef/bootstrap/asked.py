"""What is asked of a bootstrap, of whatever kind of fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Asked:
    """The arguments of `bootstrap`: number, seed, first replicate and threads checked."""

    n: int
    seed: int | np.random.SeedSequence | None
    n_threads: int | None
    progress: bool
    scheme: str
    group: str | None
    params: Any
    theta: Any
    sigma: float | None
    use_u: bool
    statistic: Any
    columns: Any
    route: str | None
    first: int | None
    resume: Any
    executor: Any

    @property
    def start(self) -> int:
        """Number of the first replicate."""
        return 0 if self.first is None else self.first
