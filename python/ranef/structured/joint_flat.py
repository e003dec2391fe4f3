"""What has no estimate where terms with structures stand beside residuals with parameters of their own.

With sigma held, the criterion's gradient in (phi, psi, log sigma) at one point is orthogonal to what no
response can tell about, whatever the response; gradients of as many random responses as there are
parameters, and some more, span all the rest. A diagonal term of a factor that `dispersion=` names too,
one row a cell, is such a case: a variance and the residual's are one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..model import Model
from ..optimize.flat import covariance_elements, jacobian
from ..residual.noise import Noise
from ..residual.optimum import reach
from ..residual.sums import ResidualSums
from .psi_flat import Mask, PsiFlat, words_of

_MORE = 4  # responses than parameters
_NULL = 1e-8  # singular value, columns having unit size, that counts as zero
_NOTHING = 1e-10  # size of a column, as a share of the largest, that is zero
_WITHIN = 1e-5


@dataclass(frozen=True, eq=False)
class JointFlat:
    """What has no estimate.

    Attributes
    ----------
    phi : (k,) bool
        Parameters of the residuals.
    sigma : bool
    structures : PsiFlat or None
        What of the structures.
    """

    phi: Mask
    sigma: bool
    structures: PsiFlat | None


def find_joint_flat(model: Model, noise: Noise, structured: Any) -> JointFlat | None:
    """Return what has no estimate, None where everything has one."""
    k, random = noise.size, np.random.default_rng(1)
    start = structured.inside(structured.starts([None] * len(structured.maps))[0], 0.3)
    psi = start + 0.2 * random.normal(size=start.size)
    null = _null(_gradients(model, noise, structured, psi, random))
    if not null.size:
        return None
    sizes = np.linalg.norm(null, axis=1)
    return JointFlat(
        sizes[:k] > _WITHIN,
        bool(sizes[-1] > _WITHIN),
        _of_structures(model, structured, psi, null[k:]),
    )


def _gradients(
    model: Model, noise: Noise, structured: Any, psi: FloatArray, random: np.random.Generator
) -> FloatArray:
    """Return the gradients of random responses in (phi, psi, log sigma) at one point, a row for each."""
    theta, moves = structured.theta(psi), structured.jacobian(psi)
    drawn = random.normal(size=(noise.size + psi.size + 1 + _MORE, model.nobs))
    phi, rows = None, []
    for y in drawn:
        sums = ResidualSums(model, noise, model.response_of(y), y)
        phi = random.normal(size=noise.size) * 0.03 * reach(sums.cells) if phi is None else phi
        _, in_phi, in_theta, in_sigma = sums.held(phi, theta, 1.0)
        rows.append(np.concatenate([in_phi, moves.T @ in_theta, [in_sigma]]))
    return np.array(rows)


def _null(gradients: FloatArray) -> FloatArray:
    """Return what all gradients are orthogonal to, orthonormal, (parameters, m)."""
    size = np.linalg.norm(gradients, axis=0)
    size = np.maximum(size, _NOTHING * size.max())
    _, values, vectors = np.linalg.svd(gradients / size)
    found = vectors[np.count_nonzero(values > _NULL * values[0]) :].T / size[:, None]
    return np.asarray(np.linalg.qr(found)[0])


def _of_structures(model: Model, structured: Any, psi: FloatArray, null: FloatArray) -> PsiFlat | None:
    """Return which standard deviations and correlations move along directions of (psi, log sigma)."""
    unknown, at = np.zeros(psi.size, dtype=bool), 0
    for one, part in zip(structured.maps, structured.parts(psi), strict=True):
        for (_, value, slope), (_, doubled, _) in zip(
            one.natural(part, 1.0), one.natural(part, 2.0), strict=True
        ):
            slopes = np.zeros(len(null))
            slopes[at : at + one.size], slopes[-1] = slope, doubled - value
            if np.linalg.norm(slopes @ null) > _WITHIN * np.linalg.norm(slopes):
                unknown[at : at + one.size] |= np.asarray(slope) != 0
        at += one.size
    if not unknown.any():
        return None
    theta = structured.theta(psi)
    moves = np.column_stack(
        [jacobian(model, theta) @ structured.jacobian(psi), 2 * covariance_elements(model, theta)]
    )
    gone = np.linalg.norm(moves @ null, axis=1) > _WITHIN * np.linalg.norm(moves, axis=1)
    none, elements = np.zeros(psi.size, dtype=bool), len(gone)
    words = tuple(words_of(model, structured, psi, none, unknown))
    nothing, one_each = np.zeros((elements, 0)), np.ones(elements)
    held = np.zeros(elements, dtype=bool)
    return PsiFlat(
        nothing, one_each, np.eye(elements), held, gone, words, psi_held=none, psi_unknown=unknown
    )
