"""An optimum in plain words: what is redundant in a singular fit, and what to do when it did not converge."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..theta import parts
from .optimum import Optimum
from .scaling import row_scales, theta_scale

_NEGLIGIBLE = 1e-6  # a standard deviation, in units of sigma and its column, that is zero but for rounding
_RANK = 1e-10  # eigenvalue of a correlation matrix that counts as zero

# the words on the left are the core's
ENDLESS = "the criterion has no minimum: it falls without end as the residual variance goes to zero"
_REMEDY = {
    "the limit on evaluations was reached": "; give max_evaluations= a larger value",
    ENDLESS: "; the rows do not determine so many variances: use fewer random effects",
    "the model reproduces the response exactly: no residual variance is left": (
        "; use fewer random effects, or check whether the response is computed from a predictor"
    ),
}


def message(optimum: Optimum) -> str:
    """Return one or two sentences on what the optimiser found."""
    limit = (optimum.limit,) if optimum.limit else ()
    flat = optimum.flat.words if optimum.flat else ()
    return "; ".join([_found(optimum), *limit, *_falls(optimum), *flat])


def _falls(optimum: Optimum) -> list[str]:
    if optimum.search is None or not optimum.search.falls or optimum.status == ENDLESS:
        return []
    return [
        f"elsewhere the criterion falls at least {-optimum.search.next:.3g} lower, to no minimum: the rows "
        "do not determine so many variances; use fewer random effects"
    ]


def _found(optimum: Optimum) -> str:
    if not optimum.converged:
        return f"not converged: {_reason(optimum)}"
    criterion = "REML criterion" if optimum.model.reml else "deviance"
    if optimum.limit and not optimum.singular:
        return f"converged: a minimum of the {criterion}"
    if not optimum.singular:
        return f"converged: a minimum of the {criterion} in the interior of the parameter space"
    return ": ".join(["converged to a singular fit", *filter(None, ["; ".join(redundancies(optimum))])])


def as_sentence(words: str) -> str:
    """Return words with a capital and a full stop.

    >>> as_sentence("the variance is zero")
    'The variance is zero.'
    """
    return f"{words[0].upper()}{words[1:]}."


def redundancies(optimum: Optimum) -> list[str]:
    """Say for every singular term what has no variance."""
    model = optimum.model
    factors = model.covariance_factors(optimum.theta)
    sizes = row_scales(model, theta_scale(model))
    found = []
    for multiplier in optimum.boundary:
        term = model.design.terms[multiplier.term]
        unit = factors[multiplier.term] * sizes[multiplier.term][:, None]
        known = ~_unknown(optimum, multiplier.term)
        columns = tuple(name for name, kept in zip(term.columns, known, strict=True) if kept)
        found.append(_redundancy(term.group, columns, unit[known]))
    return [words for words in found if words]


def _unknown(optimum: Optimum, term: int) -> npt.NDArray[np.bool_]:
    """Return which columns of a term have a variance without an estimate, (r,)."""
    _, place, rows, columns = list(parts(optimum.model.term_widths))[term]
    if optimum.flat is None:
        return np.zeros(int(rows.max()) + 1, dtype=bool)
    return optimum.flat.unknown[place][rows == columns]


def _redundancy(group: str, columns: tuple[str, ...], factor: FloatArray) -> str:
    empty = np.abs(factor).max(axis=1) <= _NEGLIGIBLE
    parts = []
    if empty.any():
        names = [_spoken(name) for name, gone in zip(columns, empty, strict=True) if gone]
        parts.append(f"the by-{group} variance of {_listed(names)} is zero")
    rest = [name for name, gone in zip(columns, empty, strict=True) if not gone]
    if len(rest) > 1:
        parts.append(_dependence(group, rest, factor[~empty]))
    return " and ".join(part for part in parts if part)


def _dependence(group: str, names: list[str], factor: FloatArray) -> str:
    unit = factor / np.linalg.norm(factor, axis=1, keepdims=True)
    values, vectors = np.linalg.eigh(unit @ unit.T)
    null = int(np.count_nonzero(values < _RANK * len(names)))
    if null == 0:
        return ""
    involved = [
        name
        for name, weight in zip(names, np.abs(vectors[:, :null]).max(axis=1), strict=True)
        if weight > 1e-4
    ]
    spoken = _listed([_spoken(name) for name in involved])
    if null == len(names) - 1:
        signs = " (correlation -1)" if len(names) == 2 and unit[0] @ unit[1] < 0 else ""
        signs = " (correlation 1)" if len(names) == 2 and not signs else signs
        return f"the by-{group} effects of {spoken} are perfectly correlated{signs}: {_combinations(null)}"
    return f"the by-{group} effects of {spoken} depend on each other: {_combinations(null)}"


def _combinations(null: int) -> str:
    if null == 1:
        return "one combination of them has no variance"
    return f"{null} combinations of them have no variance"


def _spoken(column: str) -> str:
    return "the intercept" if column == "Intercept" else column


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


_OTHER_STARTS = "compare other starts, ranef.allfit(fit)"


def _reason(optimum: Optimum) -> str:
    if any(value < 0 for value in optimum.multipliers.values()) and optimum.status == "ok":
        names = _listed([name for name, value in optimum.multipliers.items() if value < 0])
        return f"the criterion still falls when the variance of {names} leaves zero; {_OTHER_STARTS}"
    if optimum.status != "ok":
        return optimum.status + _REMEDY.get(optimum.status, "")
    if optimum.min_eigenvalue < 0:
        return f"the point found is a saddle, not a minimum; {_OTHER_STARTS}"
    return (
        f"the gradient is not zero (norm {optimum.gradient_norm:.1e}): "
        "give tolerance= a smaller or max_evaluations= a larger value, or use optimizer='newton'"
    )
