"""theta, the free entries of each term's relative covariance factor: where they stand and what they say.

Terms in order; within a term the lower triangle column by column, as in lme4. Nothing else knows this order:
what needs an entry, a matrix, a name, a standard deviation or a slope asks here. The unique elements of
covariance matrices stand in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .arrays import FloatArray
from .errors import ArgumentError


class Part(NamedTuple):
    """One term's share of theta: entry k of ``place`` is ``Lambda[rows[k], columns[k]]``."""

    width: int
    place: slice
    rows: npt.NDArray[np.intp]
    columns: npt.NDArray[np.intp]


def count(width: int) -> int:
    """Return the number of entries of a lower triangle."""
    return width * (width + 1) // 2


@lru_cache
def triangle(width: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return rows and columns of a lower triangle's entries in the order of theta.

    >>> rows, columns = triangle(2)
    >>> rows.tolist(), columns.tolist()
    ([0, 1, 1], [0, 0, 1])
    """
    columns, rows = np.triu_indices(width)
    return rows, columns


def parts(widths: Sequence[int]) -> Iterator[Part]:
    """Yield each term's share of theta."""
    first = 0
    for width in widths:
        rows, columns = triangle(width)
        yield Part(width, slice(first, first + rows.size), rows, columns)
        first += rows.size


def unpack(theta: FloatArray, widths: Sequence[int]) -> list[FloatArray]:
    """Return Lambda of each term, (..., r, r) lower triangular, from theta, (..., k).

    >>> [factor.tolist() for factor in unpack(np.array([1.0, 0.5, 2.0, 3.0]), [2, 1])]
    [[[1.0, 0.0], [0.5, 2.0]], [[3.0]]]
    """
    out = []
    for width, place, rows, columns in parts(widths):
        factor = np.zeros((*theta.shape[:-1], width, width))
        factor[..., rows, columns] = theta[..., place]
        out.append(factor)
    return out


def unpack_symmetric(elements: FloatArray, widths: Sequence[int]) -> list[FloatArray]:
    """Return the symmetric matrix of each term, (..., r, r), from its unique elements, (..., k)."""
    lower = unpack(elements, widths)
    return [matrix + np.tril(matrix, -1).swapaxes(-1, -2) for matrix in lower]


def pack(matrices: Sequence[FloatArray]) -> FloatArray:
    """Return the lower triangles of matrices, (..., r, r) each, as one array (..., k)."""
    if not matrices:
        return np.zeros(0)
    return np.concatenate([m[(..., *triangle(m.shape[-1]))] for m in matrices], axis=-1)


def covariance_elements(widths: Sequence[int], theta: FloatArray) -> FloatArray:
    """Return the unique elements of D = Lambda Lambda' of each term, (k,)."""
    return pack([factor @ factor.T for factor in unpack(theta, widths)])


def covariance_jacobian(widths: Sequence[int], theta: FloatArray) -> FloatArray:
    """Return the derivatives of these elements by theta, (k, k)."""
    out = np.zeros((len(theta), len(theta)))
    for (_, place, rows, columns), factor in zip(parts(widths), unpack(theta, widths), strict=True):
        in_row, in_column = rows[:, None] == rows, columns[:, None] == rows
        out[place, place] = in_row * factor[columns][:, columns] + in_column * factor[rows][:, columns]
    return out


def covariance_curvature(widths: Sequence[int], weights: FloatArray) -> FloatArray:
    """Return the second derivatives by theta of the sum of these elements times weights, (k, k)."""
    out = np.zeros((len(weights), len(weights)))
    for width, place, rows, columns in parts(widths):
        gradient = np.zeros((width, width))  # with both off-diagonal entries of a covariance moving
        gradient[rows, columns] += weights[place]
        gradient[columns, rows] += weights[place]
        out[place, place] = (columns[:, None] == columns) * gradient[np.ix_(rows, rows)]
    return out


def is_diagonal(widths: Sequence[int]) -> npt.NDArray[np.bool_]:
    """Return which entries are on a diagonal, (k,): those that lme4 bounds by zero."""
    return np.concatenate([np.equal(*triangle(width)) for width in widths])


def names(terms: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """Return lme4's names of theta for terms given as (group, columns).

    >>> names([("subject", ["Intercept", "days"])])
    ('subject.Intercept', 'subject.days.Intercept', 'subject.days')
    """
    return tuple(
        f"{group}.{columns[row]}" + (f".{columns[column]}" if row != column else "")
        for group, columns in terms
        for row, column in zip(*triangle(len(columns)), strict=True)
    )


def correlation_names(terms: Sequence[tuple[str, Sequence[str]]]) -> tuple[str, ...]:
    """Return ``group.below.above`` of every pair of random effects of a term, as `components` has them."""
    return tuple(
        f"{group}.{columns[row]}.{columns[column]}"
        for group, columns in terms
        for row, column in zip(*triangle(len(columns)), strict=True)
        if row != column
    )


def components(
    widths: Sequence[int], sigma: FloatArray, theta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return standard deviations and correlations of the random effects.

    widths: random effects of each term.
    sigma: (n,).
    theta: (n, k).
    Returns sd, (n, sum of widths); corr, (n, pairs), NaN beside a variance of zero.

    >>> sd, corr = components([2], np.array([2.0]), np.array([[1.0, 0.6, 0.8]]))
    >>> sd.round(12).tolist(), corr.round(12).tolist()
    ([[2.0, 2.0]], [[0.6]])
    """
    deviations, correlations = [], []
    for factor in unpack(theta, widths):
        relative = np.sqrt(np.einsum("nij,nij->ni", factor, factor))
        deviations.append(sigma[:, None] * relative)
        with np.errstate(invalid="ignore", divide="ignore"):
            rows = factor / relative[:, :, None]
        products = np.einsum("nik,njk->nij", rows, rows)
        above, below = np.triu_indices(factor.shape[-1], 1)
        correlations.append(np.clip(products[:, below, above], -1.0, 1.0))
    return np.hstack(deviations), np.hstack(correlations)


def component_slopes(
    widths: Sequence[int],
    sigma: FloatArray,
    theta: FloatArray,
    singular: npt.NDArray[np.bool_] | None = None,
    maps: Sequence[FloatArray] | None = None,
) -> FloatArray:
    """Return derivatives of log standard deviations and of Fisher's z of correlations.

    On these scales estimates are nearly normal.

    widths: random effects of each term.
    sigma: (n,).
    theta: (n, k).
    singular, (n, terms) bool: terms without an interior minimum: their derivatives are NaN.
    maps: sequence of (r, r) float64, of each term, T: the random effects that are meant are T times those
        that `theta` is of.
    Returns (n, 1 + sd + corr, k + 1): of log sigma, of the log of every standard deviation, of atanh of every
        correlation, term by term; with respect to theta and, last, sigma.

    >>> component_slopes([1], np.array([2.0]), np.array([[0.5]])).tolist()
    [[[0.0, 0.5], [2.0, 0.5]]]
    """
    n, k = theta.shape
    residual = np.zeros((n, 1, k + 1))
    residual[:, 0, k] = 1.0 / sigma
    deviations, correlations = [residual], []
    factors = unpack(theta, widths)
    for term, (r, place, rows, columns) in enumerate(parts(widths)):
        to = np.eye(r) if maps is None else maps[term]
        factor = to @ factors[term]
        size = np.linalg.norm(factor, axis=2)
        with np.errstate(divide="ignore", invalid="ignore"):
            unit = factor / size[:, :, None]  # rows of length 1
            log_sd = np.zeros((n, r, k + 1))
            log_sd[:, :, place] = to[:, rows] * (unit / size[:, :, None])[:, :, columns]
            log_sd[:, :, k] = 1.0 / sigma[:, None]
            pairs = [_fisher_z(unit, size, i, c) for c in range(r) for i in range(c + 1, r)]
        z = np.zeros((n, len(pairs), k + 1))
        for number, slope in enumerate(pairs):
            z[:, number, place] = (to.T @ slope)[:, rows, columns]
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
    rest = unit[:, c] - rho * unit[:, i]  # of squared length 1 - rho^2, also where rho is 1 but for rounding
    slope[:, i] = rest / size[:, i, None]
    slope[:, c] = (unit[:, i] - rho * unit[:, c]) / size[:, c, None]
    return slope / np.sum(rest**2, axis=1)[:, None, None]


def checked(theta: npt.ArrayLike, theta_names: Sequence[str], argument: str) -> FloatArray:
    """Return theta as an array of one finite number per name.

    Raises ArgumentError: wrong length, not finite or not numeric.
    """
    n = len(theta_names)
    try:
        values = np.array(theta, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"{argument} must be {n} numbers, not {theta!r}") from None
    if values.shape != (n,):
        raise ArgumentError(
            f"{argument} must have {n} entries ({', '.join(theta_names)}), it has shape {values.shape}"
        )
    if not np.isfinite(values).all():
        raise ArgumentError(f"{argument} must be finite, it is {values}")
    return values
