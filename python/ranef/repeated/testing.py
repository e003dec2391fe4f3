"""Tests of a fit for repeated measures: those of any linear fit, by the fit's own method by default."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from ..arguments import guided
from ..errors import level_by_keyword, require_level
from ..inference import coefficients, linear
from ..inference.anova import anova as terms_tested
from ..inference.means import MarginalMeans, emmeans
from ..inference.methods import method


def params(fit: Any) -> pd.Series:
    """Return the coefficients by name, NaN for a column that was dropped."""
    return pd.Series(fit.padded(fit.solution["beta"]), index=_names(fit), name="estimate")


def bse(fit: Any) -> pd.Series:
    """Return standard errors given the covariance over visits (`coef_table`: by a method)."""
    return pd.Series(fit.padded(np.sqrt(np.diag(fit.solution["vcov"]))), index=_names(fit), name="se")


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


@guided(
    method="intervals of coefficients are t intervals, by ddf=; of the covariance's parameters see "
    "fit.residual_intervals() and fit.bootstrap()"
)
@level_by_keyword
def conf_int(fit: Any, *, level: float = 0.95, ddf: str | None = None) -> pd.DataFrame:
    """Return t intervals of the coefficients.

    Parameters
    ----------
    level : float
    ddf : str, optional
        Method of testing; by default the fit's own.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.mmrm("fev1 ~ arm + ar1(visit | id)", ranef.datasets.load("asthma"))
    >>> list(fit.conf_int(level=0.9).columns)
    ['lower', 'upper']
    """
    require_level(level)
    table = coef_table(fit, ddf)
    half = stdtrit(table["df"], 0.5 + level / 2) * table["se"]
    return pd.DataFrame({"lower": table["estimate"] - half, "upper": table["estimate"] + half})


def _names(fit: Any) -> list[str]:
    return list(fit.model.design.column_names)
