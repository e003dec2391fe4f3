"""Power over effect sizes and sizes of study."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from tqdm.auto import tqdm

from ...errors import ArgumentError
from ...fit import Fit
from ...frame.native import as_it_came
from ...guidance.arguments import guided
from ..schemes.group_products import chosen_factor
from .power import STUDIES, power
from .power_summary import Power, half_width


@guided()
@as_it_came
def power_curve(
    fit: Fit,
    coefficient: str,
    *,
    effects: float | Iterable[float] | None = None,
    groups: int | Iterable[int] | None = None,
    per_group: int | Iterable[int] | None = None,
    progress: bool = True,
    **options: Any,
) -> pd.DataFrame:
    """The power over effect sizes, numbers of groups, rows per group, or their grid if several are given.

    All points use the same seed, so that the curve is smooth.

    Parameters
    ----------
    fit, coefficient, **options
        As in `power`; ``n`` and ``precision`` are per point.
    effects, groups, per_group : iterable or number, optional
        The values to go through. A number holds for every point, as ``effect=`` does.
    progress : bool

    Returns
    -------
    DataFrame
        One row per point: ``effect``, ``groups``, ``per_group``, ``nobs``, ``power``, ``lower``, ``upper``
        (95 % Monte Carlo interval), ``n``, ``failed``; ``attrs["coefficient"]``. Ctrl-C ends the curve at
        the point it came in, which has the studies done so far.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> curve = ranef.power_curve(fit, "Days", effects=[0, 6], n=200, seed=1, progress=False)
    >>> curve["power"].round(0).tolist()
    [0.0, 1.0]
    """
    if "effect" in options:
        if effects is not None:
            raise ArgumentError("give effects= (to go through) or effect= (for all points), not both")
        effects = options.pop("effect")
    if effects is None and groups is None and per_group is None:
        raise ArgumentError("power_curve needs effects=, groups= or per_group=: the values to go through")
    if options.get("seed") is None:
        options["seed"] = int(np.random.SeedSequence().generate_state(1)[0])
    points = [
        (effect, size, rows)
        for effect in _points(effects)
        for size in _points(groups)
        for rows in _points(per_group)
    ]
    rows: list[dict[str, Any]] = []
    for effect, size, per in tqdm(points, desc="power curve", unit=" points", disable=not progress):
        sizes = {"groups": size, "per_group": per, "progress": False}
        try:
            found = power(fit, coefficient, effect, **sizes, **options)
        except KeyboardInterrupt:
            if not rows:
                raise
            break
        lower, upper = found.conf_int()
        count = _group_count(fit, found, options.get("group"))
        rows.append(
            {
                "effect": found.effect,
                "groups": count,
                "per_group": found.nobs / count if per is None else per,
                "nobs": found.nobs,
                "power": found.power,
                "lower": lower,
                "upper": upper,
                "n": found.n,
                "failed": found.failed,
            }
        )
        if _cut_short(found, options.get("n", STUDIES), options.get("precision")):
            break
    table = pd.DataFrame(rows)
    table.attrs["coefficient"] = coefficient
    return table


def _points(values: Any) -> list[Any]:
    return list(values) if isinstance(values, Iterable) else [values]


def _group_count(fit: Fit, found: Power, group: str | None) -> float:
    if not found.groups:  # repeated measures without random effects
        return float("nan")
    return found.groups[chosen_factor(fit.model.design, group).name]


def _cut_short(found: Power, n: int, precision: float | None) -> bool:
    """Whether Ctrl-C ended the studies, not their number or their precision."""
    return found.n + found.failed < n and (precision is None or half_width(found) > precision)
