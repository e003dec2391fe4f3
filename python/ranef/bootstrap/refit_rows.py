"""The fit of a model to some of its rows, or to rows repeated, as a record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .. import _core
from ..cross_products import cross_products
from .record import CONVERGED, SINGULAR
from .subset import rows_of

if TYPE_CHECKING:
    from ..result import LmerResult

__all__ = ["record_of_rows"]


def record_of_rows(
    fit: LmerResult, rows: np.ndarray, codes: dict[str, np.ndarray] | None = None
) -> np.ndarray | None:
    """Fit the model to rows of its data.

    Parameters
    ----------
    fit : LmerResult
        Gives the rows; the refit starts at its theta.
    rows : numpy.ndarray
        Positions, or a mask.
    codes : dict of str to numpy.ndarray, optional
        Grouping factor -> new codes of these rows.

    Returns
    -------
    numpy.ndarray or None
        A record without conditional modes; None where the rows cannot give one (a coefficient that they
        cannot tell, no residual degrees of freedom).
    """
    model = fit.model
    design = rows_of(model.design, rows, codes)
    cross = cross_products(design)
    if not np.array_equal(cross.kept, model.cross.kept) or design.nobs <= len(cross.kept):
        return None
    y = fit.state.y if model.design.offset is None else fit.state.y - model.design.offset
    response = cross.response(np.ascontiguousarray(y[rows]))
    problem = _core.Problem(cross.design, model.reml)
    optimum = problem.fit(response, fit.theta, certify=False)
    try:
        solution = problem.solve(response, optimum.theta)
    except RuntimeError:
        return None
    errors = np.sqrt(np.diag(solution["vcov"]))
    status = CONVERGED * bool(optimum.converged) | SINGULAR * bool(optimum.singular)
    numbers = [solution["sigma"]], optimum.theta, [optimum.value, optimum.evaluations, status]
    return np.concatenate([solution["beta"], errors, *numbers])
