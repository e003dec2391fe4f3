"""Means and comparisons tested against other values, on one side, over all rows, as R's emmeans does."""

import numpy as np
import pytest
import ranef
from ranef.errors import ArgumentError

# emmeans, Satterthwaite's degrees of freedom: yield ~ nitro * Variety + (1 | Block/Variety), Oats.
MARGIN = -5.0
GREATER = [0.56753494909, 0.08740010451, 0.02325543987, 0.69473582655]  # first four of the p-values
CLOSE = 5e-5  # lmerTest's degrees of freedom are of numerical derivatives
NEAR = {  # delta=20, side="equivalence"
    "none": [0.090011275630, 0.122871543155, 0.311214016391, 0.155744207249],
    "bonferroni": [0.270033826889, 0.368614629466, 0.933642049173, 0.467232621746],
    "holm": [0.270033826889, 0.270033826889, 0.311214016391, 0.389091548428],
    "sidak": [0.246457011699, 0.325177423930, 0.673221930560, 0.398241619159],
}
BOUND = [-23.151582128, -7.984915462, -1.318248795, -26.484915462]


@pytest.fixture(scope="module")
def fit():
    oats = ranef.datasets.load("Oats")
    oats["nitro"] = oats["nitro"].astype(str)
    return ranef.lmer("yield ~ nitro * Variety + (1 | Block/Variety)", oats)


@pytest.fixture(scope="module")
def pairs(fit):
    return ranef.emmeans(fit, "Variety", by="nitro").pairs("none")


def first(means, *columns):
    return means.to_frame()[list(columns)].to_numpy()[:4].T


def test_one_side_against_a_margin(pairs):
    p, lower, upper = first(pairs.test(MARGIN, "greater"), "p", "lower", "upper")
    np.testing.assert_allclose(p, GREATER, rtol=CLOSE)
    np.testing.assert_allclose(lower, BOUND, rtol=CLOSE)
    assert np.isposinf(upper).all()
    p, lower, upper = first(pairs.test(MARGIN, "less"), "p", "lower", "upper")
    np.testing.assert_allclose(p, 1 - np.array(GREATER), rtol=CLOSE)
    np.testing.assert_allclose(upper, [9.818248795, 24.984915462, 31.651582128, 6.484915462], rtol=CLOSE)
    assert np.isneginf(lower).all()


@pytest.mark.parametrize("adjust", NEAR)
def test_two_one_sided_tests_of_equivalence(pairs, adjust):
    p, t, lower, upper = first(pairs.test(0, "equivalence", adjust, delta=20), "p", "t", "lower", "upper")
    np.testing.assert_allclose(p, NEAR[adjust], rtol=CLOSE)
    np.testing.assert_allclose(t, [-1.372445216, -1.183733999, -0.4975113910, -1.0293339123], rtol=CLOSE)
    if adjust == "none":  # confint(level = 0.9)
        np.testing.assert_allclose(lower, BOUND, rtol=CLOSE)
        np.testing.assert_allclose(upper, [9.818248795, 24.984915462, 31.651582128, 6.484915462], rtol=CLOSE)


def test_equivalence_to_another_value_and_of_ratios(pairs):
    tested = pairs.test(5, "equivalence", delta=20)
    wanted = [0.198882316266, 0.049851785288, 0.159742948898, 0.305264173451]
    np.testing.assert_allclose(first(tested, "p")[0], wanted, rtol=CLOSE)
    assert "equivalence within 20 (two one-sided tests); intervals of 90 %" in str(tested)
    fit = ranef.glmer("incidence / size ~ period + (1 | herd)", ranef.datasets.load("cbpp"), weights="size")
    averages = ranef.emmeans(fit, "period", averaged=True).pairs("none")
    near = averages.test(0, "equivalence", delta=0.1).to_frame()
    sides = [(-0.1, "greater"), (0.1, "less")]
    low, high = (averages.test(margin, side).to_frame()["p"] for margin, side in sides)
    np.testing.assert_allclose(near["p"], np.maximum(low, high))


def test_means_against_a_value(fit):
    tested = ranef.emmeans(fit, "Variety", by="nitro").test(80, "greater")
    p, lower = first(tested, "p", "lower")
    np.testing.assert_allclose(p, [0.5, 0.2373400922, 0.8177780672, 0.02953997953], rtol=CLOSE)
    np.testing.assert_allclose(lower, [64.10516422, 70.77183088, 55.60516422, 82.60516422], rtol=CLOSE)
    assert "Tests against 80, alternative: greater; intervals have one end" in str(tested)


@pytest.mark.parametrize(
    ("adjust", "alternative", "p", "end"),
    [
        ("bonferroni", "greater", [1.0, 0.26220031352, 0.06976631961, 1.0], -28.329280619),
        ("sidak", "less", [0.8171993093, 0.9993323700, 0.9999874231, 0.6646802866], 14.92088493),
        ("holm", "less", [1.0, 1.0, 1.0, 0.9157925203], 14.99594729),
        ("mvt", "less", [0.7604103242, 0.9993067278, 0.9999827524, 0.5934863398], 14.42912390),
    ],
)
def test_one_side_adjusted_within_each_value_of_by(pairs, adjust, alternative, p, end):
    side = "lower" if alternative == "greater" else "upper"
    found, ends = first(pairs.test(MARGIN, alternative, adjust), "p", side)
    accuracy = 3e-3 if adjust == "mvt" else CLOSE  # simulated, there and here
    np.testing.assert_allclose(found, p, rtol=accuracy)
    np.testing.assert_allclose(ends[0], end, rtol=accuracy)


@pytest.mark.parametrize(
    ("adjust", "p", "end"),
    [
        ("bonferroni", 0.7432664452, -11.28068520),
        ("holm", 0.7432664452, -11.28068520),
        ("sidak", 0.5357267243, -11.19155471),
        ("mvt", 0.4089991616, -10.41097934),
    ],
)
def test_all_values_of_by_are_one_family(pairs, adjust, p, end):
    table = pairs.test(adjust=adjust, together=True).to_frame()
    found = table.iloc[5]  # Marvellous - Victory at 0.2
    accuracy = 3e-3 if adjust == "mvt" else CLOSE
    np.testing.assert_allclose([found["p"], found["lower"]], [p, end], rtol=accuracy)


def test_generalised_fits_are_tested_on_the_scale_of_the_link():
    fit = ranef.glmer("incidence / size ~ period + (1 | herd)", ranef.datasets.load("cbpp"), weights="size")
    link, response = (ranef.emmeans(fit, "period", scale=scale) for scale in (None, "response"))
    own = response.contrast("trt.vs.ctrl").test(-0.5, "less").to_frame()
    other = link.contrast("trt.vs.ctrl").test(-0.5, "less").to_frame()
    np.testing.assert_allclose(own["p"], other["p"])
    np.testing.assert_allclose(own["upper"], np.exp(other["upper"]))
    averages = ranef.emmeans(fit, "period", averaged=True)
    two, one = (averages.pairs("none").test(0, side).to_frame() for side in ("two-sided", "greater"))
    np.testing.assert_allclose(two["p"], 2 * np.minimum(one["p"], 1 - one["p"]))
    with pytest.raises(ArgumentError, match=r"test\(\) is for their differences"):
        averages.test(0.1)
    with pytest.raises(ArgumentError, match="adjust='tukey' has two sides only"):
        averages.pairs().test(0, "greater")


def test_errors(fit, pairs):
    tukey = ranef.emmeans(fit, "Variety", by="nitro").pairs()
    roots = ranef.gls("np.sqrt(Reaction) ~ Days", ranef.datasets.load("sleepstudy"))
    for call, said in [
        (lambda: tukey.test(alternative="less"), "has two sides only.*'sidak' or 'mvt'"),
        (lambda: tukey.test(together=True), "the pairs of one set of means"),
        (lambda: pairs.test(adjust="tukey"), "use pairs\\(\\)"),
        (lambda: pairs.test("5"), "null= is the value"),
        (lambda: pairs.test(alternative="two"), "alternative"),
        (lambda: pairs.test(delta=2), "for non-inferiority write null=-delta"),
        (lambda: pairs.test(alternative="equivalence"), "needs its margin, delta= above zero; got None"),
        (lambda: pairs.test(alternative="equivalence", delta=2, adjust="mvt"), "'holm' or 'sidak'"),
        (lambda: tukey.test(alternative="equivalence", delta=2), "has two sides only"),
        (lambda: ranef.emmeans(roots, "Days", scale="response").test(1, "less"), "no way back from sqrt"),
    ]:
        with pytest.raises(ArgumentError, match=said):
            call()
    with pytest.raises(TypeError, match="write together=True"):
        pairs.test(by=None)
    with pytest.raises(TypeError, match="alternative="):
        pairs.test(side=">")
