"""No pooling and the comparison of the three kinds, against R's lm (numbers of the lecture) and numpy."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError, FormulaError
from ranef.estimates import unpooled
from reference_battery import REFERENCE, load_data, read_json

LECTURE = {row["what"]: row for row in read_json(REFERENCE / "tests" / "slides_check.json")}


def lecture(what):
    """R's number behind a number of the lecture."""
    return LECTURE[what]["reference"]


@pytest.fixture
def alone():
    return ranef.lm_list("reaction ~ days | subject", load_data("sleep_gappy"))


def test_spread_without_pooling_is_that_of_the_lecture(alone):
    spread = alone.coef.drop(["373", "374"]).std()
    what = "no pooling, 18 participants: sd of"
    assert spread["Intercept"] == pytest.approx(lecture(f"{what} intercepts"), rel=1e-8)
    assert spread["days"] == pytest.approx(lecture(f"{what} slopes"), rel=1e-8)


def test_groups_with_one_or_two_rows(alone):
    assert alone.nobs["373"] == 1 and alone.nobs["374"] == 2
    assert alone.undetermined == ["373"] and alone.coef.loc["373"].isna().all()
    two = load_data("sleep_gappy").query("subject == '374'")
    np.testing.assert_allclose(alone.coef.loc["374"], np.polyfit(two["days"], two["reaction"], 1)[::-1])
    assert alone.df_resid == 18 * 8
    assert "too few rows of their own: '373'" in str(alone)


def test_errors_and_intervals_pool_the_residuals(alone):
    """By hand: 18 subjects with ten days each, the residual variance of all of them together."""
    days = np.arange(10.0)
    data = load_data("sleep_gappy")
    rss = 0.0
    for subject in alone.coef.index[:18]:
        rows = data[data["subject"] == subject]
        line = alone.coef.loc[subject]
        rss += ((rows["reaction"] - line["Intercept"] - line["days"] * rows["days"]) ** 2).sum()
    sigma = np.sqrt(rss / (18 * 8))
    assert alone.sigma == pytest.approx(sigma)
    spread = np.linalg.inv(np.array([[10, days.sum()], [days.sum(), days @ days]]))
    np.testing.assert_allclose(alone.bse.loc["308"], sigma * np.sqrt(np.diag(spread)))
    interval = alone.conf_int().loc[("308", "days")]
    assert interval.mean() == pytest.approx(alone.coef.loc["308", "days"])
    quantile = 1.976575066  # R: qt(.975, 144)
    assert np.ptp(interval) == pytest.approx(2 * quantile * alone.bse.loc["308", "days"])
    with pytest.raises(ArgumentError, match="level must be"):
        alone.conf_int(level=95)


def test_formulas_that_mean_the_same(alone):
    data = load_data("sleep_gappy")
    for formula in ("reaction ~ days + (days | subject)", "reaction ~ 1 + days + (1 | subject)"):
        pd.testing.assert_frame_equal(ranef.lm_list(formula, data).coef, alone.coef)
    with pytest.raises(FormulaError, match="one grouping factor"):
        ranef.lm_list("reaction ~ (1 | subject) + (1 | days)", data)


def test_weights():
    data = load_data("sleep_gappy").assign(w=lambda d: 1.0 + d["days"])
    line = ranef.lm_list("reaction ~ days | subject", data, weights="w").coef.loc["308"]
    rows = data[data["subject"] == "308"]
    expected = np.polyfit(rows["days"], rows["reaction"], 1, w=np.sqrt(rows["w"]))[::-1]
    np.testing.assert_allclose(line, expected)


@pytest.mark.parametrize("most", [4_000_000, 50])
def test_least_squares_of_every_level_is_that_of_its_rows(most, monkeypatch):
    """Levels of many sizes in any order, with none, too few or collinear rows, far from the origin."""
    monkeypatch.setattr(unpooled, "_NUMBERS_AT_A_TIME", most)
    rng = np.random.default_rng(3)
    codes = rng.permutation(np.repeat(np.arange(60), rng.integers(0, 9, 60))).astype(np.int32)
    X = np.column_stack([np.ones(len(codes)), 1e5 + rng.normal(size=len(codes)), rng.normal(size=len(codes))])
    X[codes == 7, 2], X[codes == 8, 2] = 3.0, 0.0
    y = rng.normal(size=len(codes))
    found = unpooled.least_squares_by_level(X, y, codes, 60)
    for level in range(60):
        own, values = X[codes == level], y[codes == level]
        assert found.rows[level] == len(own)
        if len(own) < 3 or level in (7, 8):
            assert np.isnan(found.coef[level]).all() and np.isnan(found.rss[level])
            continue
        centred = own - [0.0, 1e5, 0.0]
        slopes = np.linalg.lstsq(centred, values, rcond=None)[0]
        np.testing.assert_allclose(found.coef[level, 1:], slopes[1:], rtol=1e-6, atol=1e-8)
        np.testing.assert_allclose(found.coef[level, 0], slopes[0] - 1e5 * slopes[1], rtol=1e-6, atol=1e-3)
        spread = np.diag(np.linalg.inv(centred.T @ centred))[1:]
        np.testing.assert_allclose(found.spread[level, 1:], spread, rtol=1e-5)
        rss = ((values - centred @ slopes) ** 2).sum()
        np.testing.assert_allclose(found.rss[level], rss, rtol=1e-6, atol=1e-9)


# ---------------------------------------------------------------- the three kinds
def test_the_table_of_the_lecture(fit_of):
    table = ranef.pooling(fit_of("gap_slope_reml"))
    assert table.complete["Intercept"] == pytest.approx(lecture("lm intercept"))
    assert table.complete["days"] == pytest.approx(lecture("lm days"))
    shrinkage = table.shrinkage
    assert list(shrinkage["groups"]) == [18, 18]  # without 373 (one row) and 374 (two)
    assert shrinkage.loc["Intercept", "sd_no"] == pytest.approx(28.95, abs=0.005)
    assert shrinkage.loc["days", "sd_no"] == pytest.approx(6.56, abs=0.005)
    theirs = read_json(REFERENCE / "tests" / "tidy.json")[0]["coef"]["subject"]["values"][:18]
    np.testing.assert_allclose(shrinkage["sd_partial"], np.std(theirs, axis=0, ddof=1), rtol=1e-5)
    assert table.partial.loc["373", "days"] == pytest.approx(lecture("gap slope: coef 373 days"), rel=1e-5)
    assert "'373', '374'" in str(table)


def test_shrinkage_of_the_real_participants(fit_of):
    shrinkage = ranef.pooling(fit_of("ss_slope_reml")).shrinkage["sd_partial"]
    what = "partial pooling, 18 participants: sd of"
    assert shrinkage["Intercept"] == pytest.approx(lecture(f"{what} intercepts"), rel=1e-5)
    assert shrinkage["Days"] == pytest.approx(lecture(f"{what} slopes"), rel=1e-5)


def test_frames(fit_of):
    table = ranef.pooling(fit_of("gap_slope_reml"))
    long = table.to_frame()
    assert list(long.columns) == ["level", "nobs", "term", "complete", "no", "partial"] and len(long) == 40
    row = long[(long["level"] == "308") & (long["term"] == "days")].iloc[0]
    assert table.wide().loc["308", ("days", "no")] == row["no"] == table.no.loc["308", "days"]
    assert "<table" in table._repr_html_() and "<table" in ranef.lm_list("y ~ x | g", SMALL)._repr_html_()


SMALL = {"y": [1.0, 2.0, 4.0, 3.0, 5.0, 9.0], "x": [0, 1, 2, 0, 1, 2], "g": list("aaabbb")}


def test_what_does_not_vary_within_groups_is_held_at_its_estimate():
    data = load_data("Orthodont")
    fit = ranef.lmer("distance ~ age + Sex + (age | Subject)", data)
    table = ranef.pooling(fit)
    assert list(table.no.columns) == ["Intercept", "age"]
    girl = data[data["Subject"] == "F01"]
    sex = next(name for name in fit.params.index if name.startswith("Sex"))
    rest = girl["distance"] - (fit.params[sex] if "Female" in sex else 0.0)
    np.testing.assert_allclose(table.no.loc["F01"], np.polyfit(girl["age"], rest, 1)[::-1], rtol=1e-9)


def test_several_factors_need_a_choice(fit_of):
    fit = fit_of("pen_reml")
    with pytest.raises(ArgumentError, match="give pooling group= one of"):
        ranef.pooling(fit)
    with pytest.raises(ArgumentError, match="group='tray' is not a grouping factor"):
        ranef.pooling(fit, "tray")
    means = load_data("Penicillin").groupby("sample", observed=True)["diameter"].mean()
    np.testing.assert_allclose(ranef.pooling(fit, "sample").no["Intercept"], means)
