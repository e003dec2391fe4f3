"""Tests of a fit for repeated measures: those of any linear fit, by the fit's own method by default."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from ..errors import ArgumentError, level_by_keyword, quote_list, require_choice, require_level
from ..frame.native import in_pandas
from ..inference import coefficients, linear
from ..inference.anova import anova as terms_tested
from ..inference.means import MarginalMeans, emmeans
from ..inference.methods import method

_OWN = "default"  # the fit's own method of testing


def params(fit: Any) -> pd.Series:
    """Return the coefficients by name, NaN for a column that was dropped."""
    return pd.Series(fit.padded(fit.solution["beta"]), index=_names(fit), name="estimate")


def bse(fit: Any) -> pd.Series:
    """Return standard errors of the coefficients by the fit's own method."""
    return coef_table(fit)["se"]


def cov_params(fit: Any, ddf: str | None = None) -> pd.DataFrame:
    """Return the covariance of the coefficients by a method; ``"satterthwaite"`` does not adjust it.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm + ar1(visit | id)", ranef.datasets.load("asthma"))
    >>> fit.cov_params().shape
    (2, 2)
    """
    values = fit.padded(method(fit, ddf or fit.method).covariance)
    return pd.DataFrame(values.copy(), index=_names(fit), columns=_names(fit))


def coef_table(fit: Any, ddf: str | None = None, alternative: str = "two-sided") -> pd.DataFrame:
    """Test every coefficient against zero.

    Parameters
    ----------
    fit : VisitFit
    ddf : str, optional
        ``"kenward-roger"`` (as PROC MIXED), ``"kenward-roger-linear"``, ``"kenward-roger-mmrm"``,
        ``"satterthwaite"``, ``"CR0"``, ``"CR2"``, ``"CR3"``, ``"residual"``, ``"normal"``; by default the
        fit's own method.
    alternative : {"two-sided", "less", "greater"}

    Returns
    -------
    DataFrame
        ``estimate``, ``se``, ``df``, ``t``, ``p`` by coefficient.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm + ar1(visit | id)", ranef.datasets.load("asthma"))
    >>> fit.coef_table("satterthwaite").columns.tolist()
    ['estimate', 'se', 'df', 't', 'p']
    """
    return coefficients.coef_table(fit, ddf or fit.method, alternative)


def df(fit: Any) -> pd.Series:
    """Return the degrees of freedom of the coefficients by the fit's own method."""
    return coef_table(fit)["df"]


def tvalues(fit: Any) -> pd.Series:
    """Return the coefficients over their standard errors by the fit's own method."""
    return coef_table(fit)["t"]


def pvalues(fit: Any) -> pd.Series:
    """Return p-values of the coefficients, two-sided, by the fit's own method."""
    return coef_table(fit)["p"]


def test(
    fit: Any, L: Any, ddf: str | None = None, alternative: str = "two-sided", rhs: npt.ArrayLike = 0.0
) -> linear.LinearTest:
    """Test a linear hypothesis, see `ranef.inference.linear.test`."""
    return linear.test(fit, L, ddf or fit.method, alternative, rhs)


def anova(fit: Any, type: int | str = 3, ddf: str | None = None) -> pd.DataFrame:
    """Test each term of the model jointly, see `ranef.inference.anova.anova`."""
    return terms_tested(fit, type, ddf or fit.method)


def lsmeans(fit: Any, specs: Any, by: Any = None, **options: Any) -> MarginalMeans:
    """Return least-squares means: `ranef.emmeans` by the fit's own method unless ``ddf=`` is given.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ baseline + arm * visit + us(visit | id)", ranef.datasets.load("asthma"))
    >>> means = fit.lsmeans("arm", by="visit")
    >>> means.contrast("trt.vs.ctrl").to_frame()[["contrast", "visit"]].tail(1)
               contrast visit
    3  active - placebo    V4
    """
    return emmeans(fit, specs, by, **{"ddf": fit.method, **options})


@level_by_keyword
def conf_int(
    fit: Any,
    method: str = "wald",
    parameters: str | Sequence[str] | None = None,
    *,
    level: float = 0.95,
    ddf: str | None = _OWN,
    kind: str = "percentile",
    n: int = 2000,
    **options: Any,
) -> pd.DataFrame:
    """Return confidence intervals.

    Parameters
    ----------
    method : {"wald", "profile", "bootstrap"}
        Of the coefficients, by t; by profile likelihood of all parameters, where the fit has a ``profile()``;
        by refits to drawn replicates.
    parameters : str or sequence of str, optional
        Names as in the index of the result, or ``"fixed"``.
    level : float
        Coverage, by keyword only.
    ddf : str or None
        Method of testing, of Wald intervals; by default the fit's own. None: the normal distribution.
    kind, n : str, int
        Of bootstrap interval, see `ranef.BootstrapResult.conf_int`, and replicates.
    **options
        For the bootstrap: ``seed`` and what else `bootstrap` takes.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm + ar1(visit | id)", ranef.datasets.load("asthma"))
    >>> list(fit.conf_int(level=0.9).columns)
    ['lower', 'upper']
    >>> growth = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), dispersion="~ Sex")
    >>> growth.conf_int("profile", "age").round(2)
         lower  upper
    age   0.45   0.89
    """
    require_level(level)
    require_choice("method", method, ("wald", "profile", "bootstrap"))
    if method != "wald" and ddf != _OWN:
        raise ArgumentError(f"method='{method}' takes no ddf=: degrees of freedom are for Wald intervals")
    if method == "bootstrap":
        found = fit.bootstrap(n, **options)
        return in_pandas(found.conf_int)(kind, parameters, level=level)
    if options:
        raise ArgumentError(f"method='{method}' takes no {next(iter(options))}=")
    if method == "profile":
        return in_pandas(fit.profile(parameters, level).conf_int)(level=level)
    table = coef_table(fit, {_OWN: fit.method, None: "normal"}.get(ddf, ddf))
    half = stdtrit(table["df"], 0.5 + level / 2) * table["se"]
    limits = pd.DataFrame({"lower": table["estimate"] - half, "upper": table["estimate"] + half})
    if parameters is None or parameters == "fixed":
        return limits
    wanted = [parameters] if isinstance(parameters, str) else list(parameters)
    unknown = [name for name in wanted if name not in limits.index]
    if unknown:
        raise ArgumentError(
            f"parameters= names {quote_list(unknown)}: method='wald' has the coefficients "
            f"{quote_list(limits.index, 20)}; of the covariance see residual_intervals()"
        )
    return limits.loc[wanted]


def _names(fit: Any) -> list[str]:
    return list(fit.model.design.column_names)
