"""lme4's spellings over the objects of this package, for code that is being ported from R.

``from ranef.lme4 import *`` and a script keeps its words. Results are Python's: labelled pandas objects,
numpy arrays, sparse matrices. Names of columns are ranef's (``Intercept``, ``Machine[T.B]``). The word
``ranef`` is the package too where the star hides it: ``ranef(fit)`` has the conditional modes, and
``ranef.datasets`` is still there.
"""

from ..estimates.lm_list import lm_list as lmList
from ..guidance.arguments import guide
from .accessors import (
    REMLcrit,
    deviance,
    fixef,
    logLik,
    model_matrix,
    predict,
    residuals,
    simulate,
    summary,
    terms,
    vcov,
    weights,
)
from .attributes import (
    AIC,
    BIC,
    VarCorr,
    coef,
    df_residual,
    fitted,
    formula,
    isREML,
    isSingular,
    ngrps,
    nobs,
    ranef,
    sigma,
)
from .fitting import bootMer, glmer, glmer_nb, lmer, refit, refitML, update
from .getme import getME
from .inference import (
    allFit,
    anova,
    confint,
    cooks_distance,
    drop1,
    hatvalues,
    profile,
    rePCA,
    rstudent,
)

__all__ = [
    "AIC",
    "BIC",
    "REMLcrit",
    "VarCorr",
    "allFit",
    "anova",
    "bootMer",
    "coef",
    "confint",
    "cooks_distance",
    "deviance",
    "df_residual",
    "drop1",
    "fitted",
    "fixef",
    "formula",
    "getME",
    "glmer",
    "glmer_nb",
    "hatvalues",
    "isREML",
    "isSingular",
    "lmList",
    "lmer",
    "logLik",
    "model_matrix",
    "ngrps",
    "nobs",
    "predict",
    "profile",
    "ranef",
    "rePCA",
    "refit",
    "refitML",
    "residuals",
    "rstudent",
    "sigma",
    "simulate",
    "summary",
    "terms",
    "update",
    "vcov",
    "weights",
]

guide(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
