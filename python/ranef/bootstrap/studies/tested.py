"""What a power study tests: a coefficient, or all of a term."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...design.structure import structure
from ...errors import ArgumentError, quote_list
from ...fit import Fit
from .power_summary import Power


def positions_of(fit: Fit, name: str) -> np.ndarray:
    """Return the places among the fitted coefficients of the one, or of the term, called `name`.

    Raises ArgumentError: there is none.
    """
    kept = fit.model.cross.columns.tolist()
    names = [fit.model.design.column_names[i] for i in kept]
    if name in names:
        return np.array([names.index(name)])
    terms = {term.name: term for term in structure(fit.model.design.spec.fixed).terms if term.variables}
    if name in terms:
        own = range(terms[name].first, terms[name].last)
        return np.array([kept.index(column) for column in own if column in kept])
    more = f", or one of the terms {quote_list(terms)}" if terms else ""
    raise ArgumentError(f"coefficient must be one of {quote_list(names, 30)}{more}; got {name!r}")


def checked_effect(effect: Any, size: int) -> np.ndarray:
    """Return true values of the tested coefficients.

    Raises ArgumentError: they are not finite numbers, one for each.
    """
    what = "a finite number" if size == 1 else f"{size} finite numbers, one for each coefficient of the term"
    try:
        values = np.asarray(effect)
        if values.dtype.kind not in "iuf" or values.size != size or not np.isfinite(values).all():
            raise ValueError
    except ValueError:
        raise ArgumentError(f"effect= must be {what}; got {effect!r}") from None
    return values.astype(float).ravel()


def true_coefficients(
    fit: Any, positions: np.ndarray, effect: Any, params: Mapping[str, float] | None
) -> np.ndarray:
    """Return the fitted coefficients that studies are drawn with: the estimates, but for what is given."""
    truth = np.array(fit.solution["beta"], dtype=float)
    for name, value in (params or {}).items():
        place = positions_of(fit, name)
        truth[place] = checked_effect(value, place.size)
    if effect is not None:
        truth[positions] = checked_effect(effect, positions.size)
    return truth


def power_of_studies(
    coefficient: str, beta: np.ndarray, positions: np.ndarray, rejected: np.ndarray, **of_study: Any
) -> Power:
    """Return the power of studies with coefficients `beta`; `rejected` is NaN for those not fitted."""
    values = tuple(beta[positions].tolist())  # true ones
    fine = ~np.isnan(rejected)
    return Power(
        coefficient=coefficient,
        effect=values[0] if len(values) == 1 else values,
        rejections=int(np.nansum(rejected)),
        n=int(fine.sum()),
        failed=int((~fine).sum()),
        **of_study,
    )
