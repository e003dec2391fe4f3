"""A design with more or fewer groups, or rows in each: what a study of another size would have.

The rows of the data are read once, for the cross-products of each group; those of a study of any number of
groups are sums of them. Its rows are made only where something asks for them.
"""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from ...cached import cached_property
from ...cross_products import CrossProducts
from ...design import Design, GroupingFactor
from ...design.subset import rows_of
from ...errors import ArgumentError
from ...model import Model
from .group_products import Groups, chosen_factor, group_members, groups_of
from .independent import is_nested

# The groups of the size that was asked for last, by model: the points of a curve share them.
_known: WeakKeyDictionary[Model, tuple[Any, Groups]] = WeakKeyDictionary()


class SizedModel(Model):
    """A model for a study of another size: cross-products, and rows when they are asked for.

    model: Model, of the data.
    design, response: cross-products of the study.
    size: tuple, the arguments of `rows_of_size` after the first.
    """

    ngroups: dict[str, int]  # levels of its grouping factors that have rows
    _source: Model
    _size: tuple[Any, ...]
    _FIELDS = (*Model._FIELDS, "ngroups", "_source", "_size")

    def __init__(
        self, model: Model, design: Any, response: Any, size: tuple[Any, ...], ngroups: dict[str, int]
    ) -> None:
        parts = {name: value for name, value in model._parts().items() if name != "design"}
        cross = CrossProducts(None, design, model.cross.factors, model.cross.columns)
        own = {"cross": cross, "response": response, "ngroups": ngroups, "_source": model, "_size": size}
        vars(self).update(parts | own)

    @cached_property
    def design(self) -> Design:  # type: ignore[override]
        """The rows, made when asked for."""
        return rows_of(self._source.design, *rows_of_size(self._source.design, *self._size))

    @property
    def term_widths(self) -> tuple[int, ...]:
        return self._source.term_widths

    def with_all_rows(self) -> Model:
        """The same as a model with rows."""
        return self._source.variant(reml=self.reml, design=self.design)


def model_of_size(
    model: Model, groups: int | None = None, per_group: int | None = None, group: str | None = None
) -> SizedModel:
    """The model for a study of another size; its response is the old one repeated, for its scale only.

    groups: groups of the factor `group`: the first ones, or all and then copies from the first on, with new
        random effects. Levels of factors nested in it are copied with it.
    per_group: rows in each group: its first ones, or all and then again from the first on.
    group: the grouping factor; by default the one that all others are nested in, for crossed factors the one
        with the most levels.
    Raises ArgumentError for an unknown factor, or a size at which not all coefficients can be told.
    """
    factor = chosen_factor(model.design, group)
    found = _products(model, factor, per_group)
    count = groups or factor.n_levels
    design, response, full_rank = found.products.sum(np.arange(count) % factor.n_levels)
    if not full_rank:
        raise ArgumentError(
            f"a design of {design.n} rows (groups={groups}, per_group={per_group}) cannot tell all "
            "coefficients apart: more groups or rows are needed"
        )
    ngroups = _levels(model, factor, count, per_group, design)
    return SizedModel(model, design, response, (groups, per_group, group), ngroups)


def _levels(
    model: Model, factor: GroupingFactor, count: int, per_group: int | None, design: Any
) -> dict[str, int]:
    """Levels with rows: of nested factors every group's own, of crossed ones those its rows have."""
    names = [model.cross.factors[given].group for given in design.factor_order]
    copied = {name: levels for name, (levels, _) in zip(names, design.shapes, strict=True)}
    rows = None
    for other in model.design.factors:
        if is_nested(other.codes, factor.codes, other.n_levels):
            continue
        if rows is None:
            rows = np.concatenate([_resized(part, per_group) for part in group_members(factor)[:count]])
        copied[other.name] = int(np.unique(other.codes[rows]).size)
    return {other.name: copied[other.name] for other in model.design.factors}


def _products(model: Model, factor: GroupingFactor, per_group: int | None) -> Groups:
    key = (factor.name, per_group)
    known = _known.get(model)
    if known is None or known[0] != key:
        members = [_resized(rows, per_group) for rows in group_members(factor)]
        known = key, groups_of(model, model.design.response, model.response, factor, members)
        _known[model] = known
    return known[1]


def rows_of_size(
    design: Design, groups: int | None, per_group: int | None, group: str | None = None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The rows of such a study as positions in the design, and new codes of the factors that are extended.

    Raises ArgumentError for an unknown factor.
    """
    factor = chosen_factor(design, group)
    members = group_members(factor)
    count = groups or factor.n_levels
    chosen = [_resized(members[group % factor.n_levels], per_group) for group in range(count)]
    rows = np.concatenate(chosen)
    copies = np.repeat(np.arange(count), [len(part) for part in chosen])
    codes = {factor.name: copies}
    for other in design.factors:
        if other is not factor and is_nested(other.codes, factor.codes, other.n_levels):
            pairs = copies * other.n_levels + other.codes[rows]
            codes[other.name] = np.unique(pairs, return_inverse=True)[1].reshape(-1)
    return rows, codes


def _resized(rows: np.ndarray, count: int | None) -> np.ndarray:
    return rows if count is None else rows[np.arange(count) % len(rows)]
