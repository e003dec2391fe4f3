"""Residuals beside their covariance, as numbers and as pictures."""

import numpy as np
import pytest
import ranef
from ranef.errors import ArgumentError


@pytest.fixture(scope="module")
def growth():
    return ranef.datasets.load("Orthodont")


# nlme 3.1-162: ACF(gls(distance ~ age, Orthodont, correlation = corAR1(form = ~ 1 | Subject)), resType =),
# the same with lme(random = ~ 1 | Subject), and with weights = varIdent(form = ~ 1 | Sex)
@pytest.mark.parametrize(
    ("fit", "type", "expected"),
    [
        (lambda d: ranef.gls("distance ~ age", d, residual="ar1(age | Subject)"), "pearson",
         [0.6775991872, 0.7149951970, 0.6157974973]),
        (lambda d: ranef.gls("distance ~ age", d, residual="ar1(age | Subject)"), "normalized",
         [-0.2383372757, 0.4650098116, 0.1330826643]),
        (lambda d: ranef.lmer("distance ~ age + (1 | Subject)", d, residual="ar1(age | Subject)"), "pearson",
         [-0.2612633986, -0.1397923580, -0.6278486821]),
        (lambda d: ranef.lmer("distance ~ age + (1 | Subject)", d, residual="ar1(age | Subject)"),
         "normalized", [-0.2987920298, -0.1035022907, -0.6066001099]),
        (lambda d: ranef.gls("distance ~ age", d, residual="ar1(age | Subject)", dispersion="~ Sex"),
         "pearson", [0.7746370874, 0.7826797524, 0.7559957894]),
    ],
)  # fmt: skip
def test_autocorrelations_are_those_of_nlme(growth, fit, type, expected):
    table = fit(growth).acf(type=type)
    assert table.lag.tolist() == [2, 4, 6] and table.pairs.tolist() == [81, 54, 27]
    np.testing.assert_allclose(table.observed, expected, atol=3e-6)


def test_spread_is_that_of_nlme(growth):
    table = ranef.gls("distance ~ age", growth, residual="ar1(age | Subject)", dispersion="~ Sex").spread()
    np.testing.assert_allclose(table.observed, [2.851229306, 2.229974702], rtol=1e-6)
    np.testing.assert_allclose(table.model, [3.635052566, 1.880907764], rtol=1e-5)


def test_visits_are_counted_between(trial):
    """By hand: pairs of rows of one subject one and two visits apart."""
    fit = trial
    visits, e = fit.model.visits, np.asarray(fit.residuals("pearson"))
    for lag, observed, pairs in fit.acf()[["lag", "observed", "pairs"]].itertuples(index=False):
        products = [
            e[i] * e[j]
            for i in range(fit.nobs)
            for j in np.flatnonzero(visits.subject == visits.subject[i])
            if visits.visit[j] - visits.visit[i] == lag
        ]
        assert len(products) == pairs
        np.testing.assert_allclose(observed, np.mean(products) / np.mean(e**2))


def test_gaps_and_missing_rows_have_their_own_distance(growth):
    fit = ranef.gls("distance ~ age", growth.drop(index=growth.index[1]), residual="ar1(age | Subject)")
    assert fit.acf().pairs.tolist() == [79, 53, 27]
    assert fit.acf(lags=2).lag.tolist() == [2]
    with pytest.raises(ArgumentError, match="residual="):
        ranef.gls("distance ~ age", growth, dispersion="~ Sex").acf()


@pytest.fixture(scope="module")
def trial():
    data = ranef.datasets.load("asthma")
    return ranef.mmrm("fev1 ~ baseline + visit + us(visit | id)", data[data.id.isin(data.id.unique()[:40])])


@pytest.fixture(scope="module")
def kinds(growth, trial):
    formula = "distance ~ age + (1 | Subject)"
    return {
        "gls": ranef.gls("distance ~ age", growth, residual="ar1(age | Subject)"),
        "mmrm": trial,
        "residual": ranef.lmer(formula, growth, residual="ar1(age | Subject)"),
        "dispersion": ranef.lmer(formula, growth, dispersion="~ Sex"),
    }


@pytest.mark.parametrize("kind", ["gls", "mmrm", "residual", "dispersion"])
def test_pictures_of_covariance(kinds, kind):
    plot = kinds[kind].plot
    axis = plot.spread()
    table = kinds[kind].spread()
    np.testing.assert_allclose(axis.lines[0].get_xdata(), table.observed)
    if kind == "dispersion":
        with pytest.raises(ArgumentError, match="residual="):
            plot.acf()
        return
    axis = plot.acf()
    np.testing.assert_allclose(axis.lines[0].get_ydata(), kinds[kind].acf().model)
    assert plot.acf(type="normalized").get_ylabel() == "correlation of residuals"


def test_pictures_of_fits_without_random_effects(kinds):
    for kind in ("gls", "mmrm"):
        axes = kinds[kind].plot()
        assert [axis.get_xlabel() for axis in axes][1] == "normal quantile"
        points = np.asarray(axes[0].collections[0].get_offsets())
        np.testing.assert_allclose(points[:, 1], kinds[kind].residuals("normalized"))
    with pytest.raises(ArgumentError, match="residual= or dispersion="):
        ranef.plots.acf(ranef.lmer("distance ~ age + (1 | Subject)", ranef.datasets.load("Orthodont")))
