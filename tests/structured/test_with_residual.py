"""Structured terms beside residual= and dispersion=, against nlme."""

import pickle

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.inference.satterthwaite import DeltaDf

from benchmarks.studies import generated_structures


@pytest.fixture(scope="module")
def machines():
    """lme(score ~ Machine, list(Worker = pdCompSymm(~ Machine - 1)), varIdent(form = ~ 1 | Machine))."""
    data = ranef.datasets.load("Machines")
    return ranef.lmer("score ~ Machine + cs(0 + Machine | Worker, hom=True)", data, dispersion="~ Machine")


@pytest.fixture(scope="module")
def boys():
    """lme(height ~ age + I(age^2), list(Subject = pdDiag(~ age)), corCAR1(form = ~ age | Subject))."""
    data = ranef.datasets.load("Oxboys")
    formula = "height ~ age + I(age**2) + diag(age | Subject)"
    return ranef.lmer(formula, data, residual="car1(age | Subject)")


def test_compound_symmetry_and_strata(machines):
    assert machines.converged and machines.objective <= 212.3376769 + 1e-6
    ratios = machines.residual.sd / machines.residual.sd.iloc[0]
    np.testing.assert_allclose(ratios, [1, 0.8738094188, 0.5864338301], rtol=1e-4)
    np.testing.assert_allclose(machines.structures.parameters.estimate, [6.060818425, 0.622], rtol=1e-3)
    np.testing.assert_allclose(machines.bse, [2.489051213, 2.181747232, 2.174703644], rtol=1e-5)
    assert machines.df_model_total == 8


def test_independent_slopes_and_correlation_in_time(boys):
    assert boys.converged and boys.objective <= 659.9011929 + 1e-6
    assert boys.residual.parameters.estimate.iloc[0] == pytest.approx(0.2869524517, rel=1e-3)
    np.testing.assert_allclose(boys.structures.parameters.estimate, [8.116621733, 1.485279481], rtol=1e-4)
    np.testing.assert_allclose(boys.bse, [1.6001047283, 0.3180036005, 0.1609213966], rtol=1e-5)
    assert boys.df_model_total == 7


def test_nothing_but_the_residuals_parameters_is_added(machines):
    """Without structure in the way, diag() of one column is (1 | g): the two fits are one."""
    data = ranef.datasets.load("Orthodont")
    plain = ranef.lmer("distance ~ age + (1 | Subject)", data, dispersion="~ Sex")
    same = ranef.lmer("distance ~ age + diag(1 | Subject)", data, dispersion="~ Sex")
    assert same.objective == pytest.approx(plain.objective, abs=1e-7)
    np.testing.assert_allclose(same.coef_table().to_numpy(), plain.coef_table().to_numpy(), rtol=1e-4)
    assert isinstance(same.test_methods["satterthwaite"](same), DeltaDf)


def test_what_a_fit_does(machines, boys):
    text = str(machines.summary())
    assert "Structures of random effects" in text and "Residuals: ~ Machine" in text
    again = pickle.loads(pickle.dumps(boys))
    np.testing.assert_allclose(again.params, boys.params)
    assert boys.simulate(2, seed=1).shape == (2, boys.nobs)
    assert boys.acf(lags=2).shape == (2, 4)


@pytest.fixture(scope="module")
def one_a_cell():
    data = ranef.datasets.load("Machines")
    return data.groupby(["Worker", "Machine"], observed=True).first().reset_index()


def test_variances_that_the_residuals_say_as_well_have_no_estimate(one_a_cell):
    """One row a cell: each machine has one variance. Coefficients are means, tested by Welch's formula."""
    formula = "score ~ Machine + diag(0 + Machine | Worker)"
    fit = ranef.lmer(formula, one_a_cell, dispersion="~ Machine", allow_saturated=True)
    plain = ranef.gls("score ~ Machine", one_a_cell, dispersion="~ Machine")
    assert fit.converged and fit.objective == pytest.approx(plain.objective, abs=1e-6)
    a, b, c = (one_a_cell.score[one_a_cell.Machine == name].var() / 6 for name in "ABC")
    np.testing.assert_allclose(fit.bse**2, [a, a + b, a + c], rtol=1e-6)
    welch = [5, 5 * (a + b) ** 2 / (a**2 + b**2), 5 * (a + c) ** 2 / (a**2 + c**2)]
    np.testing.assert_allclose(fit.df, welch, rtol=1e-4)
    for table in (fit.structures.parameters, fit.residual.parameters):
        assert table[["estimate", "se"]].isna().all(axis=None)
    assert fit.residual.sd.isna().all()
    for shown in (fit.summary(), ranef.diagnose(fit)):
        text = " ".join(str(shown).split())
        assert "of the structured effects by Worker have no estimates of their own" in text
        assert "log sd Machine[T.B] has no estimate: variances of random effects say the same" in text
    assert fit.residual_intervals()["upper"].to_list() == [np.inf, np.inf]


def test_what_other_rows_tell_keeps_its_estimate(one_a_cell):
    """Of one machine a row a cell, of the others three: these are as in the models of each alone."""
    data = ranef.datasets.load("Machines")
    rows = pd.concat([one_a_cell[one_a_cell.Machine == "A"], data[data.Machine != "A"]])
    fit = ranef.lmer("score ~ Machine + diag(0 + Machine | Worker)", rows, dispersion="~ Machine")
    table = fit.structures.parameters.set_index("parameter")
    assert table.index[table["estimate"].isna()].to_list() == ["sd Machine[A]"]
    for name in "BC":
        alone = ranef.lmer("score ~ 1 + (1 | Worker)", data[data.Machine == name]).component_table()
        expected = alone.loc["sd[Worker.Intercept]", ["estimate", "se"]].to_numpy(float)
        ours = table.loc[f"sd Machine[{name}]", ["estimate", "se"]].to_numpy(float)
        np.testing.assert_allclose(ours, expected, rtol=1e-3)


def test_a_column_far_from_zero_raises_no_error_of_the_core():
    """A slope without its correlation, over time stamps: no covariance of such columns can be factored."""
    rng = np.random.default_rng(1)
    g, t = np.repeat(np.arange(9), 6), np.tile(np.arange(6), 9)
    x = 1.7e9 + 86400.0 * np.round(20 * rng.normal(size=54))
    frame = pd.DataFrame({"g": g.astype(str), "t": t, "x": x})
    frame["y"] = rng.normal(size=9)[g] + rng.normal(size=54)
    with pytest.raises(ranef.FitError, match="no start gives the structured terms a positive definite"):
        ranef.lmer("y ~ x + diag(x | g)", frame, residual="ar1(t | g)")


def test_a_stratum_without_variance_is_a_limit_not_a_failure():
    """glmmTMB ends at 128.8000882 with a log sd of -19.4 for one stratum."""
    rows = generated_structures.crossed(9038)
    fit = ranef.lmer("y ~ x + ar1(0 + v | g)", rows, reml=False, dispersion="~ s")
    assert fit.converged and fit.singular and fit.outer.held == (0,)
    assert fit.objective == pytest.approx(128.8000882, abs=1e-5)
    assert fit.optimum.message.startswith("converged") and "structure" not in fit.optimum.message
