"""One file per Python program. Each has

    prepare(problem, frame) -> call        end to end from the data frame: formula, keys, fit, standard errors
    answer(fitted) -> {"criterion", "beta", "se", "sigma"}      criterion: -2 log (restricted) likelihood

and, where the program can, `refit(problem, frame, responses) -> call` and
`replicate(problem, frame) -> (call, replicates a call)`. A module imports its program, nothing else of ours.
"""

import importlib

MODULES = {
    "ranef": "use_ranef",
    "glmm": "use_glmm",
    "mixedlm": "use_mixedlm",
    "lme-python": "use_lme_python",
    "statsmodels": "use_statsmodels",
    "OLS": "use_ols",
    "GPBoost": "use_gpboost",
    "GPBoost, iterative": "use_gpboost_iterative",
}


def adapter(name):
    """The module for a program by its name in the tables."""
    return importlib.import_module(f"{__name__}.{MODULES[name]}")
