"""A fit, and what is asked of it, goes to another process and comes back: pickle, copy, deepcopy."""

import copy
import pickle

import numpy as np
import pytest
import ranef
from conftest import fitted

ROUTES = {
    "pickle": lambda value: pickle.loads(pickle.dumps(value)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}
NAMES = ["ss_slope_reml", "pastes_reml", "mach_dbar_ml", "ss_rankdef_reml"]


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("name", NAMES)
def test_a_fit_comes_back_whole(name, route):
    fit = fitted(name)
    back = ROUTES[route](fit)
    assert str(back.summary()) == str(fit.summary())
    assert back.model.objective(fit.theta) == fit.model.objective(fit.theta)
    np.testing.assert_allclose(back.fittedvalues, fit.fittedvalues, rtol=1e-14)  # X's layout may change
    again = fit.bootstrap(5, seed=1, progress=False).to_frame()[fit.params.index]
    np.testing.assert_allclose(
        back.bootstrap(5, seed=1, progress=False).to_frame()[fit.params.index], again, rtol=1e-6
    )


def test_a_refit_keeps_its_own_response():
    fit = fitted("ss_slope_reml")
    other = fit.refit(fit.simulate(1, seed=1)[0])
    back = ROUTES["pickle"](other)
    np.testing.assert_array_equal(back.y, other.y)
    assert back.refit(back.y).objective == other.objective != fit.objective


def test_new_rows_are_coded_as_before():
    data = ranef.datasets.load("Machines")
    fit = ranef.lmer("score ~ C(Machine, contr.sum) + (1 | Worker)", data)
    np.testing.assert_array_equal(ROUTES["pickle"](fit).predict(data[:7]), fit.predict(data[:7]))


def test_a_shallow_copy_of_a_model_reads_no_rows():
    model = fitted("ss_slope_reml").model
    assert copy.copy(model).cross is model.cross


def test_what_was_asked_of_a_fit_comes_back_too():
    fit = fitted("ss_slope_reml")
    asked = [fit.ranef, fit.coef, fit.varcorr, fit.optimum, fit.plan, fit.summary(), fit.pca()]
    asked += [
        fit.redundancy(),
        fit.robust(),
        fit.influence("Subject"),
        fit.test("Days = 0"),
        fit.profile(["sigma"]),
    ]
    asked += [fit.profile(["sigma"]), fit.bootstrap(5, seed=1, progress=False)]
    asked += [ranef.pooling(fit), ranef.modelsummary(fit), ranef.diagnose(fit)]
    for value in asked:
        assert str(ROUTES["pickle"](value)) == str(value), type(value).__name__
