"""The acceleration: leave-one-group-out refits against plain fits without the group."""

import numpy as np
import polars as pl
import pytest
import ranef
from bootstrap.standin import ratio
from ranef.bootstrap.replicates.acceleration import accelerations, leave_out_estimates
from ranef.bootstrap.schemes.independent import independent_factor
from reference_battery import load_model


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("ss_slope_reml", "Subject"),
        ("ss_slope_ml", "Subject"),
        ("pastes_reml", "batch"),
        ("pen_reml", "plate"),
    ],
)
def test_refits_are_plain_fits_without_the_group(fit_of, name, group):
    fit, model = fit_of(name), load_model(name)
    assert fit.model.design.factors[independent_factor(fit.model.design)].name == group
    result = fit.bootstrap(2, seed=1, progress=False)
    found = leave_out_estimates(fit, result)
    data = model.frame()
    levels = fit.model.design.factors[independent_factor(fit.model.design)].levels
    assert len(found) == len(levels)
    for row in (0, len(levels) // 2, len(levels) - 1):
        rest = data[data[group].astype(str) != str(levels[row])]
        refit = ranef.lmer(model.formula, rest, **model.arguments)
        assert found.loc[row, "sigma"] == pytest.approx(refit.sigma, rel=1e-5)
        assert np.allclose(found.loc[row, list(fit.params.index)], refit.params, rtol=1e-5)
        sd = np.concatenate([component.sd for component in refit.varcorr])
        assert np.allclose(found.loc[row, list(result.names.sd)], sd, rtol=1e-3, atol=1e-4)


def test_acceleration_of_a_mean_is_its_skewness():
    # Without random effects to speak of, the intercept is the mean: a = skewness of the groups / (6 sqrt(J)).
    rng = np.random.default_rng(3)
    means = rng.exponential(size=25)
    data = {"y": np.repeat(means, 8) + 1e-3 * rng.normal(size=200), "g": np.repeat(np.arange(25), 8)}
    fit = ranef.lmer("y ~ 1 + (1 | g)", data)
    result = fit.bootstrap(2, seed=1, progress=False)
    centred = means - means.mean()
    expected = (centred**3).sum() / (6 * (centred**2).sum() ** 1.5)
    assert accelerations(result, ["Intercept"])["Intercept"] == pytest.approx(expected, rel=1e-2)


def test_statistic_too(fit_of):
    fit = fit_of("ss_slope_reml")
    result = fit.bootstrap(500, seed=1, statistic=ratio, progress=False)
    found = leave_out_estimates(fit, result)
    assert np.allclose(found["ratio"], found["Days"] / found["sigma"])
    assert result.conf_int(method="bca").loc["ratio"].notna().all()


def test_a_variance_of_zero(fit_of):
    """Zero without any group, too: no skewness; a correlation that is never defined has no interval."""
    fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff2"))
    result = fit.bootstrap(200, seed=1, progress=False)
    found = accelerations(result, ["theta1", "sigma"])
    assert found["theta1"] == 0.0 and found["sigma"] != 0.0
    limits = result.conf_int(method="bca", parameters="all")
    assert limits.loc["theta1", "lower"] == 0.0 < limits.loc["theta1", "upper"]
    rng = np.random.default_rng(5)
    g = np.repeat(np.arange(12), 6)
    data = {"y": rng.normal(size=72), "x": rng.normal(size=72), "g": g}
    flat = ranef.lmer("y ~ x + (x | g)", data)
    limits = flat.bootstrap(60, seed=1, progress=False).conf_int(method="bca")
    assert limits.loc[["Intercept", "x", "sigma"]].notna().all(axis=None)


def test_without_the_fit(fit_of):
    result = fit_of("dye_reml").bootstrap(50, seed=1, progress=False).replaced(fit=None)
    with pytest.raises(ranef.ArgumentError, match=r"replaced\(fit=fit\)"):
        result.conf_int(method="bca")


@pytest.mark.parametrize("kind", ["linear", "by refits", "generalised"])
def test_of_data_of_another_library(kind):
    def fitted(table):
        if kind == "generalised":
            return ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", table("cbpp"))
        if kind == "by refits":
            return ranef.gls("distance ~ age", table("Orthodont"), residual="car1(age | Subject)")
        return ranef.lmer("distance ~ age + (1 | Subject)", table("Orthodont"))

    def in_polars(name):
        return pl.from_pandas(ranef.datasets.load(name))

    fits = [fitted(table) for table in (ranef.datasets.load, in_polars)]
    names = list(fits[0].params.index)
    plain, other = (accelerations(fit.bootstrap(2, seed=1, progress=False), names) for fit in fits)
    np.testing.assert_allclose(other, plain, rtol=1e-5)
