"""How the criterion of a model is computed, as a value to look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .cross_products import FactorBlocks
from .design import RandomTerm
from .show import Printed


@dataclass(frozen=True, repr=False)
class Plan(Printed):
    """How the criterion is computed.

    Attributes
    ----------
    leading : str
        The grouping factor eliminated first, in closed form, group by group.
    levels, width : int
        Its number of groups and of random effects per group.
    by_classes : bool
        Whether groups with equal cross-products are eliminated together.
    classes : int
        Number of distinct groups.
    kind : {"dense", "sparse", "iterative"}
        How the Schur complement that is left is stored and factored; by iterations it is neither.
    order : int
        Its size: the other random effects and the fixed effects.
    fill : float
        Stored entries of the factor relative to the lower triangle of the Schur complement.
    memory : int
        Bytes of one thread's workspace.
    exact_hessian : bool
        Whether the optimiser has exact second derivatives; else average information, corrected as it goes.
    reason : str
        Why this plan.
    reading : str
        How rows that are not in memory were read: once, or more often and why.
    seconds : float
        That a fit by iterations is predicted to take on two cores; zero where nothing is predicted.
    """

    leading: str
    levels: int
    width: int
    by_classes: bool
    classes: int
    kind: str
    order: int
    fill: float
    memory: int
    exact_hessian: bool
    reason: str
    reading: str = ""
    seconds: float = 0.0

    @classmethod
    def of(
        cls,
        plan: Mapping[str, Any],
        terms: Sequence[RandomTerm],
        factors: Sequence[FactorBlocks],
        reading: str = "",
    ) -> Plan:
        """Name what the core's plan numbers."""
        factor = factors[plan["leading_factor"]]
        members = [terms[index] for index in factor.terms]
        return cls(
            leading=factor.group,
            levels=members[0].factor.n_levels,
            width=sum(len(term.columns) for term in members),
            by_classes=plan["leading"] == "classes",
            classes=int(plan["classes"]),
            kind=plan["schur"],
            order=int(plan["order"]),
            fill=float(plan["fill"]),
            memory=int(plan["bytes"]),
            exact_hessian=bool(plan["exact_hessian"]),
            reason=plan["reason"],
            reading=reading,
            seconds=float(plan["seconds"]),
        )

    def __str__(self) -> str:
        classes = f"in {self.classes} {'class' if self.classes == 1 else 'classes'}"
        way = classes if self.by_classes else "group by group"
        fill = f", fill {self.fill:.2f}" if self.kind == "sparse" else ""
        hessian = "exact" if self.exact_hessian else "average information"
        time = [f"time              about {self.seconds:.2g} s on two cores"] if self.seconds else []
        rows = [f"rows              {self.reading}"] if self.reading else []
        return "\n".join([
            f"leading term      {self.leading}: {self.levels} groups x {self.width}, {way}",
            f"Schur complement  {self.kind}, order {self.order}{fill}",
            f"second derivative {hessian}",
            f"memory            {_bytes(self.memory)} per thread",
            f"because           {self.reason}",
            *time,
            *rows,
        ])


def _bytes(size: int) -> str:
    if size < 10_000:
        return f"{size} bytes"
    return f"{size / 1e6:.1f} MB" if size > 1e5 else f"{size / 1e3:.0f} kB"
