"""Smaller models of the same rows: some columns of X, some random terms."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from ... import _core
from ...cross_products import cross_products
from ...design import Design, RandomTerm
from ...errors import RowsNotKeptError
from ...fit import Fit
from ...model import Model
from ...optimize import Settings
from ..likelihood import refitted


def with_columns(model: Model, columns: Sequence[int]) -> Model:
    """Return the model with only these columns of X."""
    design = model.design
    constant = None
    if design.constant is not None:
        used = np.flatnonzero(design.constant)
        if set(used) <= set(columns):
            constant = design.constant[list(columns)]
    smaller = replace(
        design,
        matrix=design.matrix.take(columns),
        column_names=tuple(design.column_names[column] for column in columns),
        constant=constant,
    )
    return _narrowed(model, smaller, columns) if model.streamed else _of(model, smaller)


def _narrowed(model: Model, design: Design, columns: Sequence[int]) -> Model:
    """Return the model of some kept columns from its cross-products: the rows are not there."""
    kept = model.cross.kept.tolist()
    cross, response = model.cross.design, model.response
    for position in reversed(range(len(kept))):
        if kept[position] in columns:
            continue
        try:
            cross, response = _core.without_column(cross, response, position)
        except ValueError:  # the other columns are shifted by it
            raise RowsNotKeptError(
                f"leaving out '{model.design.column_names[kept[position]]}' needs the rows, which were read "
                "in batches and are not kept: fit the smaller model to the same batches and compare the two "
                "by ranef.anova(small, large)"
            ) from None
    other = copy(model)
    other.__dict__.pop("plan", None)
    other.design, other.response = design, response
    other.cross = replace(model.cross, design=cross, kept=np.arange(len(columns)))
    other.problem = _core.Problem(cross, model.reml)
    return other


def with_terms(model: Model, terms: Sequence[RandomTerm]) -> Model:
    """Return the model with other random terms on its rows."""
    if model.streamed:
        raise RowsNotKeptError(
            "other random terms need the rows, which were read in batches and are not kept: fit the smaller "
            "model to the same batches and compare the two by ranef.anova(small, large)"
        )
    return _of(model, replace(model.design, terms=tuple(terms)))


def fit_of(fit: Fit, model: Model) -> Fit:
    """Fit a smaller model to the response of a fit."""
    response = model.response if model.streamed else model.response_of(fit.y)
    own = Fit(model, fit.y, response, fit.optimum, fit.settings)
    return refitted(own, model, Settings())


def without_random_effects(fit: Fit) -> float:
    """Return the criterion of the linear model with the same fixed part, no variance between groups."""
    return fit.model.problem.value(fit.response, np.zeros(fit.model.n_theta))


def _of(model: Model, design: Design) -> Model:
    other = copy(model)
    for name in ("plan", "theta_names", "term_labels"):
        other.__dict__.pop(name, None)
    other.design = design
    other.cross = cross_products(design)
    other.problem = _core.Problem(other.cross.design, model.reml)
    other.response = other.response_of(design.response)
    return other
