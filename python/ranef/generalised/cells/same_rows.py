"""Whether fits are of the same rows where one has cells in place of them."""

from __future__ import annotations

import numpy as np

from ... import _core
from ...arrays import FloatArray
from ..fit import GlmerFit
from .adding import BY_VALUE

_SAME = 1e-9  # relative, of totals that are added up in other orders


def in_common(fit: GlmerFit, other: GlmerFit) -> list[tuple[str, bool]]:
    """Return whether responses, weights and offsets are the same as far as totals over the rows tell.

    Cells are those of a formula: two models of the same rows have others, whose totals are the same.
    """
    alike = fit.family.name == other.family.name
    one, two = _totals(fit, alike), _totals(other, alike)
    same = [bool(np.allclose(a, b, rtol=_SAME, atol=_SAME)) for a, b in zip(one, two, strict=True)]
    return list(zip(("weights or trials", "responses", "offsets"), same, strict=True))


def _totals(fit: GlmerFit, alike: bool) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return totals of weights, of what the likelihood has of the response, of the offset."""
    response, family, offset = fit.response, fit.family, fit.model.design.offset
    if response.kept is None:
        *kept, constants = _core.kept_rows(family.name, *response.arrays)
        constant = float(constants.sum())
    else:
        kept, constant = list(response.kept), response.constant
    count, first, second = (np.asarray(column) for column in kept)
    trials = response.trials if family.name == "betabinomial" else 1.0  # a binomial's count is of trials
    sums = [(count * trials) @ response.y]
    if alike:  # other families have other sums
        by_value = count if family.name in BY_VALUE else np.ones_like(count)
        sums += [by_value @ first, by_value @ second, constant]
    of_response = np.array(sums)
    of_offset = np.zeros(1) if offset is None else np.array([count @ offset])
    return np.array([(count * trials).sum()]), of_response, of_offset
