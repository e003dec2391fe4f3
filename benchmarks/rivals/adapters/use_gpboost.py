"""GPBoost's GPModel: no formula, so the columns of X are made here, inside the clock."""

import re

import gpboost
import numpy as np
import pandas as pd

INVERSION = "cholesky"
LIKELIHOODS = {"": "gaussian", "binomial": "bernoulli_logit", "poisson": "poisson"}


def fixed_columns(problem, frame):
    """X of `1 + a (* b)` with treatment coding, in the order of the other programs."""
    main = [pd.get_dummies(frame[name], drop_first=True, dtype=float) for name in fixed_names(problem)]
    if "*" in problem.formula:
        main.append(np.column_stack([a * b for b in main[1].to_numpy().T for a in main[0].to_numpy().T]))
    numeric = [frame[[name]] for name in fixed_names(problem) if frame[name].dtype == float]
    return np.column_stack([np.ones(len(frame)), *(numeric or main)])


def fixed_names(problem):
    fixed = problem.formula.split("~")[1].split(" + (")[0]
    return [word for word in re.findall(r"\w+", fixed) if word != "1"]


def prepare(problem, frame, inversion=INVERSION):
    response = problem.formula.split("~")[0].strip()
    groups = list(dict.fromkeys(re.findall(r"1 \| (\w+)", problem.formula)))
    slope = re.search(r"\(0 \+ (\w+) \| (\w+)\)", problem.formula)

    def call():
        options = {"group_data": frame[groups].to_numpy()}
        if slope:
            options["group_rand_coef_data"] = frame[[slope[1]]].to_numpy()
            options["ind_effect_group_rand_coef"] = [groups.index(slope[2]) + 1]
        options["likelihood"] = LIKELIHOODS[problem.family]
        model = gpboost.GPModel(matrix_inversion_method=inversion, **options)
        model.fit(y=frame[response].to_numpy(), X=fixed_columns(problem, frame))
        return model, model.get_coef(std_err=True)

    return call


def answer(fitted):
    model, coefficients = fitted
    return {
        "criterion": 2 * model.get_current_neg_log_likelihood(),
        "beta": coefficients.loc["Param."].tolist(),
        "se": coefficients.loc["Std. err."].tolist(),
        "sigma": float(np.asarray(model.get_cov_pars(std_err=False)).ravel()[0]) ** 0.5,
    }
