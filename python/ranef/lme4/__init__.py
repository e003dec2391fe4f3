"""lme4's spellings over the objects of this package, for code that is being ported from R.

``from ranef.lme4 import *`` and a script keeps its words. Results are Python's: labelled pandas objects,
numpy arrays, sparse matrices. Names of columns are ranef's (``Intercept``, ``Machine[T.B]``). The word
``ranef`` itself is left out of the star, where it would hide the package: ``lme4.ranef(fit)``, or
``fit.ranef``.
"""

from ..estimates.lm_list import lm_list as lmList
from ..fit import lmer
from .getme import getME
from .words import (
    AIC,
    BIC,
    REMLcrit,
    VarCorr,
    bootMer,
    coef,
    confint,
    deviance,
    df_residual,
    fitted,
    fixef,
    formula,
    isREML,
    isSingular,
    logLik,
    ngrps,
    nobs,
    predict,
    ranef,  # noqa: F401
    refit,
    refitML,
    residuals,
    sigma,
    simulate,
    summary,
    vcov,
    weights,
)

# lme4.ranef is there too, and not listed for the reason above.
__all__ = [
    "AIC",
    "BIC",
    "REMLcrit",
    "VarCorr",
    "bootMer",
    "coef",
    "confint",
    "deviance",
    "df_residual",
    "fitted",
    "fixef",
    "formula",
    "getME",
    "isREML",
    "isSingular",
    "lmList",
    "lmer",
    "logLik",
    "ngrps",
    "nobs",
    "predict",
    "refit",
    "refitML",
    "residuals",
    "sigma",
    "simulate",
    "summary",
    "vcov",
    "weights",
]
