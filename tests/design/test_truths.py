"""Truth values are factors with the levels False and True, in memory and in sums."""

import numpy as np
import pytest
import ranef
from numpy.testing import assert_allclose
from ranef.errors import DataError

# lme4 2.0 of sleepstudy with late = Days >= 5, odd = Days %% 2 == 1: REMLcrit, fixef, theta
LME4 = {
    "0 + late + (1 | Subject)": (
        1813.82663754,
        {"late[False]": 271.630178889, "late[True]": 325.385604444},
        [1.08037245108],
    ),
    "0 + late:Days + (1 | Subject)": (
        1858.17645773,
        {"late[False]:Days": 9.12988533614, "late[True]:Days": 10.43323304691},
        [8.23833235481],
    ),
    "0 + Days + odd:late + (1 | Subject)": (
        1768.13957444,
        {
            "Days": 9.58041361111,
            "odd[False]:late[False]": 251.06021537037,
            "odd[True]:late[False]": 254.58305611111,
            "odd[False]:late[True]": 257.34098527778,
            "odd[True]:late[True]": 258.97719175926,
        },
        [1.18876646093],
    ),
    "late / Days + (1 | Subject)": (
        1774.88767622,
        {
            "Intercept": 255.13188111111,
            "late": -6.128025,
            "late[False]:Days": 8.24914888889,
            "late[True]:Days": 10.91167833333,
        },
        [1.19408396492],
    ),
    "Days + (0 + late | Subject)": (
        1749.70351364,
        {"Intercept": 250.990481356, "Days": 10.042211929},
        [1.08033545268, 1.54371374207, 1.14195670287],
    ),
    "0 + I(Days >= 5) + (0 + late:Days | Subject)": (
        1770.77487703,
        {"I(Days >= 5)[False]": 255.821513550, "I(Days >= 5)[True]": 283.651216546},
        [0.471273692344, 0.306028329928, 0.129437542202],
    ),
}


@pytest.fixture(scope="module")
def sleep():
    data = ranef.datasets.load("sleepstudy")
    return data.assign(late=data["Days"] >= 5, odd=data["Days"] % 2 == 1)


@pytest.mark.parametrize("formula", LME4)
def test_as_lme4(formula, sleep):
    criterion, coefficients, theta = LME4[formula]
    fit = ranef.lmer(f"Reaction ~ {formula}", sleep)
    assert_allclose(fit.objective, criterion, atol=1e-6)
    assert_allclose(fit.theta, theta, rtol=1e-5)
    assert list(fit.params.index) == list(coefficients)
    assert_allclose(fit.params, list(coefficients.values()), rtol=1e-6)
    assert_allclose(fit.predict(sleep), fit.fittedvalues)
    assert_allclose(fit.predict(sleep.astype({"late": int, "odd": float})), fit.fittedvalues)


@pytest.mark.parametrize(
    "formula", [*LME4, "late:Subject + (1 | odd)", "I((Days > 6) & (Days < 8)) + (1 | Subject)"]
)
def test_sums_of_parts(formula, sleep):
    formula = f"Reaction ~ {formula}"
    whole = ranef.lmer(formula, sleep)
    parts = [ranef.sums(formula, sleep.iloc[k::2]) for k in range(2)]
    fit = ranef.fit(parts[0] + parts[1])
    assert list(fit.params.index) == list(whole.params.index)
    assert_allclose(fit.objective, whole.objective, rtol=1e-12)
    assert_allclose(fit.params, whole.params, rtol=1e-6, atol=1e-6)


def test_two_readings_and_sql(sleep):
    formula = "Reaction ~ 0 + late + scale(Days) + (1 | Subject)"
    batches = ranef.batches(lambda: (sleep[k : k + 60] for k in (0, 60, 120)))
    assert_allclose(ranef.lmer(formula, batches).objective, ranef.lmer(formula, sleep).objective, rtol=1e-12)
    sql = ranef.sums_sql("y ~ 0 + late:x + (1 | g)", {"y": "real", "x": "real", "late": "bool", "g": "text"})
    assert [str(product) for product in sql.products[:3]] == ["1", "late:x", "x"]


def test_tests_and_means(sleep):
    both = ranef.lmer("Reaction ~ 0 + late + Days + (1 | Subject)", sleep)
    base = ranef.lmer("Reaction ~ late + Days + (1 | Subject)", sleep)
    means = [ranef.emmeans(fit, "late").to_frame()["emmean"] for fit in (both, base)]
    assert_allclose(*means)
    frame = both.anova()
    assert list(frame.index) == ["late", "Days"]
    assert frame.loc["late", "num_df"] == 2
    assert_allclose(np.asarray(base.simulate(1, seed=1)), np.asarray(both.simulate(1, seed=1)), rtol=1e-6)


FORMS = ["late + (1 | Subject)", "late * Days + (1 | Subject)", "0 + late + (1 | Subject)"]
FORMS += ["I(~late) + (1 | Subject)", "Days + (late | Subject)"]


@pytest.mark.parametrize("formula", FORMS)
def test_new_data_have_truth_values_or_0_and_1(formula):
    data = ranef.datasets.load("sleepstudy").assign(late=lambda rows: rows.Days >= 5)
    fit = ranef.lmer(f"Reaction ~ {formula}", data)
    own = fit.predict(data)
    for kind in (float, int, "boolean"):
        assert_allclose(fit.predict(data.assign(late=data.late.astype(kind))), own, rtol=1e-12)
    gone = data.assign(late=data.late.astype(float).where(data.Days != 7))
    assert_allclose(fit.predict(gone), own.where(data.Days != 7), rtol=1e-12)
    wrong = data.assign(late=np.where(data.Days == 3, 2.0, np.where(data.Days == 4, 0.5, data.late)))
    with pytest.raises(DataError, match=r"'late' holds truth values in the fit and '0.5', '2' .*in row 3"):
        fit.predict(wrong)


def test_truth_values_beside_the_mean_are_held_to_the_same():
    data = ranef.datasets.load("sleepstudy").assign(late=lambda rows: rows.Days >= 5)
    fit = ranef.gls("Reaction ~ Days", data, dispersion="~ late")
    with pytest.raises(DataError, match="'late' holds truth values in the fit and '2' in the new data"):
        fit.predict(data.assign(late=2), interval="prediction")
