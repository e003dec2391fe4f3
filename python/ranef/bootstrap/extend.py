"""A design with more or fewer groups, or rows in each: what a study of another size would have."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING

import numpy as np

from .. import _core
from ..cross_products import cross_products
from ..design import Design
from ..errors import ArgumentError, quote_list
from .independent import independent_factor, is_nested
from .subset import rows_of

if TYPE_CHECKING:
    from ..model import Model

__all__ = ["model_of_size", "rows_of_size"]


def model_of_size(
    model: Model, groups: int | None = None, per_group: int | None = None, along: str | None = None
) -> Model:
    """The model for a study of another size; its response is the old one repeated, for its scale only.

    Parameters
    ----------
    model : Model
    groups : int, optional
        Groups of the factor `along`: the first ones, or all and then copies from the first on, with new
        random effects. Levels of factors nested in it are copied with it.
    per_group : int, optional
        Rows in each group: its first ones, or all and then again from the first on.
    along : str, optional
        The grouping factor; by default the one that all others are nested in, for crossed factors the one
        with the most levels.
    """
    rows, codes = rows_of_size(model.design, groups, per_group, along)
    design = rows_of(model.design, rows, codes)
    other = copy(model)
    for name in ("plan",):
        other.__dict__.pop(name, None)
    other.design = design
    other.cross = cross_products(design)
    if not np.array_equal(other.cross.kept, model.cross.kept):
        raise ArgumentError(
            f"a design of {design.nobs} rows (groups={groups}, per_group={per_group}) cannot tell all "
            "coefficients: more groups or rows are needed"
        )
    other.problem = _core.Problem(other.cross.design, model.reml)
    offset = 0.0 if design.offset is None else design.offset
    other.response = other.cross.response(np.ascontiguousarray(design.response - offset))
    return other


def rows_of_size(
    design: Design, groups: int | None, per_group: int | None, along: str | None = None
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The rows of such a study as positions in the design, and new codes of the factors that are extended.

    Raises
    ------
    ArgumentError
        For an unknown factor.
    """
    factor = _factor(design, along)
    order = np.argsort(factor.codes, kind="stable")
    members = np.split(order, np.cumsum(np.bincount(factor.codes, minlength=factor.n_levels))[:-1])
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


def _factor(design: Design, along: str | None):
    if along is None:
        return design.factors[independent_factor(design)]
    for factor in design.factors:
        if factor.name == along:
            return factor
    raise ArgumentError(
        f"along= must be a grouping factor, of {quote_list(f.name for f in design.factors)}; got {along!r}"
    )


def _resized(rows: np.ndarray, count: int | None) -> np.ndarray:
    return rows if count is None else rows[np.arange(count) % len(rows)]
