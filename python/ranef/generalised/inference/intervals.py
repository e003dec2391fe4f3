"""Confidence intervals of the parameters of a generalised model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ...errors import ArgumentError, level_by_keyword, require_choice, require_level
from ...frame.native import in_pandas
from ...inference.intervals import chosen_rows
from ..fit import GlmerFit

METHODS = ("wald", "profile", "bootstrap")


@level_by_keyword
def conf_int(
    fit: GlmerFit,
    method: str = "wald",
    parameters: str | Sequence[str] | None = None,
    *,
    level: float = 0.95,
    kind: str | None = None,
    n: int | None = None,
    **options: Any,
) -> pd.DataFrame:
    """Return confidence intervals, on the scale of the linear predictor.

    Parameters
    ----------
    fit : GlmerFit
    method : {"wald", "profile", "bootstrap"}
        ``"wald"``: estimate and standard error from the exact Hessian, with the normal distribution; standard
        deviations and the dispersion on the log scale. ``"profile"``: where the profile of -2 log L has risen
        enough. ``"bootstrap"``: of refits to drawn responses.
    parameters : str or sequence of str, optional
        Names as in the index of the result, or ``"fixed"``, ``"random"``, ``"all"``; by default fixed for
        Wald intervals, all otherwise.
    level : float
        Coverage; by keyword only.
    kind : str, optional
        Of bootstrap interval, see `ranef.BootstrapResult.conf_int`.
    n : int, optional
        Replicates of the bootstrap; by default 2,000.
    **options
        For the bootstrap: ``seed``, ``n_threads``.

    Returns
    -------
    DataFrame
        Columns ``lower`` and ``upper``, a row per parameter.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> fit.conf_int().loc["period[T.4]"].round(2).to_list()
    [-2.42, -0.74]
    >>> fit.conf_int(method="profile").loc["period[T.4]"].round(2).to_list()
    [-2.5, -0.8]
    """
    require_level(level)
    require_choice("method", method, METHODS)
    if method == "bootstrap":
        found = fit.bootstrap(n or 2000, **options)
        return in_pandas(found.conf_int)(kind or "percentile", parameters, level=level)
    options |= {name: value for name, value in (("kind", kind), ("n", n)) if value is not None}
    if options:
        raise ArgumentError(f"method='{method}' takes no {', '.join(options)}=")
    if method == "profile":
        return in_pandas(fit.profile(parameters, level=max(level, 0.99)).conf_int)(level=level)
    return _wald_chosen(fit, level, parameters)


def _wald_chosen(fit: GlmerFit, level: float, parameters: Any) -> pd.DataFrame:
    width = ndtri((1 + level) / 2) * fit.bse.to_numpy()
    values, names = fit.params.to_numpy(), fit.params.index
    fixed = pd.DataFrame(
        np.column_stack([values - width, values + width]), index=names, columns=["lower", "upper"]
    )
    if parameters is None or parameters == "fixed":
        return fixed
    random = in_pandas(fit.component_table)(level=level)[["lower", "upper"]]
    return chosen_rows(fixed, random, parameters)
