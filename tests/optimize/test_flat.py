"""Covariance parameters that no response can tell about: named, everything else as in the model without."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.inference.kenward_roger import f_approximation

S = 24


def words(shown):
    """What is printed, wherever its lines end."""
    return " ".join(str(shown).split())


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(21)
    rows = [(s, age) for s in range(S) for age in range(5)]
    d = pd.DataFrame(rows, columns=["s", "age"])
    d["sex"] = np.where(d.s % 2, "M", "F")
    d["male"] = np.where(d.s % 2, 1.0, 0.0)
    d["female"] = 1 - d.male
    d["zero"] = 0.0
    d["same"] = "t" + d.s.astype(str)
    d["site"] = "k" + (d.s % 6).astype(str)
    effects = rng.normal(size=S)[d.s] * (1 + d.s % 2) + rng.normal(0, 0.4, S)[d.s] * d.age
    d["y"] = effects + 0.3 * d.age + rng.normal(0, 1, len(d))
    return d


# the model with something flat -> one with the same covariance of the response, and what has no estimate
PAIRS = {
    "y ~ age + sex + (0 + sex | s)": ("y ~ age + sex + (0 + sex || s)", ["corr[s.sex[M].sex[F]]"]),
    "y ~ age + sex + (sex | s)": (
        "y ~ age + sex + (0 + sex || s)",
        ["sd[s.sex[T.M]]", "corr[s.sex[T.M].Intercept]"],
    ),
    "y ~ age + (zero | s)": ("y ~ age + (1 | s)", ["sd[s.zero]", "corr[s.zero.Intercept]"]),
    "y ~ age + (age | s) + (1 | s)": ("y ~ age + (age | s)", ["sd[s.1.Intercept]"]),
    "y ~ age + (1 | s) + (1 | same)": ("y ~ age + (1 | s)", ["sd[same.Intercept]"]),
    "y ~ age + site + (age | site)": (
        "y ~ age + site + (0 + age | site)",
        ["sd[site.Intercept]", "corr[site.age.Intercept]"],
    ),
}


@pytest.fixture(scope="module")
def between():
    """A treatment between subjects, and variances that differ by it."""
    rng = np.random.default_rng(3)
    g = np.repeat(np.arange(30), 10)
    x, z = rng.normal(size=300), g % 2
    rng.normal(size=30)
    y = 2 + 0.5 * x + 0.7 * z + rng.normal(size=30)[g] * (1 + 0.5 * z) + rng.normal(size=300)
    return pd.DataFrame({"y": y, "x": x, "zf": np.where(z == 1, "t", "c"), "g": [f"s{i:02d}" for i in g]})


BETWEEN = "y ~ x + zf + (0 + zf || g)"

# By flat.R (lme4 1.1, lmerTest, pbkrtest), the identified models: criterion, sigma, standard deviations,
# and per coefficient estimate, se and df by Satterthwaite, se and df by Kenward-Roger.
LME4 = {
    "y ~ age + sex + (0 + sex || s)": (
        393.360750936, 0.947848888, [1.04934768, 2.41217146], {
            "Intercept": (-0.439771944, 0.3488669228, 14.2703182, 0.3488669228, 14.2703172),
            "age": (0.290231087, 0.0611833826, 95.0, 0.0611833826, 95.0),
            "sex[T.M]": (1.463578941, 0.7788382745, 15.4928310, 0.7788382745, 15.4928316),
        }),
    "y ~ age + (1 | s)": (
        404.092416176, 0.947848884, [1.96479245], {
            "Intercept": (0.292017526, 0.4281481382, 27.2215419, 0.4281481382, 27.2215428),
            "age": (0.290231087, 0.0611833824, 95.0, 0.0611833824, 95.0),
        }),
    "y ~ age + (age | s)": (
        393.491420607, 0.889259966, [1.57195055, 0.21084974], {
            "Intercept": (0.292017526, 0.3503271393, 23.0, 0.3503271393, 23.0),
            "age": (0.290231087, 0.0717449015, 23.0, 0.0717449015, 23.0),
        }),
    "y ~ age + site + (0 + age | site)": (
        492.893326714, 1.93135545, [0.0], {"age": (0.2902310870, 0.124668458, 113.0, 0.124668458, 5.0)}),
    BETWEEN: (
        906.415642769, 0.937262008, [1.02572091, 1.77581876], {
            "Intercept": (2.298425094, 0.2757924515, 14.0237360, 0.275792619, 14.0171222),
            "x": (0.491027954, 0.0560604901, 271.5114196, 0.056100378, 271.5036567),
            "zf[T.t]": (0.477100611, 0.5405551098, 22.7798445, 0.540555256, 22.7754062),
        }),
}  # fmt: skip


def is_as_lme4_says(fit, identified):
    criterion, sigma, _, rows = LME4[identified]
    assert fit.objective == pytest.approx(criterion, abs=1e-6)
    assert fit.sigma == pytest.approx(sigma, rel=1e-6)
    tables = [fit.coef_table(ddf=ddf) for ddf in ("satterthwaite", "kenward-roger")]
    for name, (estimate, *errors) in rows.items():
        ours = [table.loc[name].to_numpy(float)[:3] for table in tables]
        expected = [[estimate, *errors[:2]], [estimate, *errors[2:]]]
        np.testing.assert_allclose(ours, expected, rtol=2e-5)


@pytest.mark.parametrize("formula", ["(zf | g)", "(0 + zf | g)", "(0 + zf || g)"])
def test_a_treatment_between_subjects_has_three_forms_and_one_answer(formula, between):
    fit = ranef.lmer(f"y ~ x + zf + {formula}", between)
    assert fit.converged
    is_as_lme4_says(fit, BETWEEN)


@pytest.fixture(params=PAIRS)
def pair(request, data):
    formula = request.param
    identified, unknown = PAIRS[formula]
    return ranef.lmer(formula, data), ranef.lmer(identified, data), unknown


def test_what_is_identified_is_that_of_the_equivalent_model(pair):
    flat, identified, _ = pair
    assert flat.converged and flat.singular == identified.singular
    assert flat.objective == pytest.approx(identified.objective, abs=1e-6)
    assert flat.sigma == pytest.approx(identified.sigma, rel=1e-6)
    for ddf in ("satterthwaite", "kenward-roger"):
        # the origin of a site's line is the fixed effects' own: its error is not identified
        rows = ["age"] if "site" in flat.params.index[-1] else list(flat.params.index)
        ours, theirs = (fit.coef_table(ddf=ddf).loc[rows].to_numpy(float) for fit in (flat, identified))
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-9)
        ours, theirs = (fit.anova(ddf=ddf).loc[["age"]].to_numpy(float) for fit in (flat, identified))
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-9)
    np.testing.assert_allclose(flat.fittedvalues, identified.fittedvalues, rtol=1e-5, atol=1e-6)


def test_it_is_what_lme4_says_of_the_equivalent_model(pair):
    flat, identified, unknown = pair
    formula = identified.formula if isinstance(identified.formula, str) else identified.formula.text
    is_as_lme4_says(flat, formula)
    if "zero" in flat.params.index or "sex[T.M].Intercept" in str(unknown):
        return  # there the columns have other names
    table = flat.component_table()["estimate"]
    known = [value for name, value in table.items() if name.startswith("sd[") and np.isfinite(value)]
    np.testing.assert_allclose(sorted(known), sorted(LME4[formula][2]), rtol=2e-5, atol=1e-7)


def test_it_is_named_and_has_no_number(pair):
    flat, identified, unknown = pair
    assert identified.optimum.flat is None
    assert "no estimate" in flat.optimum.message
    assert "no estimate" in words(flat)
    assert "no estimate" in words(ranef.diagnose(flat))
    assert "no estimate" in words(flat.redundancy())
    table = flat.component_table()
    assert table.index[table["estimate"].isna()].tolist() == unknown
    assert table.loc[unknown, "se"].isna().all()
    for name in unknown:
        assert table.loc[name, ["lower", "upper"]].tolist() == ([0, np.inf] if name[:2] == "sd" else [-1, 1])
    assert flat.varcorr.to_frame()[["sd"]].isna().sum().item() == sum(name[:2] == "sd" for name in unknown)


def test_it_is_the_same_from_every_start(pair, data):
    flat, _, _ = pair
    for size in (0.1, 1.0, 5.0):
        factors = [size * np.eye(width) for width in flat.model.term_widths]
        start = np.concatenate([factor[np.triu_indices(len(factor))] for factor in factors])
        again = flat.model.fit(start=start)
        assert again.objective == pytest.approx(flat.objective, abs=1e-6)
        np.testing.assert_allclose(again.theta, flat.theta, rtol=1e-3, atol=1e-4)


def test_nothing_breaks(pair):
    flat, _, unknown = pair
    assert np.isfinite(flat.ranova()[["llf", "aic"]].to_numpy(float)).all()
    limits = flat.conf_int(method="profile")
    for name in unknown:
        assert limits.loc[name].tolist() == ([0, np.inf] if name[:2] == "sd" else [-1, 1])
    assert np.isfinite(flat.cov_theta().to_numpy()).all()
    assert "no estimate" in words(flat.summary())


def test_levels_that_the_fixed_effects_tell_apart(data):
    """Then REML is least squares, and the variance has no estimate."""
    fit = ranef.lmer("y ~ age + site + (1 | site)", data)
    X = np.column_stack([data.age, pd.get_dummies(data.site).to_numpy(float)])
    beta, rss = np.linalg.lstsq(X, data.y.to_numpy(), rcond=None)[:2]
    df = len(data) - X.shape[1]
    sigma2 = rss[0] / df
    se = np.sqrt(sigma2 * np.linalg.inv(X.T @ X)[0, 0])
    for ddf in ("satterthwaite", "kenward-roger"):
        row = fit.coef_table(ddf=ddf).loc["age"].to_numpy(float)
        np.testing.assert_allclose(row[:3], [beta[0], se, df], rtol=1e-6)
    assert fit.theta.tolist() == [0.0]
    assert not fit.singular and fit.converged
    assert (
        "the variance of (1 | site) has no estimate: its levels are told apart by the fixed effects"
        in words(fit)
    )
    assert fit.conf_int(method="profile").loc["sd[site.Intercept]"].tolist() == [0, np.inf]
    assert np.isnan(fit.varcorr[0].sd[0])
    assert "no estimate" in words(ranef.diagnose(fit))


def test_by_maximum_likelihood_that_variance_is_zero(data):
    fit = ranef.lmer("y ~ age + site + (1 | site)", data, reml=False)
    assert fit.optimum.flat is None
    assert fit.singular and fit.theta.tolist() == [0.0]


def test_a_likelihood_ratio_needs_no_information_about_what_has_no_estimate():
    """A column of zeros: dropping it changes nothing, and the weights of the mixture cannot be had."""
    rng = np.random.default_rng(21)
    d = pd.DataFrame([(s, age) for s in range(40) for age in range(5)], columns=["s", "age"])
    d["zero"], d["sex"] = 0.0, np.where(d.s % 2, "M", "F")
    for _ in range(4):
        d["y"] = rng.normal(0, 1, 40)[d.s] * (1 + d.s % 2) + 0.3 * d.age + rng.normal(0, 1, len(d))
        row = ranef.lmer("y ~ age + (zero | s)", d).ranova().iloc[1]
        assert row["chisq"] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("start", [None, [0.4, 2.0], [3.0, 0.2]])
def test_an_effect_of_every_row_is_a_part_of_the_residual(data, start):
    """The same estimates from every start, those of the model without it."""
    rows = data.assign(row=[f"r{k}" for k in range(len(data))])
    fit = ranef.lmer("y ~ age + (1 | row) + (1 | s)", rows, allow_saturated=True, start=start)
    other = ranef.lmer("y ~ age + (1 | s)", rows)
    assert fit.converged and "it is a part of the residual variance" in words(fit.optimum)
    assert fit.objective == pytest.approx(other.objective, abs=1e-8)
    np.testing.assert_allclose([*fit.theta, fit.sigma], [0.0, *other.theta, other.sigma], rtol=1e-5)
    np.testing.assert_allclose(fit.bse, other.bse, rtol=1e-5)


def test_variances_that_together_are_the_residual_one(data):
    """One row of each age a subject: as by nlme's varIdent, of which the parts have no estimate."""
    frame = data.assign(visit="v" + data.age.astype(str))
    fit = ranef.lmer("y ~ age + (0 + visit || s)", frame, allow_saturated=True)
    whole = ranef.gls("y ~ age", frame, dispersion="~ visit")
    assert fit.converged and fit.objective == pytest.approx(whole.objective, abs=1e-6)
    np.testing.assert_allclose(fit.params, whole.params, rtol=1e-5)
    np.testing.assert_allclose(fit.bse, whole.bse, rtol=1e-5)
    assert fit.varcorr.to_frame()["sd"].isna().all() and np.isnan(fit.glance()["sigma"].iloc[0])
    for method in ("wald", "profile"):
        ends = fit.conf_int(method=method, parameters="random").filter(regex="sigma|sd", axis=0)
        assert (ends.to_numpy() == [0.0, np.inf]).all() and len(ends) == 6
    for shown in (fit.summary(), ranef.diagnose(fit), fit.redundancy()):
        assert "he residual variance has no estimate: other variances" in words(shown)
    again = fit.model.fit(start=[2.0, 0.1, 1.0, 3.0, 0.5])
    np.testing.assert_allclose(again.theta, fit.theta, atol=1e-4)


def test_a_slope_in_levels_that_a_fixed_effect_fits_too(data):
    """Most levels do not have it; those that do are as few as the coefficients."""
    frame = data.assign(z=np.where(data.s == 3, data.age, 0.0))
    fit, other = (ranef.lmer(f"y ~ age + z + (1 | s){more}", frame) for more in (" + (0 + z | s)", ""))
    assert fit.varcorr.to_frame()["sd"].isna().tolist() == [False, True, False]
    assert fit.objective == pytest.approx(other.objective, abs=1e-6)
    np.testing.assert_allclose(fit.coef_table(), other.coef_table(), rtol=1e-5)


def test_the_criterion_of_what_is_held_is_that_of_the_model_without_it(data):
    """The search runs off along a variance that no response can tell about, to where digits are lost."""
    frame = data.assign(half=data.s.astype(str) + np.where(data.age < 2, "a", "b"))
    fit, other = ranef.lmer("y ~ s + half + (1 | half)", frame), ranef.gls("y ~ s + half", frame)
    assert fit.objective == pytest.approx(other.objective, abs=1e-6)
    assert fit.objective == pytest.approx(fit.model.objective(fit.theta), abs=1e-9)
    rows = fit.predict(frame.iloc[:3], interval="prediction")
    np.testing.assert_allclose(rows["fit"], other.predict(frame.iloc[:3]), rtol=1e-6)


@pytest.mark.parametrize("a2", [0.5, 0.5 - 1e-15, 0.5 + 1e-15, 0.1])
def test_degrees_of_freedom_of_one_contrast(a2):
    """Kenward and Roger (1997): A1 = A2 and m = 2 / A2 for one contrast; V2 = 1 - 2 A2 may be zero."""
    np.testing.assert_allclose(f_approximation(a2, a2, 1), (2 / a2, 1.0), rtol=1e-12)
