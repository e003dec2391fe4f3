"""The words that are attributes of a fit by another name: a table, and the functions made from it."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from ..fit import Fit


def _word(name: str, attribute: str, what: str) -> Callable[[Fit], Any]:
    def word(fit: Fit) -> Any:
        return getattr(fit, attribute)

    word.__name__ = word.__qualname__ = name
    word.__doc__ = f"Return {what}: ``fit.{attribute}``."
    return word


class _ConditionalModes:
    """Return the conditional modes: ``fit.ranef``, whose ``cond_var`` are there whatever `condVar` says.

    The word is the package's name too: what else is asked of it, as in ``ranef.datasets``, is the package's.
    """

    __name__ = __qualname__ = "ranef"

    def __call__(self, fit: Fit, condVar: bool = True) -> Any:
        return fit.ranef

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module("ranef"), name)


ranef = _ConditionalModes()
coef = _word("coef", "coef", "the coefficients of each level")
VarCorr = _word("VarCorr", "varcorr", "the variance components")
sigma = _word("sigma", "sigma", "the residual standard deviation")
formula = _word("formula", "formula", "the formula")
AIC = _word("AIC", "aic", "Akaike's criterion")
BIC = _word("BIC", "bic", "Schwarz's criterion")
isREML = _word("isREML", "reml", "whether the REML criterion was minimised")
isSingular = _word("isSingular", "singular", "whether a covariance matrix is singular, exact, without a tol")
nobs = _word("nobs", "nobs", "the number of rows used")
ngrps = _word("ngrps", "ngroups", "the number of levels of each grouping factor")
df_residual = _word("df_residual", "df_resid", "rows minus parameters")
fitted = _word("fitted", "fittedvalues", "the fitted values")
