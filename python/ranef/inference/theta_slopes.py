"""How predictions move with theta: exact derivatives of X beta + Z b by the mixed-model equations.

With u the spherical random effects, e the residuals, W the weights and V = Z Lambda, the equations
X'W(y - X beta - V u) = 0 and V'W(y - X beta - V u) = u differentiated along dLambda, h = Z dLambda u, are
those of the fit with the right-hand sides -X'W h and dLambda'Z'W e - V'W h.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..fit import Fit
from ..theta import parts
from .equations import Equations, Rows


def prediction_slopes(
    fit: Fit, system: Equations, X: FloatArray, rows: Rows, chosen: Sequence[npt.NDArray[np.intp]]
) -> FloatArray:
    """Return the derivatives of predictions with respect to theta in the core's coordinates, (k, m).

    system: of the fit.
    X, (m, p): kept columns of the rows that are predicted.
    rows: sequence of (codes, basis), their random parts.
    chosen: columns of each term that count.
    """
    design, model = fit.model.design, fit.model
    weights, whiten = np.ones(design.nobs) if system.weights is None else system.weights, model.whiten_rows
    own = [system.coordinates.random(index, whiten(term.basis)) for index, term in enumerate(design.terms)]
    left = weights * whiten(np.asarray(fit.resid)[:, None])[:, 0]
    V = system.own
    u = V.T @ left
    X_own = system.coordinates.fixed(whiten(system.X))
    x, v = system.coordinates.fixed(X), system.spherical(rows, chosen)
    out = np.zeros((model.n_theta, len(x)))
    for index, (r, place, entries, columns) in enumerate(parts(model.term_widths)):
        codes, levels = design.terms[index].factor.codes, design.terms[index].factor.n_levels
        effects = u[system.first[index] : system.first[index + 1]].reshape(levels, r)
        new = _new_columns(system, index, rows[index], chosen[index])
        for k, (i, c) in enumerate(zip(entries, columns, strict=True)):
            h = weights * own[index][:, i] * effects[codes, c]
            right = -(V.T @ h)
            right[system.first[index] + np.arange(levels) * r + c] += np.bincount(
                codes, left * own[index][:, i], levels
            )
            beta = -system.C @ (X_own.T @ h + system.U.T @ right)
            change = system.solve(right[:, None])[:, 0] - system.U @ beta
            seen = rows[index][0] >= 0
            direct = np.where(seen, new[:, i] * effects[np.where(seen, rows[index][0], 0), c], 0.0)
            out[place.start + k] = direct + x @ beta + v @ change
    return out


def _new_columns(system: Equations, index: int, row: Any, chosen: npt.NDArray[np.intp]) -> FloatArray:
    basis = np.zeros_like(row[1])
    basis[:, chosen] = row[1][:, chosen]
    return system.coordinates.random(index, basis)
