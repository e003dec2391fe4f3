"""Fixed effects of one or several fits with intervals: the forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ArgumentError, require_level
from ..likelihood_fit import LikelihoodFit
from ..report.broom import fixed_columns
from .canvas import (
    GREY,
    SERIES,
    Axes,
    choose_columns,
    interval_words,
    named,
    own_legend,
    panels,
)
from .rows import draw_rows, label_below_rows, name_rows, size_of_rows
from .sources import draws

_WIDTH = 4.8  # inches
_ROWS = 60  # coefficients that can be named on one page


@draws(LikelihoodFit)
def coefficients(
    *fits: LikelihoodFit,
    names: Sequence[str] | None = None,
    terms: Sequence[str] | str | None = None,
    intercept: bool = False,
    level: float = 0.95,
    ddf: str | None = "default",
    ax: Any = None,
) -> Axes:
    """Draw the fixed effects of several fits side by side, with intervals.

    Parameters
    ----------
    *fits : fit
        Up to seven.
    names : sequence of str, optional
        Of the fits; ``(1)``, ``(2)``, ... by default, as in `ranef.modelsummary`.
    terms : str or sequence of str, optional
        Which coefficients, by name; by default all but the intercept.
    intercept : bool
        Draw the intercept as well, which is rarely on the scale of the others.
    level : float
        Coverage of the intervals.
    ddf : str or None
        As in ``fit.coef_table``, whose default is each fit's own.

    Raises
    ------
    ArgumentError
        Without fits or for too many, for an unknown coefficient, and for more than 60 coefficients.

    Examples
    --------
    >>> import ranef
    >>> oats = ranef.datasets.load("Oats")
    >>> fits = [ranef.lmer(f"yield ~ {x} + (1 | Block)", oats) for x in ("nitro", "nitro + Variety")]
    >>> axes = ranef.plots.coefficients(*fits, names=["nitrogen", "and variety"])
    >>> [label.get_text() for label in axes.get_yticklabels()]
    ['nitro', 'Variety[T.Marvellous]', 'Variety[T.Victory]']
    """
    require_level(level)
    if not 1 <= len(fits) <= len(SERIES):
        raise ArgumentError(f"plots.coefficients draws 1 to {len(SERIES)} fits, not {len(fits)}")
    labels = [f"({i + 1})" for i in range(len(fits))] if names is None else [str(name) for name in names]
    if len(set(labels)) != len(fits):
        raise ArgumentError(f"names= must be {len(fits)} different names, one per fit, not {labels}")
    tables = [_table(fit, level, ddf) for fit in fits]
    known = list(dict.fromkeys(term for table in tables for term in table))
    usual = known if intercept or known == ["Intercept"] else [name for name in known if name != "Intercept"]
    chosen = usual if terms is None else choose_columns(known, terms, "terms")
    if len(chosen) > _ROWS:
        raise ArgumentError(f"{len(chosen):,} coefficients cannot be named on one page: choose with terms=")
    step = min(0.22, 0.7 / len(fits))
    names_of_rows = [named(name) for name in chosen]
    size = size_of_rows(names_of_rows, _WIDTH, 0.2 + 0.09 * len(fits), 1.9)
    (axis,) = panels(1, ax, columns=1, size=size, rigid=True)
    axis.axvline(0.0, color=GREY, linewidth=0.8, zorder=0)
    for number, (table, label) in enumerate(zip(tables, labels, strict=True)):
        look = SERIES[number]
        offset = step * (number - (len(fits) - 1) / 2)
        rows = [(place + offset, *table[name]) for place, name in enumerate(chosen) if name in table]
        y, estimate, lower, upper = np.array(rows).reshape(-1, 4).T
        draw_rows(axis, y, estimate, lower, upper, look["color"], look["marker"], label)
    name_rows(axis, names_of_rows)
    responses = list(dict.fromkeys(map(_response, fits)))
    what = f"effect on {responses[0]}" if len(responses) == 1 else "effect"
    label_below_rows(axis, f"{what}, {interval_words(level)}")
    if len(fits) > 1:
        own_legend(axis, ax is None)
    return axis


def _response(fit: Any) -> str:
    """Return what the coefficients add to, in words."""
    family, name = getattr(fit, "family", None), named(fit.model.design.response_name)
    if family is None:
        return name
    return "the log odds" if family.link.name == "logit" else f"the {family.link.name} of the mean of {name}"


def _table(fit: Any, level: float, ddf: str | None) -> dict[str, tuple[float, float, float]]:
    """Coefficient -> estimate and interval; those that were dropped are left out."""
    columns = fixed_columns(fit, level, ddf)
    rows = zip(columns["term"], columns["estimate"], columns["conf_low"], columns["conf_high"], strict=True)
    return {term: (middle, low, high) for term, middle, low, high in rows if np.isfinite(middle)}
