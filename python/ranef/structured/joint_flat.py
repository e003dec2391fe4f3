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
from ..optimize.flat import Flat
from ..residual.flat import MORE, ResidualFlat, null_space, rank, unit_of
from ..residual.noise import Noise
from ..residual.optimum import reach
from ..residual.sums import ResidualSums
from .psi_flat import PsiFlat, named_flat


@dataclass(frozen=True, eq=False)
class JointFlat:
    """What has no estimate: of the residuals' parameters, and of the structures; None where all has one."""

    residual: ResidualFlat | None
    structures: PsiFlat | None


def find_joint_flat(model: Model, noise: Noise, structured: Any) -> JointFlat | None:
    """Return what has no estimate, None where everything has one."""
    k, random = noise.size, np.random.default_rng(1)
    start = structured.inside(structured.starts([None] * len(structured.maps))[0], 0.3)
    psi = start + 0.2 * random.normal(size=start.size)
    try:
        rows, unit = _gradients(model, noise, structured, psi, random)
    except RuntimeError:  # columns so far from zero that no generic covariance can be factored
        return None
    null = null_space(rows)
    if not null.size:
        return None
    structures = _of_structures(model, structured, psi, null[k:])
    by_phi = null @ np.linalg.svd(null[:k])[2].T[:, : rank(null[:k])]
    if not by_phi.size:
        return JointFlat(None, structures)
    whole = np.linalg.qr(by_phi[[*range(k), -1]])[0]
    alone = whole if structures is None else whole[:, :0]
    return JointFlat(ResidualFlat(whole, alone, np.zeros(0, dtype=bool), unit), structures)


def _gradients(
    model: Model, noise: Noise, structured: Any, psi: FloatArray, random: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return gradients of random responses in (phi, psi, log sigma), one a row, and the units of phi."""
    theta, moves = structured.theta(psi), structured.jacobian(psi)
    drawn = random.normal(size=(noise.size + psi.size + 1 + MORE, model.nobs))
    phi, unit, rows = None, np.ones(0), []
    for y in drawn:
        sums = ResidualSums(model, noise, model.response_of(y), y)
        if phi is None:
            phi, unit = random.normal(size=noise.size) * 0.03 * reach(sums.cells), unit_of(sums.cells)
        _, in_phi, in_theta, in_sigma = sums.held(phi, theta, 1.0)
        rows.append(np.concatenate([in_phi * unit, moves.T @ in_theta, [in_sigma]]))
    return np.array(rows), unit


def _of_structures(model: Model, structured: Any, psi: FloatArray, null: FloatArray) -> PsiFlat | None:
    """Return which standard deviations and correlations move along directions of (psi, log sigma)."""
    elements, none = model.n_theta, np.zeros(psi.size, dtype=bool)
    held = np.zeros(elements, dtype=bool)
    plain = Flat(np.zeros((elements, 0)), np.ones(elements), np.eye(elements), held, held, ())
    return named_flat(model, structured, psi, null, plain, none)
