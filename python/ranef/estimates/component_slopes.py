"""Derivatives of standard deviations and correlations, on the scales on which estimates are nearly normal."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray

__all__ = ["component_slopes"]


def component_slopes(
    widths: list[int], sigma: FloatArray, theta: FloatArray, singular: npt.NDArray[np.bool_] | None = None
) -> FloatArray:
    """Derivatives of log standard deviations and of Fisher's z of correlations.

    Parameters
    ----------
    widths : list of int
        Random effects of each term.
    sigma : (n,) float64
    theta : (n, k) float64
        Lower triangles by column, term after term.
    singular : (n, terms) bool, optional
        Terms without an interior minimum: their derivatives are NaN.

    Returns
    -------
    (n, 1 + sd + corr, k + 1) float64
        Of log sigma, of the log of every standard deviation, of atanh of every correlation, term by term;
        with respect to theta and, last, sigma.

    Examples
    --------
    >>> component_slopes([1], np.array([2.0]), np.array([[0.5]])).tolist()
    [[[0.0, 0.5], [2.0, 0.5]]]
    """
    n, k = theta.shape
    residual = np.zeros((n, 1, k + 1))
    residual[:, 0, k] = 1.0 / sigma
    deviations, correlations, first = [residual], [], 0
    for term, r in enumerate(widths):
        columns, rows = np.triu_indices(r)
        place = slice(first, first + rows.size)
        factor = np.zeros((n, r, r))
        factor[:, rows, columns] = theta[:, place]
        first += rows.size
        size = np.linalg.norm(factor, axis=2)
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = factor / size[:, :, None]  # rows of length 1
            log_sd = np.zeros((n, r, k + 1))
            own = rows[None, :] == np.arange(r)[:, None]
            log_sd[:, :, place] = np.where(own, (unit / size[:, :, None])[:, rows, columns][:, None, :], 0.0)
            log_sd[:, :, k] = 1.0 / sigma[:, None]
            pairs = [_fisher_z(unit, size, i, c) for c in range(r) for i in range(c + 1, r)]
        z = np.zeros((n, len(pairs), k + 1))
        for number, slope in enumerate(pairs):
            z[:, number, place] = slope[:, rows, columns]
        if singular is not None:
            log_sd[singular[:, term]] = np.nan
            z[singular[:, term]] = np.nan
        deviations.append(log_sd)
        correlations.append(z)
    return np.concatenate([*deviations, *correlations], axis=1)


def _fisher_z(unit: FloatArray, size: FloatArray, i: int, c: int) -> FloatArray:
    """d atanh(rho) / d Lambda for the correlation of rows i and c, (n, r, r)."""
    rho = np.einsum("nk,nk->n", unit[:, i], unit[:, c])[:, None]
    slope = np.zeros_like(unit)
    slope[:, i] = (unit[:, c] - rho * unit[:, i]) / size[:, i, None]
    slope[:, c] = (unit[:, i] - rho * unit[:, c]) / size[:, c, None]
    return slope / (1.0 - rho**2)[:, :, None]
