"""What users of lme4, statsmodels, scikit-learn and pymer4 type first, and what it is called here.

The words are looked up only where a name is missing, to be put into the message of the error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

_UPDATE = "ranef.lme4.update(fit, '. ~ . - x'), or ranef.lmer() with another formula"
_PERFORMANCE = "fit.r2(), fit.icc() and ranef.diagnose(fit)"

OF_A_FIT = {
    "fixef": "fit.params",
    "fe_params": "fit.params",
    "fixed_effects": "fit.params",
    "coefs": "fit.params, or fit.coef per group",
    "coef_": "fit.params",
    "intercept_": "fit.params['Intercept']",
    "coefficients": "fit.params, or fit.coef per group",
    "random_effects": "fit.ranef",
    "random_effects_cov": "fit.ranef, whose condvar has the conditional variances",
    "rnf": "fit.ranef",
    "blup": "fit.ranef",
    "modes": "fit.ranef",
    "VarCorr": "fit.varcorr",
    "ranef_var": "fit.varcorr",
    "vcomp": "fit.varcorr",
    "cov_re": "fit.varcorr",
    "variance_components": "fit.varcorr",
    "scale": "fit.sigma**2, the residual variance; fit.sigma is its square root",
    "std_err": "fit.bse",
    "se": "fit.bse",
    "bse_fe": "fit.bse",
    "std_errors": "fit.bse",
    "tstats": "fit.tvalues",
    "t_values": "fit.tvalues",
    "p_values": "fit.pvalues",
    "pvalue": "fit.pvalues",
    "fitted": "fit.fittedvalues",
    "fitted_values": "fit.fittedvalues",
    "fits": "fit.fittedvalues",
    "y_hat": "fit.fittedvalues",
    "yhat": "fit.fittedvalues",
    "resids": "fit.resid, or fit.residuals(type)",
    "residual": "fit.resid, or fit.residuals(type)",
    "logLik": "fit.llf",
    "loglik": "fit.llf",
    "loglike": "fit.llf",
    "log_likelihood": "fit.llf",
    "log_lik": "fit.llf",
    "AIC": "fit.aic",
    "BIC": "fit.bic",
    "AICc": "fit.aic; there is no correction for small samples",
    "deviance": "fit.objective",
    "REMLcrit": "fit.objective",
    "criterion": "fit.objective",
    "fun": "fit.objective",
    "df_residual": "fit.df_resid",
    "df_model": "fit.df_model_total",
    "n_params": "fit.df_model_total",
    "n_obs": "fit.nobs",
    "n_groups": "fit.ngroups",
    "ngrps": "fit.ngroups",
    "groups": "fit.ngroups",
    "confint": "fit.conf_int()",
    "confidence_intervals": "fit.conf_int()",
    "cov_beta": "fit.cov_params()",
    "covariance": "fit.cov_params()",
    "rand": "fit.ranova()",
    "LRT": "fit.ranova() for random terms, ranef.anova(smaller, larger) for two fits",
    "drop_one": "fit.drop1()",
    "all_fit": "ranef.allfit(fit)",
    "allFit": "ranef.allfit(fit)",
    "allfit": "ranef.allfit(fit)",
    "isSingular": "fit.singular",
    "is_singular": "fit.singular",
    "convergence": "fit.converged, and fit.optimum for the certificate",
    "convergence_warning": "fit.converged, and fit.optimum for the certificate",
    "hist": "fit.optimum",
    "warnings": "ranef.diagnose(fit), and fit.optimum.message",
    "update": _UPDATE,
    "refitML": "ranef.lmer(..., reml=False), or ranef.lme4.refitML(fit)",
    "refitREML": "ranef.lmer(..., reml=True)",
    "fit": "this is fitted already: lmer() does both; ranef.Model(formula, data).fit() does it in two steps",
    "bootMer": "fit.bootstrap(n)",
    "boot": "fit.bootstrap(n)",
    "bootstraps": "fit.bootstrap(n)",
    "model_matrix": "fit.model.design.X; ranef.lme4.model_matrix(fit) has the names of its columns",
    "exog": "fit.model.design.X; ranef.lme4.model_matrix(fit) has the names of its columns",
    "endog": "fit.y",
    "getME": "ranef.lme4.getME(fit, name)",
    "frame": "fit.augment()",
    "data": "fit.augment(); a fit does not keep the table it was given",
    "hatvalues": "fit.leverage()",
    "leverages": "fit.leverage()",
    "cooks_distance": "fit.influence()",
    "dfbetas": "fit.influence()",
    "get_influence": "fit.influence()",
    "emmeans": "ranef.emmeans(fit, 'x')",
    "lsmeans": "ranef.emmeans(fit, 'x')",
    "marginal_means": "ranef.emmeans(fit, 'x')",
    "post_hoc": "ranef.emmeans(fit, 'x').pairs()",
    "contrasts": "ranef.emmeans(fit, 'x').contrast(...), or fit.test('x = 0')",
    "emtrends": "ranef.emtrends(fit, 'group', 'x')",
    "slopes": "ranef.emtrends(fit, 'group', 'x'), or fit.plot.slopes()",
    "predictions": "fit.predict(newdata, interval='confidence'), or ranef.emmeans(fit, 'x')",
    "get_prediction": "fit.predict(newdata, interval='confidence')",
    "ggpredict": "ranef.emmeans(fit, 'x')",
    "predict_proba": "fit.predict(newdata) of a ranef.glmer() fit is on the scale of the probability",
    "broom": "fit.tidy(), fit.glance() and fit.augment()",
    "to_frame": "fit.tidy()",
    "to_pandas": "fit.tidy()",
    "to_latex": "fit.summary().to_latex()",
    "to_markdown": "fit.summary().to_markdown()",
    "to_html": "fit.summary().to_html()",
    "print_summary": "fit.summary()",
    "summary2": "fit.summary()",
    "rsquared": "fit.r2()",
    "r_squared": "fit.r2()",
    "rsquared_conditional": "fit.r2()",
    "score": "fit.r2()",
    "performance": _PERFORMANCE,
    "check_model": f"fit.plot() for pictures; {_PERFORMANCE}",
    "diagnose": "ranef.diagnose(fit)",
    "t_test": "fit.test('x = 0')",
    "f_test": "fit.test('a = 0, b = 0')",
    "wald_test": "fit.test('a = 0, b = 0')",
    "wald_test_terms": "fit.anova(type=3)",
    "contest": "fit.test('x = 0')",
    "linear_hypothesis": "fit.test('a = b')",
    "anova_table": "fit.anova()",
    "compare": "ranef.anova(smaller, larger)",
    "get_params": "fit.params; a fit is no estimator of scikit-learn",
    "profile_re": "fit.profile()",
    "plot_diagnostics": "fit.plot()",
    "random_slopes": "fit.coef",
    "design_matrix": "fit.model.design.X",
    "lme4": "ranef.lme4, whose functions take a fit",
}

OF_THE_PACKAGE = {
    "fixef": "fit.params (ranef.lme4.fixef(fit))",
    "ranef": "fit.ranef (ranef.lme4.ranef(fit))",
    "coef": "fit.coef (ranef.lme4.coef(fit))",
    "VarCorr": "fit.varcorr (ranef.lme4.VarCorr(fit))",
    "summary": "fit.summary()",
    "confint": "fit.conf_int() (ranef.lme4.confint(fit))",
    "logLik": "fit.llf",
    "AIC": "fit.aic",
    "BIC": "fit.bic",
    "fitted": "fit.fittedvalues",
    "resid": "fit.resid",
    "residuals": "fit.residuals()",
    "predict": "fit.predict()",
    "simulate": "fit.simulate()",
    "refit": "fit.refit(y)",
    "update": _UPDATE,
    "drop1": "fit.drop1()",
    "rand": "fit.ranova()",
    "ranova": "fit.ranova()",
    "allFit": "ranef.allfit(fit)",
    "all_fit": "ranef.allfit(fit)",
    "isSingular": "fit.singular",
    "is_singular": "fit.singular",
    "bootMer": "fit.bootstrap(n) (ranef.lme4.bootMer(fit, FUN, nsim))",
    "bootstrap_ci": "fit.bootstrap(n).conf_int()",
    "profile": "fit.profile()",
    "getME": "ranef.lme4.getME(fit, name)",
    "tidy": "fit.tidy()",
    "glance": "fit.glance()",
    "augment": "fit.augment()",
    "r2": "fit.r2()",
    "icc": "fit.icc()",
    "vif": "ranef.diagnose(fit)",
    "load_dataset": "ranef.datasets.load(name)",
    "load": "ranef.datasets.load(name), ranef.bootstrap.load(path)",
    "data": "ranef.datasets",
    "lme": "ranef.lmer('y ~ x + (x | g)', data)",
    "mixedlm": "ranef.lmer('y ~ x + (x | g)', data)",
    "MixedLM": "ranef.lmer('y ~ x + (x | g)', data)",
    "Lmer": "ranef.lmer('y ~ x + (x | g)', data)",
    "LMM": "ranef.lmer('y ~ x + (x | g)', data)",
    "lm": "ranef.gls('y ~ x', data); an ordinary regression is statsmodels' ols",
    "glm": "ranef.glmer('y ~ x + (1 | g)', data, family='binomial'); without a random term: statsmodels",
    "glmmTMB": "ranef.glmer('y ~ x + (1 | g)', data, family='nbinom2')",
    "glmer_nb": "ranef.glmer('y ~ x + (1 | g)', data, family='nbinom2')",
    "lmList": "ranef.lm_list(formula, data)",
    "lsmeans": "ranef.emmeans(fit, 'x')",
    "marginal_means": "ranef.emmeans(fit, 'x')",
    "contrast": "ranef.emmeans(fit, 'x').contrast(...)",
    "pairs": "ranef.emmeans(fit, 'x').pairs()",
    "PBmodcomp": "ranef.pbtest(larger, smaller)",
    "KRmodcomp": "fit.anova(ddf='kenward-roger'), or fit.test(..., ddf='kenward-roger')",
    "exactRLRT": "ranef.exact_rlrt(fit)",
    "powerSim": "ranef.power(fit, 'x', n=1000)",
    "powerCurve": "ranef.power_curve(fit, 'x', ...)",
    "check_model": f"fit.plot() for pictures; {_PERFORMANCE}",
}

OF_A_MODEL = {
    "from_formula": "ranef.Model(formula, data)",
    "X": "model.design.X",
    "exog": "model.design.X",
    "Z": "ranef.lme4.getME(fit, 'Z')",
    "y": "model.design.response",
    "endog": "model.design.response",
    "predict": "model.fit().predict()",
    "summary": "model.fit().summary()",
}

OF_A_BOOTSTRAP = {
    "summary": "result.conf_int(), or print the result",
    "mean": "result.to_frame().mean()",
    "std": "result.to_frame().std()",
    "se": "result.to_frame().std()",
    "to_pandas": "result.to_frame()",
    "plots": "result.plot()",
    "hist": "result.plot()",
    "confint": "result.conf_int()",
    "quantile": "result.conf_int(level=), or result.to_frame().quantile()",
    "t": "result.to_frame()",
    "samples": "result.to_frame()",
}


def missing(kind: str, name: str, words: dict[str, str], known: Iterable[str]) -> AttributeError:
    """Return the error for a name that is not there: what it is called here, or the names nearest to it.

    Examples
    --------
    >>> missing("a fit", "logLik", OF_A_FIT, ["llf"])
    AttributeError("a fit has no 'logLik': use fit.llf")
    >>> missing("a fit", "objectve", OF_A_FIT, ["objective", "llf"])
    AttributeError("a fit has no 'objectve': perhaps 'objective'")
    """
    text = f"{kind} has no {name!r}"
    if name in words:
        return AttributeError(f"{text}: use {words[name]}")
    if name.startswith("_"):
        return AttributeError(text)
    folded = name.replace("_", "").lower()
    same = [word for word in words if word.replace("_", "").lower() == folded]
    if same:
        return AttributeError(f"{text}: use {words[same[0]]}")
    near = get_close_matches(name, [one for one in known if not one.startswith("_")], n=3, cutoff=0.7)
    return AttributeError(f"{text}: perhaps {' or '.join(map(repr, near))}" if near else text)


def explained(kind: str, words: dict[str, str]) -> Callable[[Any, str], Any]:
    """Return the ``__getattr__`` of a class whose missing names are explained by `missing`."""

    def __getattr__(self: Any, name: str) -> Any:
        raise missing(kind, name, words, dir(type(self)))

    return __getattr__


def not_called(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a function answer to arguments of other packages with its own.

    Parameters
    ----------
    **names
        The argument elsewhere -> what to write here.

    Examples
    --------
    >>> @not_called(nsim="n=, the first argument")
    ... def simulate(n=1):
    ...     return n
    >>> simulate(nsim=3)
    Traceback (most recent call last):
    TypeError: simulate() has no argument nsim=: write n=, the first argument
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def called(*args: P.args, **options: P.kwargs) -> R:
            for name in options:
                if name in names:
                    raise TypeError(f"{function.__name__}() has no argument {name}=: write {names[name]}")
            return function(*args, **options)

        return called

    return decorate
