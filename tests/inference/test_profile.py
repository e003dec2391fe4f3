"""Likelihood profiles: exact limits against lme4's criterion and the dense oracle, hard cases, bad input."""

import re

import numpy as np
import oracle
import pandas as pd
import pytest
import ranef
from conftest import fitted
from grouped_oracle import grouped_deviance
from oracle_design import reference_design
from reference_battery import (
    all_models,
    canonical,
    load_data,
    load_model,
    load_table,
    manifest,
    translate_name,
)
from scipy.optimize import minimize, minimize_scalar

EXACT = {name: about for name, about in load_table("profile_exact").items() if "names" in about}
FORMULA = {"mach_inter": "score ~ Machine + (1 | Worker) + (1 | Worker:Machine)"}


def exact_fit(name):
    about = EXACT[name]
    frame = load_data(about["data"])
    formula, weights = about["formula"], about["weights"]
    options = {"weights": frame[weights].to_numpy(float)} if weights else {}
    return ranef.lmer(formula, frame, reml=False, **options), about


def our_name(theirs, fit):
    """lme4's name of a parameter as ours: sd_Days|Subject -> sd[Subject.Days]."""
    if match := re.fullmatch(r"(sd|cor)_(.+)\|(.+)", theirs):
        kind, columns, group = match.groups()
        if group not in fit.ngroups:
            group = ":".join(reversed(group.split(":")))
        columns = columns.replace("(Intercept)", "Intercept")
        return f"{'corr' if kind == 'cor' else 'sd'}[{group}.{columns}]"
    return theirs


def position(name, index, data):
    """The row of the table a coefficient of R's is in."""
    if name in index:
        return name
    wanted = translate_name(name, manifest()[data]["columns"], None)
    return next(label for label in index if canonical(label) == wanted)


@pytest.mark.parametrize("name", [name for name in EXACT if name != "school_crossed"])
def test_limits_are_exact(name):
    """Roots of lme4's own deviance, by R's uniroot."""
    fit, about = exact_fit(name)
    limits = fit.conf_int(method="profile")
    assert fit.objective == pytest.approx(about["deviance"], abs=1e-6)
    for theirs, lower, upper in zip(about["names"], about["lower"], about["upper"], strict=True):
        row = limits.loc[position(our_name(theirs, fit), limits.index, about["data"])]
        width = upper - lower
        if name == "dye2" and theirs == "(Intercept)":
            # R stays at the boundary where the deviance is lower inside: see the next test
            assert row["lower"] <= lower + 1e-6 and row["upper"] >= upper - 1e-6
            continue
        assert row["lower"] == pytest.approx(lower, abs=1e-6 * width), theirs
        assert row["upper"] == pytest.approx(upper, abs=1e-6 * width), theirs


def test_where_the_reference_stays_at_the_boundary():
    """Dyestuff2: with the mean held away from its estimate a batch variance fits better than none."""
    fit = fitted("dye2_ml")
    limits = fit.conf_int(method="profile", parameters="Intercept")
    design = reference_design(all_models(match="^dye2_ml$")[0])

    def deviance(mean):
        held = design.__class__(design.y - mean, design.X[:, :0], (), design.terms, None)

        def at(theta):
            H = oracle.relative_covariance(held, [theta])
            n = len(held.y)
            rss = held.y @ np.linalg.solve(H, held.y)
            return np.linalg.slogdet(H)[1] + n * (1 + np.log(2 * np.pi * rss / n))

        return minimize_scalar(at, bounds=(0, 2), method="bounded", options={"xatol": 1e-10}).fun

    for limit in limits.loc["Intercept"]:
        assert deviance(limit) - fit.objective == pytest.approx(3.841458820694124, abs=1e-6)


# Where confint()'s limits are not the roots of lme4's own deviance (checked below, or in profile_exact)
SPLINE_FAILS = {
    "ss_weights_ml": "profiles of the installed version lose the weights of a held coefficient",
    "ss_offset_arg_ml": "and the offset argument",
    "cake_slope_c_ml": "a spline through few points near a singular fit",
    "ss_noint_ml": "the same",
    "ss_logx_ml": "the same",
}


def profiled_by_lme4():
    """The models for which R computed limits by profile, one or more."""
    models = {model.name: model for model in all_models(big=False, reml=False, match="_ml$")}
    found = {name: m for name, m in models.items() if (m.raw.get("profile_ci") or {}).get("lower")}
    assert found.keys() >= SPLINE_FAILS.keys()
    return [model for name, model in found.items() if name not in SPLINE_FAILS]


@pytest.mark.parametrize("model", profiled_by_lme4(), ids=str)
def test_splines_of_lme4_agree(model):
    """confint(method = "profile") reads its limits off splines: looser."""
    about = model.raw["profile_ci"]
    assert not about.get("error")
    fit = fitted(model.name)
    limits = fit.conf_int(method="profile")
    contrasts = model.raw.get("contrasts")
    for theirs, lower, upper in zip(about["names"], about["lower"], about["upper"], strict=True):
        if contrasts and not re.match("sd_|cor_|sigma", theirs):
            continue
        name = theirs if theirs == "sigma" else position(our_name(theirs, fit), limits.index, model.data_name)
        width = upper - lower
        assert limits.loc[name, "lower"] == pytest.approx(lower, abs=4.2e-3 * width), name
        assert limits.loc[name, "upper"] == pytest.approx(upper, abs=4.2e-3 * width), name


@pytest.mark.parametrize(
    ("name", "parameter"),
    [
        ("cake_slope_c_ml", "sd[recipe:replicate.I((temp - 200) / 25)]"),
        ("ss_noint_ml", "corr[Subject.Days.Intercept]"),
        ("ss_logx_ml", "corr[Subject.log(Days + 1).Intercept]"),
    ],
)
def test_limits_where_the_splines_fail(name, parameter):
    """A search from many starts over the oracle, group by group, finds the same height at each limit."""
    fit, design = fitted(name), reference_design(load_model(name))
    deviance, rng = grouped_deviance(design), np.random.default_rng(1)
    for value in fit.conf_int(method="profile", parameters=parameter).loc[parameter]:
        if value in (-1, 0, 1):
            continue

        def parameters_at(x, value=value):
            sigma = np.exp(x[0])
            if parameter.startswith("corr"):
                theta = [abs(x[1]), abs(x[2]) * value, abs(x[2]) * np.sqrt(1 - value**2)]
            else:  # the sd of the second effect: the factor of the reversed term, turned round
                factor = np.array([[value / sigma, 0], [x[1], x[2]]])
                factor = np.linalg.cholesky((factor @ factor.T)[::-1, ::-1] + 1e-14 * np.eye(2))
                theta = factor[[0, 1, 1], [0, 0, 1]]
            return theta, sigma

        def height(x, parameters_at=parameters_at):
            return deviance(*parameters_at(x))

        size = max(fit.theta)
        starts = rng.normal(size=(8, 3)) * [0.1, size, size] + [np.log(fit.sigma), 0, 0]
        options = {"xatol": 1e-6, "fatol": 1e-9, "maxiter": 3000}
        searches = [minimize(height, x, method="Nelder-Mead", options=options) for x in starts]
        lowest = min(found.fun for found in searches)
        for found in searches:
            theta, sigma = parameters_at(found.x)
            assert oracle.deviance(design, theta, sigma) == pytest.approx(found.fun, rel=1e-9)
        assert lowest - fit.objective == pytest.approx(3.841458820694124, abs=1e-4)


def test_a_reml_fit_is_refitted_and_says_so():
    reml, ml = fitted("ss_slope_reml").profile(), fitted("ss_slope_ml").profile()
    pd.testing.assert_frame_equal(reml.conf_int(), ml.conf_int(), rtol=1e-7)
    assert "refitted by maximum likelihood" in reml.notes[0]
    assert "refitted by maximum likelihood" in repr(reml)
    assert ml.notes == ()


def test_points_are_minima_of_the_deviance():
    """Every point of every curve: the deviance and the other parameters against the dense oracle."""
    fit = fitted("ss_slope_ml")
    design = reference_design(all_models(match="^ss_slope_ml$")[0])
    table = fit.profile().to_frame()
    theta = table[["theta1", "theta2", "theta3"]].to_numpy()
    n = fit.nobs
    for row, point in list(zip(table.itertuples(index=False), theta, strict=True))[::5]:
        values = row._asdict()
        H = oracle.relative_covariance(design, point)
        residual = design.y - design.X @ np.array([values["Intercept"], values["Days"]])
        deviance = (
            np.linalg.slogdet(H)[1]
            + n * np.log(2 * np.pi * row.sigma**2)
            + residual @ np.linalg.solve(H, residual) / row.sigma**2
        )
        assert deviance == pytest.approx(row.deviance, abs=1e-7)
    names = list(dict.fromkeys(table["parameter"]))
    held = table.melt(id_vars=["parameter", "value"], value_name="there", value_vars=names)
    own = held[held["parameter"] == held["variable"]]
    np.testing.assert_allclose(own["there"].astype(float), own["value"], rtol=1e-9, atol=1e-12)


def test_zeta_and_its_inverse():
    profile = fitted("ss_slope_ml").profile()
    limits = profile.conf_int()
    for name in profile:
        expected = [-1.959963984540054, 1.959963984540054]
        assert profile.zeta(name, limits.loc[name]) == pytest.approx(expected, abs=1e-6)
        assert profile.value(name, [0.0])[0] == pytest.approx(profile.estimates[name])
    assert np.isnan(profile.zeta("Days", 1e6))
    table = profile.to_frame()
    for name in profile:  # the ends too, which the table brings back from theta and sigma
        own = table[table["parameter"] == name]
        assert profile.zeta(name, own[name]) == pytest.approx(own["zeta"].to_numpy(), abs=1e-7)
        assert profile.value(name, own["zeta"]) == pytest.approx(own[name].to_numpy(), rel=1e-7, abs=1e-7)


def test_theta_and_chosen_parameters():
    fit = fitted("dye_ml")
    limits = fit.conf_int(method="profile", parameters=["theta1", "sigma"])
    assert list(limits.index) == ["theta1", "sigma"]
    design = reference_design(all_models(match="^dye_ml$")[0])
    for theta in limits.loc["theta1"]:
        rise = oracle.criterion(design, [theta], reml=False) - fit.objective
        assert rise == pytest.approx(3.841458820694124, abs=1e-6)


def test_theta_of_a_vector_valued_term():
    """theta2 of sleepstudy's random slopes: its sign is that of the intercept's column."""
    fit = fitted("ss_slope_ml")
    design = reference_design(all_models(match="^ss_slope_ml$")[0])
    limits = fit.conf_int(method="profile", parameters="theta")
    for limit in limits.loc["theta2"]:
        found = minimize(
            lambda x, at=limit: oracle.criterion(design, [abs(x[0]), at, x[1]], reml=False),
            [fit.theta[0], fit.theta[2]],
            method="Nelder-Mead",
            options={"xatol": 1e-6, "fatol": 1e-9},
        )
        assert found.fun - fit.objective == pytest.approx(3.841458820694124, abs=1e-5)


def test_an_interval_that_ends_at_a_bound_says_so():
    limits = fitted("dye2_ml").conf_int(method="profile")
    assert limits.loc["sd[Batch.Intercept]", "lower"] == 0.0
    assert any("ends at 0" in note for note in limits.attrs["notes"])


def test_perfect_correlation():
    """Orthodont by age: a singular fit with correlation at its bound; the profile stays within [-1, 1]."""
    rng = np.random.default_rng(5)
    groups = np.repeat(np.arange(12), 6)
    x = np.tile(np.arange(6.0), 12)
    y = 1 + x + rng.normal(size=12)[groups] * (1 + 0.8 * x) + 0.5 * rng.normal(size=72)
    fit = ranef.lmer("y ~ x + (x | g)", {"y": y, "x": x, "g": groups}, reml=False)
    limits = fit.conf_int(method="profile")
    low, high = limits.loc["corr[g.x.Intercept]"]
    estimate = fit.varcorr[0].corr[1, 0]
    assert -1 <= low <= estimate <= high <= 1
    assert np.isfinite(limits.to_numpy()).all()


def test_no_variance_leaves_the_correlation_undefined():
    y = np.random.default_rng(3).normal(size=60)
    data = {"y": y, "x": np.tile(np.arange(6.0), 10), "g": np.repeat(np.arange(10), 6)}
    fit = ranef.lmer("y ~ x + (x | g)", data, reml=False)
    profile = fit.profile()
    limits = profile.conf_int()
    assert np.isfinite(limits.to_numpy()).all()
    assert (limits.filter(like="sd[", axis=0)["lower"] == 0).all()
    assert profile.estimates.index[profile.estimates.isna()].tolist() == ["corr[g.x.Intercept]"]
    assert limits.loc["corr[g.x.Intercept]"].tolist() == [-1.0, 1.0]


def test_a_covariate_far_from_zero():
    """Years: the intercept of the year 0 is no obstacle, and the other parameters do not see the shift."""
    frame = load_data("sleepstudy")
    near = ranef.lmer("Reaction ~ Days + (Days | Subject)", frame, reml=False).conf_int(method="profile")
    frame["Year"] = frame["Days"] + 2000.0
    far = ranef.lmer("Reaction ~ Year + (Year | Subject)", frame, reml=False).conf_int(method="profile")
    np.testing.assert_allclose(far.loc["Year"], near.loc["Days"], rtol=1e-6)
    np.testing.assert_allclose(far.loc["sd[Subject.Year]"], near.loc["sd[Subject.Days]"], rtol=1e-6)
    np.testing.assert_allclose(far.loc["sigma"], near.loc["sigma"], rtol=1e-7)


def test_crossed_and_grouped_plans_agree():
    """The average information route (group by group) finds the same limits as the exact Hessian."""
    frame = load_data("Penicillin")
    formula = "diameter ~ 1 + (1 | plate) + (1 | sample)"
    by_class = ranef.lmer(formula, frame, reml=False).conf_int(method="profile")
    model = ranef.Model(formula, frame, reml=False, leading="groups", schur="sparse")
    pd.testing.assert_frame_equal(by_class, model.fit().conf_int(method="profile"), rtol=1e-6)


def test_contour_touches_the_joint_region():
    profile = fitted("ss_slope_ml").profile(level=0.999)
    ring = profile.contour("Intercept", "Days", level=0.9, n=200)
    # the contour's extremes are where each profile alone reaches the joint height
    height = 4.605170185988091**0.5
    for name in ring:
        assert ring[name].max() == pytest.approx(profile.value(name, [height])[0], rel=1e-3)
        assert ring[name].min() == pytest.approx(profile.value(name, [-height])[0], rel=1e-3)
    with pytest.raises(ranef.ArgumentError, match="do not reach"):
        profile.contour("Intercept", "Days", level=1 - 1e-9)
    with pytest.raises(ranef.ArgumentError, match="given twice"):
        profile.contour("Days", "Days")


def test_bad_input():
    fit = fitted("ss_slope_ml")
    with pytest.raises(ranef.ArgumentError, match=r"'days'. There are 'Intercept', 'Days', 'sigma', 'sd\["):
        fit.profile("days")
    with pytest.raises(ranef.ArgumentError, match="level must be"):
        fit.profile(level=95)
    with pytest.raises(ranef.ArgumentError, match="was not profiled"):
        fit.profile("Days").conf_int(parameters="sigma")
    with pytest.raises(ranef.ArgumentError, match="takes no n="):
        fit.conf_int(method="profile", n=3)
    with pytest.raises(ranef.ArgumentError, match="no parameter"):
        fitted("ss_rankdef_ml").profile("I(2 * Days)")  # dropped
