"""Groups of rows with cross-products of their own: drawn, left out or repeated without their rows.

One pass over the rows gives every group's products; those of any list of groups are a sum. A group brings
copies of the levels that belong to it alone, levels it shares with other groups stay what they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ... import _core
from ...design import Design, GroupingFactor
from ...errors import ArgumentError, quote_list
from ...fit import Fit
from ...model import Model
from .independent import independent_factor, is_nested


@dataclass(frozen=True, eq=False)
class Groups:
    """The groups of one factor."""

    factor: GroupingFactor
    products: Any
    reml: bool

    def refit(self, picks: np.ndarray, start: np.ndarray) -> np.ndarray | None:
        """The record of the model's fit to the groups picked; None where they cannot give one.

        picks: numpy.ndarray of int, groups, repeated at will.
        start: theta in internal coordinates.
        """
        return self.products.refit(picks, self.reml, start)


def groups_of(
    model: Model, y: np.ndarray, response: Any, factor: GroupingFactor, members: Any = None
) -> Groups:
    """Cross-products of the groups of a factor: one pass over the rows.

    y, (n,): the response, offset included.
    response: whose scale the groups' share.
    members: the rows of each group; by default all of them.
    """
    members = group_members(factor) if members is None else members
    by_name = {other.name: other for other in model.design.factors}
    own = [
        is_nested(other.codes, factor.codes, other.n_levels)
        for other in (by_name[blocks.group] for blocks in model.cross.factors)
    ]
    start = np.concatenate([[0], np.cumsum([len(rows) for rows in members])])
    products = _core.GroupProducts(
        model.cross.rows,
        model.cross.design,
        response,
        model.design.without_offset(y),
        start,
        np.concatenate(members),
        own,
    )
    return Groups(factor, products, model.reml)


def all_groups(fit: Fit, group: str | None = None) -> Groups:
    """The groups of a fit's factor `group`, see `chosen_factor`."""
    factor = chosen_factor(fit.model.design, group)
    return groups_of(fit.model, fit.y, fit.response, factor)


def chosen_factor(design: Design, group: str | None) -> GroupingFactor:
    """The factor asked for; by default the one that all others are nested in, else that with most levels.

    Raises ArgumentError for an unknown factor.
    """
    if group is None:
        return design.factors[independent_factor(design)]
    for factor in design.factors:
        if factor.name == group:
            return factor
    raise ArgumentError(
        f"group= must be a grouping factor, of {quote_list(f.name for f in design.factors)}; got {group!r}"
    )


def group_members(factor: GroupingFactor) -> list[np.ndarray]:
    """The rows of each group, ascending."""
    order = np.argsort(factor.codes, kind="stable")
    return np.split(order, np.cumsum(np.bincount(factor.codes, minlength=factor.n_levels))[:-1])


def strata_of(design: Design, factor: GroupingFactor) -> np.ndarray:
    """The stratum of each group: groups are exchangeable only within the levels that they are nested in."""
    strata = np.zeros(factor.n_levels, np.int64)
    for outer in design.factors:
        if outer is factor or not is_nested(factor.codes, outer.codes, factor.n_levels):
            continue
        level = np.zeros(factor.n_levels, np.int64)
        level[factor.codes] = outer.codes
        strata = np.unique(strata * outer.n_levels + level, return_inverse=True)[1].reshape(-1)
    return strata
