"""Parameters of structures that no response can tell about, found by ranks (`ranef.optimize.flat`).

The covariance matrix of the response moves with the elements of D, and these with psi: a direction of psi
along which D moves only as the criterion does not see is flat. Where a part of D can pass for the residual
variance, D itself is such a direction: both together may be larger, sigma smaller.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..model import Model
from ..optimize.flat import Flat, find_flat
from ..optimize.flat_words import SIGMA_UNKNOWN
from ..theta import covariance_elements, covariance_jacobian

Mask = npt.NDArray[np.bool_]

_NULL = 1e-6  # singular value, columns having unit size, that counts as zero
_WITHIN = 1e-5
_MOST = 210  # elements of D, those of twenty columns


@dataclass(frozen=True, eq=False)
class PsiFlat(Flat):
    """What has no estimate in a model with structured terms: a `Flat` of which psi is known too."""

    # (k,): parameters that are flat by themselves
    psi_held: Mask = None  # type: ignore[assignment]
    # (k,): all that have no estimate
    psi_unknown: Mask = None  # type: ignore[assignment]


def find_psi_flat(model: Model, structured: Any) -> PsiFlat | None:
    """Return what has no estimate, None where everything has one, or D has too many elements to ask."""
    flat = find_flat(model) if model.n_theta <= _MOST else None
    if flat is None:
        return None
    start = structured.inside(structured.starts([None] * len(structured.maps))[0], 0.3)
    generic = start + 0.2 * np.random.default_rng(1).normal(size=start.size)
    null = _null(model, structured, flat, generic)
    if not null.size:
        return None
    held = np.linalg.norm(null[:-1], axis=1) > 1 - _WITHIN
    return named_flat(model, structured, generic, null, flat, held)


def named_flat(
    model: Model, structured: Any, psi: FloatArray, null: FloatArray, flat: Flat, held: Mask
) -> PsiFlat | None:
    """Return what moves along flat directions of (psi, log sigma), None where nothing of a term does."""
    unknown = _moved_parameters(structured, psi, null)
    if not unknown.any():
        return None
    theta = structured.theta(psi)
    slopes = covariance_jacobian(model.term_widths, theta) @ structured.jacobian(psi)
    moves = np.column_stack([slopes, 2 * covariance_elements(model.term_widths, theta)])
    gone = np.linalg.norm(moves @ null, axis=1) > _WITHIN * np.linalg.norm(moves, axis=1)
    sigma = bool(np.linalg.norm(null[-1]) > _WITHIN)
    words = (*words_of(model, structured, psi, held, unknown), *([SIGMA_UNKNOWN] if sigma else []))
    named = replace(flat, unknown=gone, words=words, sigma_unknown=sigma)
    return PsiFlat(**vars(named), psi_held=held, psi_unknown=unknown)


def _moved_parameters(structured: Any, psi: FloatArray, null: FloatArray) -> Mask:
    """Return psi whose standard deviation or correlation moves along directions of (psi, log sigma)."""
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
    return unknown


def _moved(model: Model, structured: Any, flat: Flat, psi: FloatArray) -> FloatArray:
    """Return how elements of D, in the core's coordinates, move with psi, (elements, k)."""
    slopes = covariance_jacobian(model.term_widths, structured.theta(psi)) @ structured.jacobian(psi)
    return np.asarray(flat.to_internal @ slopes)


def _null(model: Model, structured: Any, flat: Flat, psi: FloatArray) -> FloatArray:
    """Return the directions of (psi, log sigma) that the criterion does not see, orthonormal, (k + 1, m)."""
    last, null = np.sqrt(float(model.df_sigma)), flat.bordered
    assert null is not None
    moved = _moved(model, structured, flat, psi).T / flat.scale
    size = np.linalg.norm(moved, axis=1)
    here = flat.to_internal @ covariance_elements(model.term_widths, structured.theta(psi)) / flat.scale
    columns = np.zeros((len(here) + 1, psi.size + 1))
    columns[:-1, :-1], columns[:, -1] = (moved / size[:, None]).T, np.append(here, last)
    columns[:, -1] *= 2.0
    size = np.append(size, np.linalg.norm(columns[:, -1]))
    columns[:, -1] /= size[-1]
    seen = columns - null @ (null.T @ columns)
    _, values, vectors = np.linalg.svd(seen)
    rank = int(np.count_nonzero(values > _NULL))
    return np.asarray(np.linalg.qr(vectors[rank:].T / size[:, None])[0])


def words_of(model: Model, structured: Any, psi: FloatArray, held: Mask, unknown: Mask) -> list[str]:
    """Say of every term which of its parameters have no estimate, and why."""
    out, at = [], 0
    for label, one, part in zip(model.term_labels, structured.maps, structured.parts(psi), strict=True):
        place = slice(at, at + one.size)
        at += one.size
        own = [(name, np.flatnonzero(slope)) for name, _, slope in one.natural(part, 1.0)]
        names = [name for name, used in own if unknown[place][used].any()]
        if not names:
            continue
        have = "has no estimate" if len(names) == 1 else "have no estimates"
        why = "no row depends on it" if len(names) == 1 else "no row depends on them"
        if not held[place][unknown[place]].all():
            have += " of its own" if len(names) == 1 else " of their own"
            why = "other variances, or the residual one, say the same"
        out.append(f"the {' and '.join(names)} of the structured effects by {label} {have}: {why}")
    return out
