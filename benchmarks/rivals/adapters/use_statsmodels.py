"""statsmodels' MixedLM, for one grouping factor."""

import re

import statsmodels.formula.api as smf


def prepare(problem, frame):
    fixed, inside, group = re.fullmatch(r"(.*) \+ \((.*) \| (\w+)\)", problem.formula).groups()

    def call():
        fit = smf.mixedlm(fixed, frame, groups=group, re_formula="~" + inside).fit(reml=True)
        return fit, fit.bse_fe

    return call


def answer(fitted):
    fit, se = fitted
    return {
        "criterion": -2 * fit.llf,
        "beta": fit.fe_params.tolist(),
        "se": se.tolist(),
        "sigma": fit.scale**0.5,
        "converged": bool(fit.converged),
    }
