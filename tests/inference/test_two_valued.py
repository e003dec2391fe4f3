"""Truth values are factors, covariates with two values take both: as in lmerTest and emmeans.

Reference values, R 4.2.2, lme4 1.1-31, lmerTest 3.1-3, emmeans 1.8.4::

    d <- sleepstudy; i <- seq_len(nrow(d)) - 1
    d$late <- d$Days >= 6; d$odd <- as.integer(d$Days) %% 2
    d$f <- c("a", "b", "c")[(as.integer(d$Subject) - 1) %% 3 + 1]
    d <- d[(i * 7) %% 11 > 2, ]
    m <- lmer(Reaction ~ f*odd + f*late + (1 | Subject), d)
    emmeans(m, "f", lmer.df = "satterthwaite"); anova(m, type = "III")
"""

import numpy as np
import pytest
import ranef
from ranef.errors import ArgumentError


@pytest.fixture(scope="module")
def data():
    sleep, i = ranef.datasets.load("sleepstudy"), np.arange(180)
    subject = np.unique(sleep["Subject"], return_inverse=True)[1]
    more = {"late": sleep["Days"] >= 6, "odd": sleep["Days"] % 2, "f": np.array(list("abc"))[subject % 3]}
    return sleep.assign(**more)[(i * 7) % 11 > 2]


@pytest.fixture(scope="module")
def fit(data):
    return ranef.lmer("Reaction ~ f*odd + f*late + (1 | Subject)", data)


MEANS = {
    "f": ([322.04926, 292.89357, 292.14301], [14.83847, 14.75528, 14.75526]),
    "late": ([275.77850, 328.94540], [8.92078, 9.40545]),
    "odd": ([296.63497, 308.08893], [9.15397, 9.13167]),
}


@pytest.mark.parametrize("name", MEANS)
def test_means_as_emmeans(fit, name):
    table = ranef.emmeans(fit, name).to_frame()
    np.testing.assert_allclose(table["emmean"], MEANS[name][0], atol=2e-4)
    np.testing.assert_allclose(table["se"], MEANS[name][1], atol=2e-4)


def test_the_levels_are_named_by_their_values(fit):
    assert ranef.emmeans(fit, "late").to_frame()["late"].tolist() == [False, True]
    assert ranef.emmeans(fit, "odd").to_frame()["odd"].tolist() == [0, 1]
    pairs = ranef.emmeans(fit, "late").pairs().to_frame()
    assert pairs["contrast"].tolist() == ["False - True"]
    np.testing.assert_allclose(pairs["estimate"], [-53.16689], atol=1e-4)
    np.testing.assert_allclose(pairs["se"], [6.68586], atol=1e-4)


def test_the_grid_can_be_given(fit):
    whole = ranef.emmeans(fit, "late").to_frame()
    for value in (True, 1, "True"):
        one = ranef.emmeans(fit, "late", at={"late": value}).to_frame()
        np.testing.assert_allclose(one["emmean"], whole["emmean"].iloc[1:])
    half = ranef.emmeans(fit, "late", at={"odd": 0.5}).to_frame()
    np.testing.assert_allclose(half["emmean"], whole["emmean"])
    with pytest.raises(ArgumentError, match="no level 2"):
        ranef.emmeans(fit, "late", at={"late": 2})


def test_the_slope_of_a_covariate_with_two_values_is_a_slope(fit):
    trends = ranef.emtrends(fit, "f", "odd").to_frame()["trend"]
    means = ranef.emmeans(fit, "odd", by="f").pairs().to_frame()["estimate"]
    np.testing.assert_allclose(trends, -means, rtol=1e-6)
    with pytest.raises(ArgumentError, match="is a factor"):
        ranef.emtrends(fit, "f", "late")


@pytest.mark.parametrize(
    ("type", "right"),
    [
        (3, [0.99632, 3.05240, 63.23659, 1.19068, 0.03669]),
        (2, [0.97260, 3.03716, 63.21183, 1.19068, 0.03669]),
        (1, [1.17637, 3.39587, 62.55448, 1.22441, 0.03669]),
    ],
)
def test_tests_of_terms_as_lmertest(fit, type, right):
    np.testing.assert_allclose(fit.anova(type=type)["F"], right, atol=2e-5)


def test_code_that_gives_truth_values_is_a_factor_too(data):
    # anova(lmer(Reaction ~ Days + I(Days > 5)*f + (1 | Subject), d))
    table = ranef.lmer("Reaction ~ Days + I(Days > 5)*f + (1 | Subject)", data).anova()
    np.testing.assert_allclose(table["F"], [31.79861, 0.04731, 1.31985, 0.38568], atol=2e-5)


def test_proportional_weights_count_truth_values_and_two_valued_numbers(fit, data):
    got = ranef.emmeans(fit, "f", weights="proportional", data=data).to_frame()
    as_text = data.assign(late=data["late"].astype(str), odd=data["odd"].astype(str))
    text = ranef.lmer("Reaction ~ f*odd + f*late + (1 | Subject)", as_text)
    right = ranef.emmeans(text, "f", weights="proportional", data=as_text).to_frame()
    np.testing.assert_allclose(got["emmean"], right["emmean"], rtol=1e-6)


def test_the_same_in_batches_and_in_polars(fit, data):
    pl = pytest.importorskip("polars")
    table = ranef.lmer(fit.formula, pl.from_pandas(data))
    batches = ranef.lmer(fit.formula, ranef.batches(lambda: [data[:60], data[60:]]))
    for other in (table, batches):
        np.testing.assert_allclose(np.asarray(other.anova()["F"]), fit.anova()["F"], rtol=1e-5)
        means = ranef.emmeans(other, "late").to_frame()["emmean"]
        # of rows that are not kept only the mean of a covariate is known
        at = {"odd": float(data["odd"].mean())} if other is batches else None
        right = ranef.emmeans(fit, "late", at=at).to_frame()["emmean"]
        np.testing.assert_allclose(means, right, rtol=1e-6)
