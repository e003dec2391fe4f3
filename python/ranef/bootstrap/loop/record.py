"""What the core writes down of a refit, and which of these numbers a run keeps.

A record is ``[coefficients (p) | standard errors (p) | sigma | theta | conditional modes, if asked for |
degrees of freedom of a contrast, if there is one | criterion | evaluations | status bits]`` on the user's
scale; ``c_api.h`` says so and this file is the only other place that knows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ...errors import ArgumentError, quote_list
from ...fit import Fit
from ...model import Model

# Bits of a record's last number. The core sets the first three, the loop the others.
CONVERGED, SINGULAR, FAILED, STATISTIC_FAILED, STATISTIC_SHAPE = 1, 2, 4, 8, 16

PARTS = ("coefficients", "se", "sigma", "theta", "modes", "objective", "evaluations")
DEFAULT_COLUMNS = tuple(part for part in PARTS if part != "modes")


@dataclass(frozen=True)
class RecordLayout:
    """Where the parts of a record are.

    >>> layout = RecordLayout(rank=2, n_theta=3)
    >>> layout.size, layout.parts()["theta"]
    (11, slice(5, 8, None))
    """

    rank: int  # fitted coefficients
    n_theta: int
    n_modes: int = 0  # conditional modes in a record: all of them, or 0 when they are not asked for
    # 1 where there is a contrast whose degrees of freedom are wanted; not a part that users choose
    n_df: int = 0

    def parts(self) -> dict[str, slice]:
        """Each part's place; the status is the last number."""
        sizes = (self.rank, self.rank, 1, self.n_theta, self.n_modes, self.n_df, 1, 1)
        edges = np.concatenate([[0], np.cumsum(sizes)])
        places = (slice(int(a), int(b)) for a, b in pairwise(edges))
        return dict(zip((*PARTS[:-2], "df", *PARTS[-2:]), places, strict=True))

    @property
    def size(self) -> int:
        """Numbers in a record."""
        return 2 * self.rank + self.n_theta + self.n_modes + self.n_df + 4


def record_layout(model: Model, modes: bool = False, df: bool = False) -> RecordLayout:
    """The layout of a model's records, with or without conditional modes and degrees of freedom."""
    n_modes = model.cross.design.q if modes else 0
    return RecordLayout(model.cross.rank, model.n_theta, n_modes, int(df))


def checked_columns(columns: str | Iterable[str] | None) -> tuple[str, ...]:
    """The parts to keep, in the order of a record.

    Raises ArgumentError for a name that is no part of a record.
    """
    if columns is None:
        return DEFAULT_COLUMNS
    asked = [columns] if isinstance(columns, str) else list(columns)
    for name in asked:
        if name not in PARTS:
            raise ArgumentError(f"columns= must be of {quote_list(PARTS)}; got {name!r}")
    return tuple(part for part in PARTS if part in asked)


def kept_columns(layout: RecordLayout, columns: Iterable[str]) -> tuple[np.ndarray, dict[str, slice]]:
    """Which numbers of a record are kept, and where each part then is in a row of the table.

    Returns selection, positions in the record; places.
    """
    parts, places, chosen, first = layout.parts(), {}, [], 0
    for name in columns:
        positions = np.arange(parts[name].start, parts[name].stop)
        places[name] = slice(first, first + len(positions))
        chosen.append(positions)
        first += len(positions)
    return np.concatenate([*chosen, np.zeros(0)]).astype(np.int64), places


def fit_record(fit: Fit, modes: bool = False) -> np.ndarray:
    """The record of the fit itself, as the core would write it."""
    solution = fit.solution
    order = fit.model.cross.design.factor_order
    effects = [solution["modes"][given].ravel() for given in order] if modes else []
    return np.concatenate(
        [
            solution["beta"],
            np.sqrt(np.diag(solution["vcov"])),
            [solution["sigma"]],
            fit.theta,
            *effects,
            [fit.objective, fit.optimum.evaluations, 0.0],
        ]
    )
