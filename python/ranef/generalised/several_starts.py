"""Several searches where the criterion may have several minima: the lowest end counts.

Where the square root link makes the mean the same on both sides of zero, or where a small model ends with a
singular covariance matrix or with a variance that the criterion hardly tells from others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from ..arrays import FloatArray
from ..optimize.optimum import Search
from ..theta import pack, unpack
from .model import GlmerModel

_SCALES = (0.2, 3.0)  # of the standard deviations found
_LARGE, _CORRELATED = 2.0, 0.9  # standard deviations, on the scale of the link, and their correlations
_SIGNS = ((-1, 1, -1), (1, 1, 1), (1, -1, 1), (-1, -1, -1))  # of correlations with the first column
_DRAWN, _MANY = 10, 40  # random starts, the latter with a square root link
_SMALLEST, _LARGEST = 0.05, 10.0  # standard deviations of these
_SAME = 1e-6  # of -2 log L: ends no further apart are one
_CURVED = 12.0  # second derivative by relative changes of a row of Lambda, as for linear models
_FEW_CELLS = 200  # beyond, fourteen searches take long: grouseticks' 403 rows 79 ms for 7


def lowest(
    model: GlmerModel, found: dict[str, Any], tolerance: float, max_evaluations: int
) -> dict[str, Any]:
    """Return what was found, or what a search from elsewhere found below it, with the count of ends.

    Each search is one to its end: the mode moves along with it, and from elsewhere may be another one.
    """
    if "internal" not in found or not _may_have_others(model, found):
        return found
    ends = [found]
    for start in _starts(model, np.array(found["internal"], dtype=float)):
        try:
            ends.append(_end(model, start, ends, tolerance, max_evaluations))
        except RuntimeError:  # no start there
            continue
    good = [end for end in ends if end["converged"]] or ends[:1]
    best = min(good, key=lambda end: end["value"])
    gain = tolerance if found["converged"] else -_SAME  # a minimum counts for more than a point that is none
    best = best if best["value"] < found["value"] - gain else found
    above = [end["value"] - best["value"] for end in good]
    search = Search(
        starts=len(ends),
        agreed=sum(gap <= _SAME for gap in above),
        scans=0,
        evaluations=sum(end["evaluations"] for end in ends) - best["evaluations"],
        next=min((gap for gap in above if gap > _SAME), default=np.inf),
    )
    return best | {"search": search}


def _end(
    model: GlmerModel, start: FloatArray, known: list[dict[str, Any]], tolerance: float, max_evaluations: int
) -> dict[str, Any]:
    """Return where a search from a start ends; one that comes to a known end needs no certificate.

    With a square root link every search is one to its certificate: others from the same start end elsewhere.
    """
    if _two_sided(model):
        return dict(model.core.fit(start, tolerance, max_evaluations))
    rough = model.core.fit(start, tolerance, max_evaluations, certify=False)
    for end in known:
        if end["converged"] and abs(rough["value"] - end["value"]) <= _SAME:
            return end | {"evaluations": rough["evaluations"]}
    exact: dict[str, Any] = model.core.fit(start, tolerance, max_evaluations)
    return exact | {"evaluations": exact["evaluations"] + rough["evaluations"]}


def _may_have_others(model: GlmerModel, found: dict[str, Any]) -> bool:
    if _two_sided(model):
        return True
    if model.n_cells > _FEW_CELLS or not found["converged"]:
        return False
    return bool(found["singular"]) or not _curved(model, found)


def _two_sided(model: GlmerModel) -> bool:
    return bool(model.family.link.name == "sqrt")


def _curved(model: GlmerModel, found: dict[str, Any]) -> bool:
    """Whether the criterion is curved along every standard deviation, other parameters following."""
    k, hessian = model.n_theta, np.asarray(found["hessian"])
    try:
        following = np.linalg.solve(hessian[k:, k:], hessian[k:, :k])
    except np.linalg.LinAlgError:
        return False
    sizes = _sizes(np.asarray(found["internal"])[:k], model.term_widths)
    relative = sizes[:, None] * (hessian[:k, :k] - hessian[:k, k:] @ following) * sizes
    return bool(np.linalg.eigvalsh(relative)[0] > _CURVED)


def _sizes(theta: FloatArray, widths: Sequence[int]) -> FloatArray:
    """Return for each element of theta the standard deviation that its row of Lambda makes."""
    if max(widths) == 1:
        return np.abs(theta)
    norms = [np.linalg.norm(factor, axis=1) for factor in unpack(theta, widths)]
    return pack([np.tile(norm[:, None], norm.size) for norm in norms])


def _starts(model: GlmerModel, at: FloatArray) -> Iterator[FloatArray]:
    """Yield starts: what was found in other sizes, large variances, random ones, always the same."""
    for times in _SCALES:
        yield np.concatenate([at[: model.n_theta] * times, at[model.n_theta :]])
    rest, widths = model.start()[model.n_theta :], model.term_widths
    for signs in _SIGNS[: max(widths)] if max(widths) < 3 else _SIGNS:
        yield np.concatenate([pack([_large(signs, width) for width in widths]), rest])
    random = np.random.default_rng(1)
    for _ in range(_MANY if _two_sided(model) else _DRAWN):
        yield np.concatenate([pack([_drawn(random, width) for width in widths]), rest])


def _large(signs: tuple[int, ...], width: int) -> FloatArray:
    factor = np.eye(width) * np.sqrt(1 - _CORRELATED**2)
    factor[:, 0] = _CORRELATED * np.resize(signs, width)
    factor[0, 0] = 1.0
    return _LARGE * factor


def _drawn(random: np.random.Generator, width: int) -> FloatArray:
    rows = np.tril(random.normal(size=(width, width)))
    rows *= np.where(np.diag(rows) < 0, -1.0, 1.0)
    sizes = np.exp(random.uniform(np.log(_SMALLEST), np.log(_LARGEST), width))
    return np.asarray(rows * (sizes / np.linalg.norm(rows, axis=1))[:, None])
