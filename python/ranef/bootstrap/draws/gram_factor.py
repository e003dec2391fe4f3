"""The semidefinite, rank-revealing factor of the Gram matrix C'C, C = [Z_1 | Z_2 X], to draw noise from.

The rows' noise e ~ N(0, I) enters a replicate through C'e ~ N(0, C'C) and e'e alone. With factors H_j of the
leading term's blocks, ``G_j H_j H_j' G_j = G_j``, and the Schur complement of the rest,
``S_2 = W - sum_j A_j' H_j H_j' A_j = R R'``,

    Z_1j'e    = G_j H_j xi_j
    [Z_2 X]'e = sum_j A_j' H_j xi_j + R xi_2
    e'e       = sum_j |xi_j|^2 + |xi_2|^2 + chi2(n - rank C)

with independent standard normals ``xi_j`` (rank G_j of them) and ``xi_2`` (rank S_2). [Z X] is rank-deficient
by construction (the levels of every factor add up to the constant), and the rank is a number of degrees of
freedom, so both ranks are decided here, with the reasons for the limits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

_EPS = np.finfo(float).eps

# Eigenvalues of a block G_j scaled to a unit diagonal: above the first limit a direction is real, below the
# second it is the rounding of the sums (3e-12 over 10**5 rows added one by one). In between only the rows
# know.
_LEADING_REAL = 1e-10
_LEADING_ROUNDING = 1e-13
# A column of one group that is all but zero, against its mean sum of squares over the groups: rounding of the
# basis.
_COLUMN_LIMIT = 1e-15

# Pivots of S_2 scaled by the diagonal of W. Rounding leaves 8e-14 in crossed factors of 3,000 levels with
# slopes; a chain of 4,000 weakly connected levels has real pivots of 1e-4, an uncentred polynomial of degree
# 7 of 3e-9. A direction of G_j of eigenvalue t is known to eps / t, which S_2 inherits: the limit moves with
# the smallest t.
_REST_ROUNDING = 1e-13
_REST_LIMIT = 1e-12
_REST_MARGIN = 1e3


@dataclass(frozen=True)
class RestFactor:
    """``R`` with ``R R' = S_2``: row ``order[i]`` of R is ``lower[i]``, zero to the right of column i."""

    order: np.ndarray  # (m,) int64
    lower: np.ndarray  # (m, rank)

    certain: bool  # whether real directions and rounding are clearly apart

    @property
    def rank(self) -> int:
        """Rank of S_2."""
        return self.lower.shape[1]


@dataclass(frozen=True)
class GramFactor:
    """The factor of C'C by blocks."""

    leading: np.ndarray  # (J, r, r): ``H_j``, with ``H_j H_j'`` a reflexive generalised inverse of ``G_j``
    rest: RestFactor  # the factor of the Schur complement
    rank: int  # rank of C
    # whether the rank is beyond doubt. Where it is not (columns so nearly collinear that their squares cannot
    # tell), the rows can still be drawn.
    certain: bool


def factor_gram(
    blocks: np.ndarray, schur_of: Callable[[np.ndarray], np.ndarray], squares: np.ndarray, nobs: int
) -> GramFactor:
    """Factor C'C by blocks.

    blocks, (J, r, r): ``G_j``.
    schur_of: maps H, shape (J, r, r), to ``W - sum_j A_j' H_j H_j' A_j``, shape (m, m). The core does it.
    squares, (m,): diagonal of W.
    nobs: rows, which no rank exceeds.
    """
    leading, eigenvalues = factor_leading(blocks)
    kept = eigenvalues[eigenvalues > _LEADING_REAL]
    rest = factor_rest(schur_of(leading), squares, kept.min(initial=1.0))
    doubtful = (eigenvalues > _LEADING_ROUNDING) & (eigenvalues <= _LEADING_REAL)
    rank = kept.size + rest.rank
    return GramFactor(leading, rest, min(rank, nobs), rest.certain and not doubtful.any() and rank <= nobs)


def factor_leading(blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factors of generalised inverses of the leading term's blocks.

    blocks, (J, r, r): ``G_j = Z_1j'Z_1j``, positive semidefinite.
    Returns factors, (J, r, r), ``H_j`` with ``G_j H_j H_j' G_j = G_j``; columns without a direction are zero;
        eigenvalues, (J, r), of the blocks scaled to a unit diagonal.

    >>> H, eigenvalues = factor_leading(np.array([[[4.0, 2.0], [2.0, 1.0]]]))
    >>> eigenvalues[0].round(12).tolist(), float((H[0].T @ [[4.0, 2.0], [2.0, 1.0]] @ H[0]).sum().round(12))
    ([0.0, 2.0], 1.0)
    """
    squares = np.einsum("jkk->jk", blocks)
    present = squares > _COLUMN_LIMIT * squares.mean(axis=0)
    inverse_scale = np.where(present, 1.0 / np.sqrt(np.where(present, squares, 1.0)), 0.0)
    eigenvalues, vectors = np.linalg.eigh(blocks * inverse_scale[:, :, None] * inverse_scale[:, None, :])
    real = eigenvalues > _LEADING_REAL
    directions = np.where(real, 1.0 / np.sqrt(np.where(real, eigenvalues, 1.0)), 0.0)
    factors = inverse_scale[:, :, None] * vectors * directions[:, None, :]
    return np.ascontiguousarray(factors), eigenvalues


def factor_rest(schur: np.ndarray, squares: np.ndarray, weakest: float = 1.0) -> RestFactor:
    """Pivoted Cholesky factor of the Schur complement of the rest.

    schur, (m, m): ``S_2 = W - sum_j A_j' H_j H_j' A_j``.
    squares, (m,): diagonal of W: the columns' sums of squares before the elimination, against which what is
        left is judged.
    weakest: smallest eigenvalue among the directions that were eliminated.
    Raises ValueError if the Schur complement is not finite.
    """
    if not np.isfinite(schur).all():
        raise ValueError("the Schur complement of the cross-products holds NaN or infinity")
    if len(squares) == 0:
        return RestFactor(np.zeros(0, np.int64), np.zeros((0, 0)), True)
    scale = np.sqrt(np.where(squares > 0.0, squares, 1.0))
    # The lower triangle is read; Fortran order spares LAPACK's wrapper another copy.
    scaled = np.asfortranarray(schur / scale[:, None] / scale)
    factor, order, rank, _ = lapack.dpstrf(scaled, tol=_REST_ROUNDING, lower=1, overwrite_a=1)
    pivots = np.diag(factor)[:rank] ** 2
    pivots = pivots[pivots > _REST_ROUNDING]  # LAPACK takes the first one whatever the tolerance
    limit = max(_REST_LIMIT, 16.0 * _EPS / weakest)
    real = int(np.count_nonzero(pivots > limit))
    certain = not np.any(pivots <= _REST_MARGIN * limit)
    order = order.astype(np.int64) - 1
    lower = np.tril(factor[:, :real]) * scale[order][:, None]
    return RestFactor(order, np.ascontiguousarray(lower), certain)
