"""Kenward and Roger's test of the working linear model by dense algebra, glmmTMB's restricted likelihood."""

import numpy as np
import pandas as pd
import pytest
import ranef
from glmm_battery import load_data
from inference.kenward_roger_oracle import adjusted
from inference.kenward_roger_oracle import test as oracle_test
from oracle_design import OracleDesign, OracleTerm
from ranef.errors import ArgumentError
from ranef.generalised.inference.restricted import working_model
from scipy import stats


def _ticks():
    data = pd.DataFrame(load_data("grouseticks"))
    return data.assign(cH=(data.HEIGHT - data.HEIGHT.mean()) / 100, YEAR=data.YEAR.astype(str))


# glmmTMB 1.1.5, REML = TRUE: -2 logLik, sqrt(VarCorr), fixef (joint modes)
CASES = {
    "cbpp": (
        lambda: ranef.glmer(
            "cbind(incidence, size - incidence) ~ period + (1 | herd)", ranef.datasets.load("cbpp")
        ),
        186.3981342, [0.6818672786], [-1.3670151939, -0.9693482891, -1.1044541242, -1.5518862716],
    ),
    "ticks": (
        lambda: ranef.glmer("TICKS ~ YEAR + cH + (1 | BROOD) + (1 | LOCATION)", _ticks(), "poisson"),
        1981.622791, [0.7741919644, 0.6166076362], [0.5586113012, 1.1147179943, -0.9396409049, -2.2437795999],
    ),
    "ticks_nbinom2": (
        lambda: ranef.glmer("TICKS ~ YEAR + cH + (1 | LOCATION)", _ticks(), "nbinom2"),
        1817.267085, [0.918130566], [0.6421913145, 1.1091928270, -1.1100691940, -2.2988536610],
    ),
}  # fmt: skip


@pytest.fixture(scope="module", params=CASES)
def case(request):
    make, *expected = CASES[request.param]
    return make(), expected


def test_the_restricted_likelihood_is_that_of_glmmtmb(case):
    fit, (objective, sd, beta) = case
    found = working_model(fit)
    assert found.objective == pytest.approx(objective, abs=2e-5)
    np.testing.assert_allclose(found.theta, sd, rtol=2e-4)
    if fit.family.name != "nbinom2":  # whose working weights are expected ones, its mode has observed ones
        np.testing.assert_allclose(found.solution["beta"], beta, atol=2e-4)


def _linear(fit):
    """The design of the working model, and its theta."""
    working = working_model(fit)
    design = working.model.design
    terms = tuple(
        OracleTerm(term.group, term.columns, np.asarray(term.factor.codes), term.factor.levels, term.basis)
        for term in design.terms
    )
    kept = working.model.cross.columns
    names = tuple(np.array(design.column_names)[kept])
    X = np.asarray(design.X)[:, kept]
    return OracleDesign(design.response, X, names, terms, design.weights), working.theta


def _slopes():
    """Random slopes of binary responses, few groups."""
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(12), 15)
    x, u = rng.normal(size=g.size), rng.normal(size=(12, 2)) @ [[1.0, 0.4], [0.0, 0.8]]
    y = (rng.random(g.size) < 1 / (1 + np.exp(-(0.3 + 0.5 * x + u[g, 0] + u[g, 1] * x)))).astype(float)
    return ranef.glmer("y ~ x + z + (x | g)", pd.DataFrame({"y": y, "x": x, "z": g % 2, "g": g}))


@pytest.mark.parametrize(
    "make", [CASES["cbpp"][0], CASES["ticks"][0], _slopes], ids=["cbpp", "ticks", "slopes"]
)
def test_dense_algebra_agrees(make):
    fit = make()
    dense, beta = adjusted(*_linear(fit), sigma=1.0, known=True), fit.params.to_numpy()
    table, each = fit.coef_table("kenward-roger"), np.eye(len(beta))
    np.testing.assert_allclose(table.se, np.sqrt(np.diag(dense.phi_a)), rtol=1e-7)
    np.testing.assert_allclose(table.df, [oracle_test(dense, beta, row)[1] for row in each], rtol=1e-6)
    found, (f, df, _) = fit.test(each[1:], "kenward-roger"), oracle_test(dense, beta, each[1:])
    assert (found.F, found.den_df) == pytest.approx((f, df), rel=1e-6)
    if list(fit.anova().index) == ["period"]:  # all columns but the intercept
        row = fit.anova(ddf="kenward-roger").iloc[0]
        assert (row.F, row.den_df) == pytest.approx((f, df), rel=1e-6)


def test_a_variance_at_zero_by_maximum_likelihood_may_be_positive_by_restricted():
    rng = np.random.default_rng(2)
    s = rng.binomial(20, 0.4, size=8).astype(float)
    data = pd.DataFrame({"s": s, "f": 20 - s, "g": np.arange(8), "z": np.arange(8) % 2})
    fit = ranef.glmer("cbind(s, f) ~ z + (1 | g)", data)
    table = fit.coef_table("kenward-roger")
    assert np.isfinite(table.to_numpy()).all() and (table.df > 0).all()


def test_it_is_refused_where_it_does_not_belong():
    data = ranef.datasets.load("cbpp")
    fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data, prior=2.0)
    with pytest.raises(ArgumentError, match="prior="):
        fit.coef_table("kenward-roger")
    with pytest.raises(ArgumentError, match="working linear model"):
        fit.coef_table("satterthwaite")


def test_a_contrast_within_groups_that_no_variance_touches_has_a_normal_test():
    rng = np.random.default_rng(4)
    data = pd.DataFrame({"g": np.repeat(np.arange(12), 6), "x": np.tile([0.0, 1.0], 36)})
    data["y"] = rng.poisson(np.exp(1 + 0.3 * data["x"] + 0.4 * rng.normal(size=12)[data["g"]]))
    fit = ranef.glmer("y ~ x + (1 | g)", data, "poisson")
    row = fit.coef_table(ddf="kenward-roger").loc["x"]
    assert row["df"] == np.inf
    assert row["p"] == pytest.approx(2 * stats.norm.sf(abs(row["t"])))
    one = fit.test("x = 0", ddf="kenward-roger")
    both = fit.test(["x = 0", "Intercept = 0"], ddf="kenward-roger")
    assert one.p == pytest.approx(row["p"])
    assert np.isfinite(both.p)
