"""A changed model fitted to data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError
from ..formula.updating import updated_formula
from .fit import GlmerFit
from .fitting import glmer


def update(fit: GlmerFit, formula: str | None = None, data: Any = None, **changes: Any) -> GlmerFit:
    """Fit a changed model to data.

    Parameters
    ----------
    fit : GlmerFit
    formula : str, optional
        A dot is what stood there: ``". ~ . - x"``, ``". ~ . - (1 | g) + (x | g)"``.
    data : table, optional
        By default the one the model was made from, if it is still there.
    **changes
        As of `ranef.glmer`; family, link, agq, and weights and offset given as columns stay without them.
        ``zero=None`` or ``dispersion=None`` leaves that part out.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.update(". ~ . - period", data).formula
    'cbind(incidence, size - incidence) ~ period + (1 | herd) - period'
    """
    model = fit.model
    trials = model.family.kind.trials and len(model.formula.responses) < 2
    weighted = model.sums.weights is not None or (trials and float(model.sums.trials.max()) > 1)
    data = data_again(model, data, weighted, changes)
    settings = {
        "family": model.family.name,
        "link": None if "family" in changes else model.family.link.name,
        "weights": model.weights_argument,
        "offset": model.offset_argument,
        "agq": model.agq,
        "information": model.information,
        "prior": model.prior,
    }
    if model.second is not None:
        settings[model.second.argument] = model.second.text
    text = fit.formula if formula is None else updated_formula(fit.formula, formula)
    return glmer(text, data, **(settings | changes))


def data_again(model: Any, data: Any, weighted: bool, changes: Mapping[str, Any]) -> Any:
    """Return the table to fit a changed model to: the one given, or that the model was made from.

    Raises ArgumentError where that one is gone; for weights or an offset that were arrays, and are not given
        again.
    """
    if data is None:
        data = model.source
    if data is None:
        raise ArgumentError("update needs data=: a fit keeps no table, and the one it was made from is gone")
    given = {
        "weights": weighted and model.weights_argument is None,
        "offset": model.design.offset is not None
        and model.offset_argument is None
        and "offset(" not in model.formula.text,
    }
    for name, lost in given.items():
        if lost and name not in changes:
            raise ArgumentError(f"{name} were given as an array, which a fit does not keep: give {name}=")
    return data
