"""The share of a random term in the variance: the heritability where its levels are related."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy.special import ndtri

from ..errors import ArgumentError, quote_list, require_choice, require_level
from ..frame.native import in_pandas
from ..residual.profile import profiled


def heritability(fit: Any, term: str | None = None, level: float = 0.95, method: str = "wald") -> pd.Series:
    """Return the share of a term's variance in the total, with standard error and interval.

    Parameters
    ----------
    fit : RelatedFit
    term : str, optional
        Label of a term, by default the first with a relationship matrix.
    level : float
        Coverage of the interval.
    method : {"wald", "profile"}
        Wald's interval on the logit of the share, or where the fit's criterion, minimal over everything else,
        has risen by the quantile of a chi-square: that one can end at 0 or 1.

    Returns
    -------
    Series
        ``estimate``, ``se``, ``lower``, ``upper``. A relationship matrix is taken to have a mean diagonal of
        one, as where no animal is inbred. Where a variance has no estimate, nor has the share.

    Raises
    ------
    ArgumentError
        A term that the fit does not have.

    Examples
    --------
    >>> import numpy as np
    >>> import ranef
    >>> data = ranef.datasets.load("Dyestuff")
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", data, relationship={"Batch": np.eye(6)})
    >>> fit.heritability(method="profile").round(2).tolist()
    [0.42, 0.22, 0.07, 0.82]
    """
    require_level(level)
    require_choice("method", method, ("wald", "profile"))
    labels = fit.model.term_labels
    name = term if term is not None else next(iter(fit.model.related))
    if name not in labels:
        raise ArgumentError(f"there is no term {name!r}: terms are {quote_list(labels)}")
    if fit.optimum.unknown.any():
        return pd.Series({"estimate": np.nan, "se": np.nan, "lower": 0.0, "upper": 1.0}, name=name)
    k, squares = labels.index(name), fit.theta**2
    total = 1 + squares.sum()
    share = float(squares[k] / total)
    slope = 2 * fit.theta * ((np.arange(len(squares)) == k) - share) / total
    se = float(np.sqrt(slope @ fit.optimum.covariance @ slope)) if 0 < share < 1 else np.nan
    if method == "wald":
        ends = _wald(share, se, level)
    else:
        shares = profiled(fit.constrained(), f"share[{name}]", level)
        ends = tuple(in_pandas(shares.conf_int)(level=level).iloc[0])
    return pd.Series({"estimate": share, "se": se, "lower": ends[0], "upper": ends[1]}, name=name)


def shares(fit: Any) -> pd.DataFrame:
    """Return standard deviation, variance and share of the total of every term and the residual."""
    sd = np.array([*(component.sd[0] for component in fit.varcorr), fit.varcorr.sigma])
    table = pd.DataFrame({"sd": sd, "variance": sd**2}, index=[*fit.model.term_labels, "Residual"])
    return table.assign(share=table.variance / table.variance.sum(skipna=False))


def _wald(share: float, se: float, level: float) -> tuple[float, float]:
    if not 0 < share < 1:
        return np.nan, np.nan
    logit, width = np.log(share / (1 - share)), float(ndtri((1 + level) / 2)) * se / (share * (1 - share))
    return 1 / (1 + np.exp(width - logit)), 1 / (1 + np.exp(-width - logit))
