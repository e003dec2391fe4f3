"""What no response can tell about, beside residuals with a covariance of their own."""

import numpy as np
import pandas as pd
import pytest
import ranef

RNG = np.random.default_rng(14)
G, T = np.repeat(np.arange(20), 5), np.tile(np.arange(5), 20)
SIZES = np.where(np.arange(20) % 2, 0.8, 1.6)
DATA = pd.DataFrame(
    {
        "g": [f"g{k:02d}" for k in G],
        "t": T,
        "site": np.where(G % 2, "wood", "field"),
        "place": np.where(G % 2, "w", "f"),
        "x": RNG.normal(size=100),
        "none": 0.0,
        "y": RNG.normal(size=100) + (RNG.normal(size=20) * SIZES)[G],
    }
)
RESIDUALS = [{"residual": "ar1(t | g)"}, {"dispersion": "~ site"}]


@pytest.mark.parametrize("residuals", RESIDUALS)
def test_the_redundant_is_named_and_costs_nothing(residuals):
    fit = ranef.lmer("y ~ x + (none | g)", DATA, **residuals)
    table = fit.redundancy().simpler
    assert table.set_index("becomes")["cost"]["(Intercept | g)"] == pytest.approx(0, abs=1e-6)
    ends = fit.profile(["sd[g.none]", "sd[g.Intercept]"]).conf_int()
    other = ranef.lmer("y ~ x + (1 | g)", DATA, **residuals)
    assert ends.loc["sd[g.none]"].to_list() == [0.0, np.inf]
    expected = other.profile(["sd[g.Intercept]"]).conf_int()
    np.testing.assert_allclose(ends.loc["sd[g.Intercept]"], expected.loc["sd[g.Intercept]"], rtol=1e-4)


@pytest.mark.parametrize("verb", [ranef.gls, ranef.lmer])
def test_two_columns_that_say_the_same_of_the_standard_deviation(verb):
    formula = "y ~ x" if verb is ranef.gls else "y ~ x + (1 | g)"
    with pytest.raises(ranef.DataError, match=r"'place\[T.w\]' of dispersion= is a combination"):
        verb(formula, DATA, dispersion="~ site + place")


NESTED = DATA.assign(row=[f"r{k:03d}" for k in range(100)], odd=np.where(T % 2, "yes", "no"))
SAME = [  # random terms, the residuals' parameters, rows, the identified model
    ("(1 | g)", {"residual": "ar1(t | g)"}, T < 2, "y ~ x + (1 | g)", {}),
    ("(1 | row) + (1 | g)", {"dispersion": "~ site"}, T >= 0, "y ~ x + (1 | g)", {"dispersion": "~ site"}),
    ("(0 + odd || g)", {"dispersion": "~ odd"}, T < 2, "y ~ x", {"dispersion": "~ odd"}),
]


@pytest.mark.parametrize(("terms", "residuals", "rows", "formula", "identified"), SAME)
def test_what_random_effects_say_as_well_has_no_estimate(terms, residuals, rows, formula, identified):
    """All else is as in a model that says it once: a compound symmetry, one variance for each stratum."""
    data = NESTED[rows]
    fit = ranef.lmer(f"y ~ x + {terms}", data, allow_saturated=True, **residuals)
    other = (ranef.lmer if "|" in formula else ranef.gls)(formula, data, **identified)
    assert fit.converged and fit.objective == pytest.approx(other.objective, abs=1e-6)
    np.testing.assert_allclose(fit.params, other.params, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(fit.bse, other.bse, rtol=1e-4)
    np.testing.assert_allclose(fit.df, other.coef_table("satterthwaite")["df"], rtol=1e-3)
    assert fit.residual.parameters[["estimate", "se"]].isna().all(axis=None)
    components = fit.varcorr.to_frame().set_index("group")["sd"]
    known = components[components.notna()]
    assert known.index.tolist() == (["g"] if "row" in terms else [])
    if "row" in terms:
        assert known["g"] == pytest.approx(other.varcorr["g"].sd[0], rel=1e-4)
    if "ar1" not in str(residuals):
        with pytest.raises(ranef.ArgumentError, match="needs an estimate of every variance, and the"):
            fit.coef_table("kenward-roger")
    said = " ".join(str(ranef.diagnose(fit)).split())
    assert said.count("has no estimate") == len(components) - len(known) + len(fit.residual.parameters)


ABSORBED = DATA.assign(alone=[f"r{k}" if k < 6 else "base" for k in range(100)])
ABSORBED["stratum"] = np.where(np.arange(100) < 6, "six", "others")


@pytest.mark.parametrize("verb", [ranef.gls, ranef.lmer])
def test_a_stratum_that_fixed_effects_fit_exactly_has_no_estimate(verb):
    """All else is as in the model of one variance."""
    formula = "y ~ x + alone" + ("" if verb is ranef.gls else " + (1 | g)")
    fit, plain = verb(formula, ABSORBED, dispersion="~ stratum"), verb(formula, ABSORBED)
    assert fit.converged
    assert fit.objective == pytest.approx(plain.objective, abs=1e-6)
    row = fit.residual.parameters.iloc[0]
    assert np.isnan(row["estimate"]) and np.isnan(row["se"])
    others = ["x"] if verb is ranef.lmer else ["x", "Intercept"]
    np.testing.assert_allclose(fit.bse[others], plain.bse[others], rtol=1e-5)
    for shown in (fit.summary(), ranef.diagnose(fit)):
        assert "log sd stratum[T.six] has no estimate: the fixed effects fit" in " ".join(str(shown).split())
    assert fit.residual_intervals().iloc[0, 1:].to_list() == [-np.inf, np.inf]
    with pytest.raises(ranef.FitError, match="by maximum likelihood has none"):  # there it runs to zero
        fit.profile("random")


@pytest.mark.parametrize("verb", [ranef.gls, ranef.lmer])
def test_a_reference_stratum_that_fixed_effects_fit_exactly(verb):
    """Sigma is its standard deviation: that of the others is what the model of one variance has."""
    levels = pd.Categorical(ABSORBED.stratum, ["six", "others"])
    formula = "y ~ x + alone" + ("" if verb is ranef.gls else " + (1 | g)")
    fit = verb(formula, ABSORBED.assign(stratum=levels), dispersion="~ stratum")
    plain = verb(formula, ABSORBED)
    assert fit.converged and fit.objective == pytest.approx(plain.objective, abs=1e-6)
    assert np.isnan(fit.residual.sd["six"])
    assert fit.residual.sd["others"] == pytest.approx(plain.sigma, rel=1e-5)
    one, other = (found.coef_table("satterthwaite").loc["x"] for found in (fit, plain))
    np.testing.assert_allclose(one, other, rtol=1e-3)
    assert fit.bse.filter(like="alone").isna().all()
    if verb is ranef.lmer:
        sd = fit.varcorr.to_frame()["sd"]
        assert np.isnan(sd.iloc[-1]) and sd.iloc[0] == pytest.approx(plain.varcorr["g"].sd[0], rel=1e-5)


@pytest.mark.parametrize("verb", [ranef.gls, ranef.lmer])
def test_errors_of_coefficients_that_depend_on_it_have_no_number(verb):
    """Their own, and those of their contrasts; what other rows tell is as in the model of one variance."""
    formula = "y ~ x + alone" + ("" if verb is ranef.gls else " + (1 | g)")
    fit, plain = verb(formula, ABSORBED, dispersion="~ stratum"), verb(formula, ABSORBED)
    own = [name for name in fit.params.index if name.startswith("alone")]
    assert len(own) == 6 and fit.params.notna().all()
    for method in ("satterthwaite", "residual", *(["kenward-roger"] if verb is ranef.gls else [])):
        table = fit.coef_table(method)
        assert table.loc[own, ["se", "df", "t", "p"]].isna().all(axis=None)
        expected = plain.coef_table(method).loc["x", "se"]
        np.testing.assert_allclose(table.loc["x", "se"], expected, rtol=1e-4)
    assert fit.bse[own].isna().all() and fit.tvalues[own].isna().all() and fit.pvalues[own].isna().all()
    limits = fit.conf_int()
    assert limits.loc[own].isna().all(axis=None) and limits.loc["x"].notna().all()
    covariance = np.asarray(fit.vcov)
    assert np.isnan(covariance.diagonal()).sum() == 6 and np.isfinite(covariance[:2, :2]).all()
    anova = fit.anova()
    assert np.isfinite(anova.loc["x", "p"]) and np.isnan(anova.loc["alone", "p"])
    difference = np.zeros((1, len(fit.params)))
    difference[0, [fit.params.index.get_loc(own[0]), fit.params.index.get_loc(own[1])]] = 1, -1
    assert fit.test(difference).each["se"].isna().all()
    assert "is NaN" in " ".join(str(ranef.diagnose(fit)).split())


@pytest.mark.parametrize("verb", [ranef.gls, ranef.lmer])
def test_predictions_of_such_rows_have_no_standard_error(verb):
    """Those of other rows are as in the model of one variance; the mean of all is known."""
    formula = "y ~ x + alone" + ("" if verb is ranef.gls else " + (1 | g)")
    fit, plain = verb(formula, ABSORBED, dispersion="~ stratum"), verb(formula, ABSORBED)
    rows = ABSORBED.iloc[[0, 5, 50, 60]]
    for interval in ("confidence", "prediction"):
        found, other = (one.predict(rows, interval=interval) for one in (fit, plain))
        np.testing.assert_allclose(found["fit"], other["fit"], rtol=1e-4)
        assert found.iloc[:2, 1:].isna().all(axis=None)
        np.testing.assert_allclose(found["se"].iloc[2:], other["se"].iloc[2:], rtol=1e-4)
        assert found.iloc[2:].notna().all(axis=None)
