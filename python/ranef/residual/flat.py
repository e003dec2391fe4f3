"""Parameters of residuals that no response can tell about, found by ranks.

The gradient of the criterion at one point is orthogonal to what no response can tell about, whatever the
response; gradients of as many random responses as there are parameters, and some more, span all the rest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..arrays import FloatArray
from ..model import Model
from ..optimize.flat import Flat
from ..optimize.flat_words import beside_words
from ..theta import covariance_elements, covariance_jacobian, pack
from .cells import Cells

Mask = npt.NDArray[np.bool_]

MORE = 4  # responses than parameters
_MOST = 210  # parameters of the random effects, those of twenty columns
_NULL = 1e-8  # singular value, columns having unit size, that counts as zero
_NOTHING = 1e-5  # size of a column, as a share of the largest, up to which columns keep theirs
_WITHIN = 1e-5  # size of a part of a unit direction that is zero
_STEP = 1e-4


@dataclass(frozen=True, eq=False)
class ResidualFlat:
    """What has no estimate.

    null, (k + 1, m): directions of the residuals' parameters, in units of about a standard error, and log
        sigma along which no response can tell, orthonormal.
    alone, (k + 1, l): those along which no covariance of random effects moves.
    elements: which elements of the covariance matrices of the random effects have none.
    unit, (k,): the units of the residuals' parameters.
    """

    null: FloatArray
    alone: FloatArray
    elements: Mask
    unit: FloatArray

    @property
    def phi(self) -> Mask:
        """Which of the residuals' parameters have no estimate."""
        return moved(self.null[:-1])

    @property
    def sigma(self) -> bool:
        """Whether sigma has none."""
        return bool(moved(self.null)[-1])

    @property
    def shared(self) -> bool:
        """Whether random effects say the same; else fixed effects fit the rows that would tell exactly."""
        return self.alone.shape[1] < self.null.shape[1]

    def stratum_unknown(self, strata: FloatArray) -> Mask:
        """Return of strata, whose log sd is strata @ phi + log sigma, which have no estimate."""
        k = strata.shape[1]
        along = strata @ (self.null[:k] * self.unit[:k, None]) + self.null[-1]
        return moved(along)

    @property
    def frozen(self) -> npt.NDArray[np.intp]:
        """Parameters, one for each direction, that may stand anywhere: the others follow."""
        from scipy.linalg import qr

        return np.sort(qr(self.null[:-1].T, pivoting=True, mode="r")[1][: self.null.shape[1]])


def unit_of(cells: Cells) -> FloatArray:
    """Return about a standard error of each parameter."""
    return 1 / np.sqrt(np.maximum(cells.information(), 1e-300))


def flat_of_gls(model: Any, phi: FloatArray) -> ResidualFlat | None:
    """Return what has no estimate in a model without random effects, near phi."""
    draws = np.random.default_rng(1).normal(size=(phi.size + 1 + MORE, model.nobs))
    rows, unit = [], unit_of(model.sums.cells)
    for y in draws:
        sums = model.with_response(y).sums
        found = sums.solve(phi, 1.0)
        rows.append(np.append(found["gradient"] * unit, 2 * (sums.nu - found["squares"])))
    null = null_space(np.array(rows))
    return ResidualFlat(null, null, np.zeros(0, dtype=bool), unit) if null.size else None


def flat_of_mixed(model: Any, phi: FloatArray) -> ResidualFlat | None:
    """Return what has no estimate in a `ResidualModel`, near phi; None beside very many random effects."""
    if model.n_theta > _MOST:
        return None
    k, user = phi.size, _generic(model)
    first = model.sums()
    problem, unit = first.problem(first.combined(phi)[0]), unit_of(first.cells)
    theta = _core.internal_theta(problem, user)
    rows = []
    for y in np.random.default_rng(1).normal(size=(k + theta.size + MORE, model.nobs)):
        sums = model.sums(y)
        rows.append(np.concatenate([sums.in_phi(phi, user) * unit, sums.inner(phi, theta)[2]]))
    null = null_space(np.array(rows))
    null = null @ np.linalg.svd(null[:k])[2].T[:, : rank(null[:k])]  # those that phi moves
    if not null.size:
        return None
    log_sigma = _log_sigma(lambda z, t: first.inner(phi + z * unit, theta + t)[1], k, null)
    covariances = covariance_jacobian(model.term_widths, theta) @ null[k:]
    covariances += 2 * np.outer(covariance_elements(model.term_widths, theta), log_sigma)
    whole, mix = np.linalg.qr(np.vstack([null[:k], log_sigma]))
    covariances = np.linalg.solve(mix.T, covariances.T).T
    left = np.linalg.svd(covariances)[2][rank(covariances) :].T
    to_internal = _core.covariance_products(problem)["to_internal"]
    sizes = np.linalg.norm(np.linalg.inv(to_internal), axis=1)
    elements = np.linalg.norm(np.linalg.solve(to_internal, covariances), axis=1) > _WITHIN * sizes
    return ResidualFlat(whole, whole @ left, elements, unit)


def with_elements(model: Model, inner: Flat | None, found: ResidualFlat) -> Flat:
    """Return what has no estimate of the random effects, given the residuals' parameters and beside them."""
    size = len(found.elements)
    if inner is None:
        none = np.zeros(size, dtype=bool)
        inner = Flat(np.zeros((size, 0)), np.ones(size), np.eye(size), none, none, ())
    words = beside_words(model, found.elements & ~inner.unknown, found.sigma and not inner.sigma_unknown)
    return replace(
        inner,
        unknown=inner.unknown | found.elements,
        words=(*inner.words, *words),
        sigma_unknown=inner.sigma_unknown or found.sigma,
    )


def null_space(gradients: FloatArray) -> FloatArray:
    """Return what all gradients are orthogonal to, orthonormal, (parameters, m)."""
    size = np.linalg.norm(gradients, axis=0)
    size = np.maximum(size, _NOTHING * size.max())
    _, values, vectors = np.linalg.svd(gradients / size)
    found = vectors[np.count_nonzero(values > _NULL * values[0]) :].T / size[:, None]
    return np.asarray(np.linalg.qr(found)[0])


def moved(directions: FloatArray) -> Mask:
    """Return which parameters directions move, (parameters, m)."""
    return np.asarray(np.linalg.norm(directions, axis=1) > _WITHIN)


def rank(matrix: FloatArray) -> int:
    """Return of how many dimensions directions are."""
    return int(np.count_nonzero(np.linalg.svd(matrix, compute_uv=False) > _WITHIN)) if matrix.size else 0


def _generic(model: Model) -> FloatArray:
    """Return theta of covariances that are nothing special in the core's coordinates."""
    random, factors = np.random.default_rng(2), []
    for index, width in enumerate(model.term_widths):
        inner = np.tril(0.7 * np.eye(width) + 0.2 * random.normal(size=(width, width)))
        upper = np.linalg.qr((model.coordinates.modes_map(index) @ inner).T)[1]
        factors.append(upper.T)
    return pack(factors)


def _log_sigma(squares: Callable[[FloatArray, FloatArray], float], k: int, null: FloatArray) -> FloatArray:
    """Return how log sigma moves along directions of (phi, theta): as the profiled one does."""
    out = []
    for along in _STEP * null.T:
        ahead, behind = (squares(sign * along[:k], sign * along[k:]) for sign in (1.0, -1.0))
        out.append((np.log(ahead) - np.log(behind)) / (4 * _STEP))
    return np.array(out)
