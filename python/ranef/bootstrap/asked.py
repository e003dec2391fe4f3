"""What is asked of a bootstrap, of whatever kind of fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Asked:
    """The arguments of `bootstrap`: number, seed and first replicate checked."""

    n: int
    seed: int | np.random.SeedSequence | None = None
    n_threads: int | None = None
    progress: bool = True
    scheme: str = "parametric"
    group: str | None = None
    params: Any = None
    theta: Any = None
    sigma: float | None = None
    use_u: bool = False
    statistic: Any = None
    columns: Any = None
    route: str | None = None
    first: int | None = None
    resume: Any = None
    executor: Any = None

    @property
    def start(self) -> int:
        """Number of the first replicate."""
        return 0 if self.first is None else self.first
