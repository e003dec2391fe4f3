"""How the random effects are integrated out: Laplace's approximation, its weights, quadrature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, require_choice
from .families import Family

INFORMATION = ("observed", "expected")
_MOST_COLUMNS, _MOST_NODES, _MOST_A_DIRECTION = 3, 20_000, 100


def checked_nodes(agq: Any) -> int:
    """Return the number of nodes.

    Raises ArgumentError for what is no whole number from 0 to 100.
    """
    if isinstance(agq, bool) or not isinstance(agq, int | np.integer) or not 0 <= agq <= _MOST_A_DIRECTION:
        raise ArgumentError(
            f"agq= must be a whole number from 0 to {_MOST_A_DIRECTION}, 1 for Laplace's approximation, "
            f"not {agq!r}"
        )
    return int(agq)


def require_information(information: str, nodes: int, family: Family) -> None:
    """Raise an ArgumentError for weights in the determinant that do not go with the rest."""
    require_choice("information", information, INFORMATION)
    if information == "expected" and nodes > 1:
        raise ArgumentError(
            "information='expected' goes with Laplace's approximation, agq=1: leave one of the two out"
        )
    if information == "expected" and family.dispersed:
        raise ArgumentError(
            "information='expected' is lme4's criterion for families without a dispersion: the "
            f"{family.kind.label} family has one; leave it out"
        )


def require_quadrature(agq: int, groups: Sequence[str], width: int) -> None:
    """Raise an ArgumentError where there are too many random effects for so many nodes.

    groups: names of the grouping factors.
    width: random effects a level.
    """
    if len(groups) > 1:
        raise ArgumentError(
            f"agq={agq}: quadrature is for one grouping factor, the model has {len(groups)} "
            f"({', '.join(groups)}): use agq=1, Laplace's approximation, and read the estimate of its error"
        )
    if width > _MOST_COLUMNS:
        raise ArgumentError(
            f"agq={agq}: quadrature is for up to {_MOST_COLUMNS} random effects a level, the model has "
            f"{width}: use agq=1, Laplace's approximation"
        )
    if agq**width > _MOST_NODES:
        raise ArgumentError(
            f"agq={agq} with {width} random effects a level makes {agq**width:,} nodes: use "
            f"agq={int(_MOST_NODES ** (1 / width))} or less"
        )
