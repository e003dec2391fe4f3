"""How the criterion of a model for repeated measures is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..machine.memory import size_text
from ..show import Printed

MOST_SUMS = 2**25  # numbers (256 MB) kept as sums; beyond, the rows are kept instead


@dataclass(frozen=True, eq=False, repr=False)
class VisitPlan(Printed):
    """Sums by pattern of missing visits, or rows.

    Attributes
    ----------
    patterns : int
        Sets of visits at which some subject was observed, counted for every arm with a covariance matrix of
        its own.
    subjects, rows, visits : int
    by_rows : bool
        Whether the rows are summed again at every evaluation, as the sums of so many patterns would be large.
    size : int
        Numbers that the sums are, or would be.
    """

    patterns: int
    subjects: int
    rows: int
    visits: int
    by_rows: bool
    size: int

    @classmethod
    def of(cls, model: Any) -> VisitPlan:
        """Return the plan of a `VisitModel`."""
        sums = model.sums
        subjects = sum(count for *_, count in sums.patterns)
        return cls(
            len(sums.patterns), subjects, model.nobs, len(model.visits.visit_levels), sums.by_rows, sums.size
        )

    def __str__(self) -> str:
        patterns = f"{self.patterns:,} pattern{'s' if self.patterns != 1 else ''} of missing visits"
        size = size_text(8 * self.size)
        if self.by_rows:
            return (
                f"by rows: {patterns} would need sums of {size}, so that the {self.rows:,} rows are summed "
                "again at every evaluation"
            )
        return (
            f"by sums: {patterns}, {size}; an evaluation costs the same for any number of subjects "
            f"({self.subjects:,} here)"
        )
