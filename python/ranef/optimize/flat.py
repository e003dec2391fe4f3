"""Covariance parameters that no response can tell about: found by ranks, whatever the response.

With P the projection that removes the fixed effects (REML; by maximum likelihood there is none), the
criterion knows the covariance matrix of the response V = sigma^2 (W^-1 + sum_k d_k G_k) only by P V P. A
direction of d with sum_k d_k P G_k P = 0, or a multiple of P itself, is flat: at every theta and for every
response. They are the null space of the matrix of tr(P G_k P G_l), with a border for the residual.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..model import Model
from ..theta import covariance_elements, covariance_jacobian, pack, parts, unpack_symmetric
from .flat_words import flat_words

Mask = npt.NDArray[np.bool_]

_NULL = 1e-10  # eigenvalue, scaled to a unit diagonal, that counts as zero
_WITHIN = 1e-5  # distance of a unit direction from the flat ones within which it is one of them
_RANK = 1e-9
_DRAWS, _GROWN = 4, 1e-6  # covariances that other terms have to take up; what counts as shrinking


@dataclass(frozen=True, eq=False)
class Flat:
    """What has no estimate in a model.

    Attributes
    ----------
    directions : (k, n_flat) float64
        Flat directions of the unique elements of D, in the core's coordinates over `scale`, orthonormal.
    scale : (k,) float64
        Size of each element's effect on the response's covariance, inverted.
    to_internal : (k, k) float64
        The linear map to those elements from the user's.
    held : (k,) bool
        Theta (in the core's coordinates) that can be zero without loss: the others reach every covariance
        matrix of the response that all of them reach.
    unknown : (k,) bool
        Elements of D, on the user's scale, that have no estimate.
    words : tuple of str
        One sentence per term.
    residual : (k,) float64 or None
        Elements of D, in the core's coordinates, that make a residual variance of one, where some do.
    sigma_unknown : bool
        Whether these cannot be left out, so that the residual variance has no estimate either.
    bordered : (k + 1, n_flat) float64
        Flat directions of those elements over `scale` and, last, of the residual variance times the square
        root of its degrees of freedom, orthonormal.
    """

    directions: FloatArray
    scale: FloatArray
    to_internal: FloatArray
    held: Mask
    unknown: Mask
    words: tuple[str, ...]
    residual: FloatArray | None = None
    bordered: FloatArray | None = None
    sigma_unknown: bool = False

    def without_residual(self, elements: FloatArray, widths: Sequence[int]) -> FloatArray:
        """Return elements of D (the core's) relative to a residual that has taken up what is a part of it."""
        if self.residual is None:
            return elements
        of = np.abs(self.residual) > _WITHIN * np.abs(self.residual).max()
        if self.held[of].all():
            share = float(elements[of] @ self.residual[of] / (self.residual[of] @ self.residual[of]))
        elif self.sigma_unknown:
            share = self._most(elements, widths)
        else:
            return elements
        return np.asarray((elements - share * self.residual) / (1 + share))

    def _most(self, elements: FloatArray, widths: Sequence[int]) -> float:
        """Return how much of `residual` can be taken from elements of D, which stay covariances."""
        assert self.residual is not None
        most = np.inf
        for own, part in zip(
            unpack_symmetric(elements, widths), unpack_symmetric(self.residual, widths), strict=True
        ):
            values, vectors = np.linalg.eigh(own)
            if not part.any():
                continue
            if values[0] <= 0.0:
                return 0.0
            root = vectors / np.sqrt(values)
            largest = float(np.linalg.eigvalsh(root.T @ part @ root)[-1])
            most = min(most, 1 / largest) if largest > 0 else most
        return most if np.isfinite(most) else 0.0

    def seen(self, elements: FloatArray) -> FloatArray:
        """Return what the criterion sees of elements of D (of each column) in the core's coordinates."""
        scaled = (elements.T / self.scale).T
        return scaled - self.directions @ (self.directions.T @ scaled)


def find_flat(model: Model) -> Flat | None:
    """Return what has no estimate in a model, None where everything has one."""
    found = model.covariance_products
    if found is None:  # weights so uneven tell nothing of ranks
        return None
    size = found["square"]
    size = np.sqrt(np.where(size > _NULL * size.max(initial=0.0), size, 1.0))
    border = found["trace"] / size / np.sqrt(float(model.df_sigma))
    if model.absolute_theta:  # no residual variance that one of them could be a part of
        border = np.zeros_like(border)
    gram = np.block(
        [
            [found["product"] / np.outer(size, size), border[:, None]],
            [border[None, :], np.ones((1, 1))],
        ]
    )
    values, vectors = np.linalg.eigh(gram)
    null = vectors[:, values < _NULL * values[-1]]
    if null.size == 0:
        return None
    unseen = np.sqrt(found["square"]) <= np.sqrt(_NULL) * size
    return _described(model, null, 1 / size, found["to_internal"], unseen)


def _described(
    model: Model, null: FloatArray, scale: FloatArray, to_internal: FloatArray, unseen: Mask
) -> Flat:
    none, share, residual = np.zeros(len(scale), dtype=bool), null[-1], None
    if share @ share > _WITHIN**2:
        residual = -np.sqrt(float(model.df_sigma)) * (null[:-1] @ share) / (share @ share) * scale
    flat = Flat(np.linalg.qr(null[:-1])[0], scale, to_internal, none, none, (), residual, null)
    alone = _alone(flat)
    held = _held(model, flat, alone)
    unknown, sigma = _unknown(model, flat, held, alone)
    if sigma:  # which can take up a part of D only; what is held leaves it out
        pure = null[:-1] @ np.linalg.svd(share[None, :])[2][1:].T
        flat = replace(flat, directions=np.linalg.qr(pure)[0], sigma_unknown=True)
        held = _held(model, flat, _alone(flat))
        unknown = _unknown(model, flat, held, _alone(flat))[0]
    words = tuple(flat_words(model, held, alone, unknown, unseen, sigma))
    return replace(flat, held=held, unknown=unknown, words=words)


def _alone(flat: Flat) -> Mask:
    """Return the elements that are flat by themselves."""
    return np.asarray(np.linalg.norm(flat.directions, axis=1) > 1 - _WITHIN)


def _held(model: Model, flat: Flat, alone: Mask) -> Mask:
    """Return theta that can be zero: columns without effect, superfluous terms, correlations, the rest."""
    whole = len(alone) - flat.directions.shape[1]

    def suffices(held: Mask) -> bool:
        return _rank(model, flat, held) == whole

    held = alone | _beside(model, alone)
    if not suffices(held):
        held[:] = False
    kept = np.zeros(len(held), dtype=bool)  # whole terms that the others cannot stand for
    blocks = sorted(enumerate(parts(model.term_widths)), key=lambda part: (part[1][0], -part[0]))
    for _, (width, place, _, _) in blocks:
        if (~held).sum() > whole and not held[place].all():
            if not _gives_way(model, flat, held, place):
                kept[place] = width == 1
                continue
            without = held.copy()
            without[place] = True
            held = without if suffices(without) else held
    for index in reversed(range(len(held))):
        if (~held).sum() > whole and not held[index] and not kept[index]:
            without = held.copy()
            without[index] = True
            held = without if suffices(without) else held
    return held


def _beside(model: Model, which: Mask) -> Mask:
    """Return the elements of D in the rows and columns of variances that are among `which`."""
    out = np.zeros(len(which), dtype=bool)
    for _, place, rows, columns in parts(model.term_widths):
        dead = rows[(rows == columns) & which[place]]
        out[place] = np.isin(rows, dead) | np.isin(columns, dead)
    return out


def _gives_way(model: Model, flat: Flat, held: Mask, place: slice) -> bool:
    """Whether the other terms, and the residual, can take up whatever covariances a term has.

    Their own grow then: where they would have to shrink below zero, the term says more than they can.
    """
    assert flat.bordered is not None
    moves = (flat.bordered[:-1].T * flat.scale).T
    fixed = held.copy()
    fixed[place] = True
    widths, draws = model.term_widths, np.random.default_rng(1)
    for _ in range(_DRAWS):
        root = pack([np.tril(draws.normal(size=(width, width))) for width in widths]) * np.sqrt(flat.scale)
        wanted = np.zeros(len(held))
        wanted[place] = -covariance_elements(widths, root)[place]
        along = np.linalg.lstsq(moves[fixed] / flat.scale[fixed, None], wanted[fixed] / flat.scale[fixed])[0]
        grown = moves @ along
        grown[fixed] = 0.0
        size = float(np.abs(along).max(initial=0.0))
        if flat.bordered[-1] @ along < -_GROWN * size:
            return False
        if any(np.linalg.eigvalsh(one)[0] < -_GROWN * size for one in unpack_symmetric(grown, widths)):
            return False
    return True


def _rank(model: Model, flat: Flat, held: Mask) -> int:
    """Return how many directions of D the other theta reach that the criterion sees."""
    theta = np.where(held, 0.0, np.random.default_rng(1).normal(size=len(held))) * np.sqrt(flat.scale)
    seen = flat.seen(covariance_jacobian(model.term_widths, theta))[:, ~held]
    if seen.size == 0:
        return 0
    sizes = np.linalg.norm(seen, axis=0)
    values = np.linalg.svd(seen / np.where(sizes > 0, sizes, 1.0), compute_uv=False)
    return int(np.count_nonzero(values > np.sqrt(_RANK) * max(values[0], 1e-300)))


def _unknown(model: Model, flat: Flat, held: Mask, alone: Mask) -> tuple[Mask, bool]:
    """Return elements of the user's D that vary along a flat direction, and whether sigma does.

    What is held for good is out.
    """
    assert flat.bordered is not None
    given = alone & held
    given |= _beside(model, given)
    for _, place, _, _ in parts(model.term_widths):
        if held[place].all():
            given[place] = True
    elements, share = (flat.bordered[:-1].T * flat.scale).T, flat.bordered[-1]
    moved = elements[given] / flat.scale[given, None]
    if moved.size:  # the flat directions that leave these elements alone
        _, values, vectors = np.linalg.svd(moved, full_matrices=True)
        left = vectors[np.count_nonzero(values > _WITHIN) :].T
        elements, share = elements @ left, share @ left
    if elements.size:
        user = np.linalg.solve(flat.to_internal, elements)
        sizes = np.linalg.solve(flat.to_internal, np.diag(flat.scale))
        given |= np.linalg.norm(user, axis=1) > _WITHIN * np.linalg.norm(sizes, axis=1)
    return given, bool(np.linalg.norm(share) > _WITHIN)
