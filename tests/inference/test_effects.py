"""Predictions, comparisons, slopes and effect sizes beside R's emmeans and what is worked out by hand."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import ranef
from scipy.special import expit
from scipy.stats import norm

R = json.loads((Path(__file__).parents[1] / "reference_effects" / "effects.json").read_text(encoding="utf-8"))
COLUMNS = ["estimate", "se", "df", "lower", "upper"]


def load(name):
    return ranef.datasets.load(name)


@pytest.fixture(scope="module")
def oats():
    return ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", load("Oats"))


@pytest.fixture(scope="module")
def cows():
    return ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", load("cbpp"))


@pytest.fixture(scope="module")
def slow():
    data = load("sleepstudy")
    data["slow"] = (data["Reaction"] > 300).astype(int)
    return ranef.glmer("slow ~ Days + (1 | Subject)", data)


def agrees(table, name, rtol=2e-5, estimate="estimate", columns=COLUMNS):
    for column in columns:
        found = table[estimate if column == "estimate" else column]
        np.testing.assert_allclose(found, R[name][column], rtol=rtol, err_msg=f"{name}: {column}")


# ------------------------------------------------------------ predictions
def test_curves_by_group(oats):
    found = oats.predictions("nitro", by="Variety", points=4)
    agrees(found.to_frame(), "oats_curves")
    table = oats.predictions("nitro", by="Variety").to_frame()
    assert len(table) == 75 and table["nitro"].min() == 0 and table["nitro"].max() == 0.6
    assert "extrapolated" not in table


def test_transformed_predictors_are_evaluated():
    data = load("sleepstudy")
    log = ranef.lmer("Reaction ~ log(Days + 1) + (1 | Subject)", data)
    agrees(log.predictions("Days", at={"Days": [0, 3, 9]}).to_frame(), "sleep_log")
    poly = ranef.lmer("Reaction ~ poly(Days, 2) + (1 | Subject)", data)
    agrees(poly.slopes("Days", at={"Days": [0, 9]}).to_frame(), "sleep_poly", rtol=1e-4)


def test_the_scale_before_a_logarithm():
    fit = ranef.lmer("log(yield) ~ nitro + Variety + (1 | Block/Variety)", load("Oats"))
    table = fit.predictions("nitro", at={"nitro": [0, 0.3, 0.6]}, scale="response").to_frame()
    agrees(table, "oats_logged")


def test_generalised_least_squares():
    fit = ranef.gls("distance ~ age * Sex", load("Orthodont"), residual="car1(age | Subject)")
    table = fit.predictions("age", by="Sex", at={"age": [8, 11, 14]}).to_frame()
    agrees(table, "growth", rtol=1e-4, columns=["estimate", "se"])
    assert (table["df"] == 104).all()  # rows less coefficients, as nlme's own table has them


def test_repeated_measures_have_their_own_method():
    fit = ranef.mmrm("fev1 ~ baseline + arm * visit + us(visit | id)", load("asthma"))
    table = fit.predictions("visit", by="arm").to_frame()
    means = fit.lsmeans(["visit", "arm"]).to_frame()
    both = table.merge(means, on=["visit", "arm"])
    assert len(both) == 8
    np.testing.assert_allclose(both["se_x"], both["se_y"])
    np.testing.assert_allclose(both["df_x"], both["df_y"])
    change = fit.comparisons("arm", by="visit").to_frame()
    tested = fit.lsmeans("arm", by="visit").pairs("none", reverse=True).to_frame()
    np.testing.assert_allclose(change[["estimate", "se", "df", "p"]], tested[["estimate", "se", "df", "p"]])


def test_probabilities_of_a_typical_group(cows):
    agrees(cows.predictions("period").to_frame(), "cows", 2e-3, columns=["estimate", "se", "lower", "upper"])
    link = cows.predictions("period", scale="link").to_frame()
    np.testing.assert_allclose(link["estimate"].iloc[0], cows.params["Intercept"])
    whole = cows.predictions("period", averaged=True).to_frame()
    assert (whole["estimate"] > cows.predictions("period").to_frame()["estimate"]).all()


def test_numbers_take_few_values_as_groups():
    rng = np.random.default_rng(1)
    data = {"y": rng.normal(size=90), "x": rng.normal(size=90), "z": rng.normal(2, 3, 90)}
    data["g"] = np.arange(90) % 9
    data["few"] = rng.integers(0, 3, 90).astype(float)
    fit = ranef.lmer("y ~ x * z + x * few + (1 | g)", data)
    found = fit.predictions("x", by="z")
    mean, sd = data["z"].mean(), data["z"].std(ddof=1)
    np.testing.assert_allclose(pd.unique(found.grid["z"]), [mean - sd, mean, mean + sd])
    assert "z is set to its mean and one standard deviation below and above" in str(found)
    assert pd.unique(fit.predictions("x", by="few").grid["few"]).tolist() == [0.0, 1.0, 2.0]


def test_notes_say_what_was_averaged_over(oats):
    assert "Averaged over Variety, with which there is an interaction" in str(oats.predictions("nitro"))
    assert "Averaged over Variety" in str(oats.slopes("nitro"))
    assert "Averaged over Variety" not in str(oats.slopes("nitro", by="Variety"))
    assert "Held at nitro = 0.3" in str(oats.predictions("Variety"))


def test_grids_beyond_the_data_say_so(oats):
    found = oats.predictions("nitro", by="Variety", at={"nitro": [0.0, 1.0]})
    assert "Extrapolated: nitro = 1 beyond the data, 0 to 0.6" in str(found)
    assert found.to_frame()["extrapolated"].tolist() == [False, True] * 3
    assert "Extrapolated: nitro = 2" in str(oats.comparisons("Variety", at={"nitro": 2}))
    data = load("Oats").query("not (Variety == 'Victory' and nitro > 0.3)")
    part = ranef.lmer("yield ~ nitro * Variety + (1 | Block)", data)
    table = part.predictions("nitro", by="Variety", points=4).to_frame()
    assert table["extrapolated"].tolist() == [False] * 10 + [True] * 2
    assert "Beyond the data with the same levels" in str(part.predictions("nitro", by="Variety"))


def test_long_curves_print_a_few_rows(oats):
    text = str(oats.predictions("nitro"))
    assert "5 of 25 values of nitro; to_frame() has all" in text or "6 of 25" in text
    assert len(text.splitlines()) < 12


# ------------------------------------------------------------ slopes and comparisons
def test_slopes_are_those_of_emtrends(oats):
    agrees(oats.slopes("nitro", by="Variety").to_frame(), "oats_slopes")
    agrees(oats.slopes("nitro", by="Variety", over="grid").to_frame(), "oats_slopes")


def test_differences_and_ratios_of_probabilities(cows):
    columns = ["estimate", "se", "lower", "upper"]
    agrees(cows.comparisons("period").to_frame(), "cows_difference", 2e-3, columns=columns)
    agrees(cows.comparisons("period", kind="ratio").to_frame(), "cows_ratio", 2e-3, columns=columns)
    agrees(cows.comparisons("period", kind="odds_ratio").to_frame(), "cows_odds", 2e-3, columns=columns)
    link = cows.comparisons("period", scale="link").to_frame()
    np.testing.assert_allclose(link["estimate"], cows.params.iloc[1:])
    np.testing.assert_allclose(link["se"], cows.bse.iloc[1:])


def test_the_average_slope_of_a_probability(slow):
    table = slow.slopes("Days").to_frame()
    np.testing.assert_allclose(table["estimate"], R["slow"]["estimate"], rtol=1e-4)
    np.testing.assert_allclose(table["se"], R["slow"]["se"], rtol=2e-3)
    at = slow.slopes("Days", at={"Days": [0, 4.5, 9]}).to_frame()
    agrees(at, "slow_at", 2e-3, columns=["estimate", "se"])


def test_an_average_comparison_by_hand(slow):
    """Every row's probability half a day later less that half a day earlier."""
    beta, V = slow.params.to_numpy(), slow.cov_params().to_numpy()
    X = slow.model.design.X
    half = np.array([0, 0.5])
    late, early = X + half, X - half
    p, q = expit(late @ beta), expit(early @ beta)
    gradient = ((p * (1 - p))[:, None] * late - (q * (1 - q))[:, None] * early).mean(axis=0)
    expected, se = (p - q).mean(), np.sqrt(gradient @ V @ gradient)
    table = slow.comparisons("Days").to_frame().iloc[0]
    assert table["estimate"] == pytest.approx(expected, rel=1e-12)
    assert table["se"] == pytest.approx(se, rel=1e-9)
    assert table["p"] == pytest.approx(2 * norm.sf(expected / se), rel=1e-6)
    assert table["contrast"] == "+1"


def test_contrasts_of_numbers(oats):
    nitro = np.asarray(load("Oats")["nitro"], dtype=float)
    slope = oats.slopes("nitro").to_frame()["estimate"].iloc[0]
    for contrast, factor in (
        (None, 1.0),
        (0.25, 0.25),
        ((0.2, 0.6), 0.4),
        ("sd", nitro.std(ddof=1)),
        ("iqr", np.subtract(*np.quantile(nitro, [0.75, 0.25]))),
        ("minmax", 0.6),
    ):
        table = oats.comparisons("nitro", contrast=contrast).to_frame()
        assert table["estimate"].iloc[0] == pytest.approx(factor * slope), contrast


def test_contrasts_of_factors(oats):
    means = oats.predictions("Variety", at={"nitro": 0.4}).to_frame().set_index("Variety")["estimate"]
    all_ = oats.comparisons("Variety", contrast="pairwise", at={"nitro": 0.4}).to_frame()
    assert all_["contrast"].tolist()[0] == "Marvellous - Golden Rain" and len(all_) == 3
    chain = oats.comparisons("Variety", contrast="sequential", at={"nitro": 0.4}).to_frame()
    np.testing.assert_allclose(chain["estimate"], np.diff(means))
    one = oats.comparisons("Variety", contrast=("Victory", "Golden Rain"), at={"nitro": 0.4}).to_frame()
    assert one["estimate"].iloc[0] == pytest.approx(means["Golden Rain"] - means["Victory"])


def test_averages_over_rows_and_over_a_grid_differ_where_data_are_unbalanced():
    data = load("Oats").iloc[:60]
    fit = ranef.lmer("yield ~ nitro * Variety + (1 | Block)", data)
    share = data["Variety"].value_counts(normalize=True)
    each = fit.slopes("nitro", by="Variety").to_frame().set_index("Variety")["estimate"]
    rows = fit.slopes("nitro").to_frame()["estimate"].iloc[0]
    grid = fit.slopes("nitro", over="grid").to_frame()["estimate"].iloc[0]
    assert rows == pytest.approx(sum(share[name] * each[name] for name in each.index))
    assert grid == pytest.approx(each.mean())
    assert grid == pytest.approx(ranef.emtrends(fit, None, "nitro").to_frame()["trend"].iloc[0])


def test_all_predictors_at_once(oats):
    assert oats.comparisons().to_frame()["variable"].tolist() == ["nitro", "Variety", "Variety"]
    assert oats.slopes().to_frame()["variable"].tolist() == ["nitro"]


def test_codes_and_booleans():
    rng = np.random.default_rng(3)
    data = pd.DataFrame({"y": rng.normal(size=120), "g": np.arange(120) % 12, "dose": np.arange(120) % 3})
    data["on"] = rng.uniform(size=120) < 0.5
    fit = ranef.lmer("y ~ C(dose) * on + (1 | g)", data)
    table = fit.comparisons("dose", by="on", contrast="pairwise").to_frame()
    assert table["contrast"].tolist()[::2] == ["1 - 0", "2 - 0", "2 - 1"]
    beta = fit.params
    np.testing.assert_allclose(table["estimate"].iloc[:2], [beta.iloc[1], beta.iloc[1] + beta.iloc[-2]])
    on = fit.comparisons("on", at={"dose": [0, 2]}).to_frame()
    assert on["contrast"].tolist() == ["True - False"] * 2
    assert on["estimate"].iloc[0] == pytest.approx(beta["on"])
    np.testing.assert_allclose(fit.predictions("dose", by="on").to_frame()["estimate"].iloc[0], beta.iloc[0])


def test_rows_in_batches(oats):
    data = load("Oats")
    fit = ranef.lmer(oats.formula, ranef.batches(lambda: [data.iloc[:36], data.iloc[36:]]))
    with pytest.raises(ranef.RowsNotKeptError, match=r"range of 'nitro' .* give at="):
        fit.predictions("nitro")
    with pytest.raises(ranef.RowsNotKeptError, match="over='grid' does not"):
        fit.slopes("nitro")
    agrees(fit.predictions("nitro", by="Variety", at={"nitro": [0, 0.2, 0.4, 0.6]}).to_frame(), "oats_curves")
    agrees(fit.slopes("nitro", by="Variety", over="grid").to_frame(), "oats_slopes")


def test_the_origin_of_a_predictor_does_not_matter(oats):
    data = load("Oats")
    data["nitro"] = data["nitro"] + 100
    moved = ranef.lmer(oats.formula, data)
    one, other = (fit.slopes("nitro", by="Variety").to_frame() for fit in (oats, moved))
    np.testing.assert_allclose(one[["estimate", "se"]], other[["estimate", "se"]], rtol=1e-6)


def test_bad_input(oats, cows):
    for call, message in (
        (lambda: oats.predictions("Block"), "'Block' is a grouping factor, and this is about the typical"),
        (lambda: oats.predictions("log(nitro)"), "is code, not a column: give the column, 'nitro'"),
        (lambda: oats.predictions("nitro", by="nitro"), "is on the x axis"),
        (lambda: oats.predictions([]), "x= names no predictor"),
        (lambda: oats.predictions("nitro", points=1), "from 2 to 1,000, not 1"),
        (lambda: oats.predictions("nitro", points="many"), "from 2 to 1,000, not 'many'"),
        (lambda: oats.predictions("nitro", at={"Variety": "x"}), "no level 'x'; it has 'Golden Rain'"),
        (lambda: oats.slopes("Variety"), "is a factor, it has no slope: use comparisons"),
        (lambda: oats.slopes("nitro", at={"Variety": "x"}), "no level 'x'"),
        (lambda: oats.slopes("nitro", at={"nitro": "much"}), "'nitro' is a number"),
        (lambda: oats.slopes("nitro", over="row"), "over= must be one of 'rows', 'grid'"),
        (lambda: oats.comparisons("nitro", contrast="all"), "contrast= must be one of 'reference'"),
        (lambda: oats.comparisons("Variety", contrast=("Victory", "x")), "no level 'x'; it has"),
        (lambda: oats.comparisons("nitro", kind="odds"), "kind= must be one of"),
        (lambda: oats.comparisons("nitro", kind="odds_ratio"), "for means between 0 and 1"),
        (lambda: cows.predictions("period", scale="logit"), "scale= must be one of"),
    ):
        with pytest.raises((ranef.ArgumentError, ranef.UnknownColumnError), match=message):
            call()
    with pytest.raises(TypeError, match=r"no argument newdata=: write over='grid'"):
        oats.slopes("nitro", newdata="mean")


# ------------------------------------------------------------ effect sizes
def test_effect_sizes():
    fit = ranef.lmer("score ~ Machine + (1 | Worker)", load("Machines"))
    pairs = ranef.emmeans(fit, "Machine").pairs()
    found = pairs.effect_size()
    # balanced: the residual variance has rows - workers - machines + 1 = 46 degrees of freedom
    np.testing.assert_allclose(found.to_frame()["d"], R["d_46"]["effect.size"], rtol=1e-5)
    np.testing.assert_allclose(found.to_frame()["se"], R["d_46"]["SE"], rtol=1e-4)
    assert "the residual standard deviation, 3.162 (df 46)" in str(found)
    total = pairs.effect_size("total", edf=np.inf).to_frame()
    np.testing.assert_allclose(total["d"], R["d_total"]["effect.size"], rtol=1e-5)
    np.testing.assert_allclose(total["se"], R["d_total"]["SE"], rtol=1e-5)
    given = pairs.effect_size(R["d_total"]["sd"]).to_frame()
    np.testing.assert_allclose(given["se"], total["se"], rtol=1e-5)
    assert (pairs.effect_size("total").to_frame()["se"] > total["se"]).all()


def test_the_error_of_the_total_standard_deviation():
    """By differences of its logarithm in (theta, sigma), with their covariance."""
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", load("sleepstudy"))
    means = ranef.emmeans(fit, "Days", at={"Days": [0, 9]}).pairs()
    days = np.asarray(load("sleepstudy")["Days"], dtype=float)
    Z = np.column_stack([np.ones_like(days), days])

    def log_sd(parameters):
        a, b, c, sigma = parameters
        factor = np.array([[a, 0], [b, c]])
        return np.log(sigma) + 0.5 * np.log1p(((Z @ factor) ** 2).sum(axis=1).mean())

    at = np.array([*fit.theta, fit.sigma])
    steps = 1e-5 * np.eye(4)
    gradient = np.array([(log_sd(at + e) - log_sd(at - e)) / 2e-5 for e in steps])
    variance = gradient @ fit.cov_theta().to_numpy() @ gradient
    table, raw = means.effect_size("total").to_frame(), means.to_frame()
    unit = np.exp(log_sd(at))
    assert table["d"].iloc[0] == pytest.approx(raw["estimate"].iloc[0] / unit, rel=1e-8)
    expected = np.sqrt((raw["se"].iloc[0] / unit) ** 2 + table["d"].iloc[0] ** 2 * variance)
    assert table["se"].iloc[0] == pytest.approx(expected, rel=1e-6)


def test_effect_sizes_need_differences(cows):
    fit = ranef.lmer("score ~ Machine + (1 | Worker)", load("Machines"))
    means = ranef.emmeans(fit, "Machine")
    with pytest.raises(ranef.ArgumentError, match=r"use .pairs\(\) or .contrast"):
        means.effect_size()
    with pytest.raises(ranef.ArgumentError, match="'residual', 'total' or a number, not 'pooled'"):
        means.pairs().effect_size("pooled")
    with pytest.raises(ranef.ArgumentError, match="positive number, not -1"):
        means.pairs().effect_size(-1)
    with pytest.raises(ranef.ArgumentError, match="for linear models"):
        ranef.emmeans(cows, "period").pairs().effect_size()
    trial = ranef.mmrm("fev1 ~ arm * visit + us(visit | id)", load("asthma"))
    pairs = trial.lsmeans("arm", by="visit").pairs()
    with pytest.raises(ranef.ArgumentError, match="give edf="):
        pairs.effect_size()
    expected = pairs.to_frame()["estimate"] / 10
    np.testing.assert_allclose(pairs.effect_size(10.0).to_frame()["d"], expected)


# ------------------------------------------------------------ averaged over the population of groups
def test_comparisons_in_the_population_are_differences_of_averaged_means(cows):
    found = cows.comparisons("period", averaged=True, over="grid").to_frame()
    means = ranef.emmeans(cows, "period", averaged=True).contrast("trt.vs.ctrl").to_frame()
    assert np.allclose(found["estimate"], means["difference"], rtol=1e-9)
    assert np.allclose(found["se"], means["se"], rtol=1e-5)
    typical = cows.comparisons("period").values
    assert found["z"].notna().all() and (abs(found["estimate"]) > abs(typical)).all()


def test_slopes_in_the_population_are_those_of_averaged_predictions():
    data = ranef.datasets.load("cbpp").assign(t=lambda d: d["period"].astype(int))
    fit = ranef.glmer("cbind(incidence, size - incidence) ~ t + (t | herd)", data)
    ends = [fit.predict(data.assign(t=data["t"] + h), random=None, averaged=True) for h in (1e-4, -1e-4)]
    expected = float(np.mean(ends[0] - ends[1])) / 2e-4  # the variance grows with t
    found = fit.slopes("t", averaged=True)
    assert found.values[0] == pytest.approx(expected, rel=1e-6)
    assert "averaged over the population of groups" in str(found)


def test_what_averaged_effects_refuse(cows, oats):
    with pytest.raises(ranef.ArgumentError, match="leave out scale='link'"):
        cows.comparisons("period", averaged=True, scale="link")
    with pytest.raises(ranef.ArgumentError, match="leave out ddf="):
        cows.comparisons("period", averaged=True, ddf="kenward-roger")
    with pytest.raises(ranef.ArgumentError, match="is for generalised models"):
        oats.slopes("nitro", averaged=True)
