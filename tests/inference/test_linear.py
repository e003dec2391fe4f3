"""Linear hypotheses: contrasts and joint tests against lmerTest and pbkrtest, and what is refused."""

import numpy as np
import pytest
import ranef
from conftest import fitted
from inference.reference import CASES, case_fit
from reference_battery import load_data, load_table

METHODS = {"satterthwaite": "satterthwaite", "kenward-roger": "kenward_roger"}


@pytest.fixture(scope="module")
def cake():
    return ranef.lmer("angle ~ recipe + temperature + (1 | recipe:replicate)", load_data("cake"))


@pytest.mark.parametrize("ddf", METHODS)
def test_single_contrasts(cake, ddf):
    for one in load_table("contest")["one"]:
        wanted, test = one[METHODS[ddf]], cake.test(one["L"], ddf=ddf)
        assert test.num_df == 1 and pytest.approx(test.t**2, rel=1e-10, abs=1e-12) == test.F
        for value, key in ((test.se, "Std. Error"), (test.df, "df"), (test.p, "Pr(>|t|)")):
            np.testing.assert_allclose(value, wanted[key][0], rtol=1e-5)
        expected = [wanted["Estimate"][0], wanted["t value"][0]]
        np.testing.assert_allclose([test.estimate, test.t], expected, rtol=1e-5)
        assert list(test.to_frame().columns) == ["estimate", "se", "df", "t", "p"]


@pytest.mark.parametrize("ddf", METHODS)
def test_joint_contrasts(cake, ddf):
    about = load_table("contest")["multi"]
    wanted, test = about[METHODS[ddf]], cake.test(about["L"], ddf=ddf)
    keys = ("Sum Sq", "Mean Sq", "NumDF", "DenDF", "F value", "Pr(>F)")
    found = [test.sum_sq, test.mean_sq, test.num_df, test.den_df, test.F, test.p]
    np.testing.assert_allclose(found, [wanted[key][0] for key in keys], rtol=1e-5)
    assert len(test.each) == 2 and test.to_frame().shape == (1, 6)


@pytest.mark.parametrize("ddf", METHODS)
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if "joint" in case])
def test_joint_contrasts_of_unbalanced_designs(name, ddf):
    """With values other than zero under the hypothesis, and df that differ from contrast to contrast."""
    fit, case, order = case_fit(name)
    L = np.zeros((len(case["joint"]["L"]), len(fit.params)))
    L[:, order] = case["joint"]["L"]
    test, wanted = fit.test(L, ddf=ddf, rhs=case["joint"]["rhs"]), case["joint"][METHODS[ddf]]
    for key in ("sum_sq", "mean_sq", "num_df", "den_df", "F"):
        np.testing.assert_allclose(getattr(test, key), wanted[key][0], rtol=1e-5)
    np.testing.assert_allclose(test.p, wanted["p"][0], rtol=1e-3)


def test_words_numbers_and_weights_mean_the_same():
    fit = fitted("gap_slope_reml")
    tests = [
        fit.test("days = 8"),
        fit.test("days", rhs=8),
        fit.test({"days": 1}, rhs=8),
        fit.test([0, 1], rhs=8),
        fit.test([[0.0, 1.0]], rhs=[8.0]),
        fit.test(["days = 8"]),
    ]
    assert len({(test.t, test.p, test.den_df, test.each.index[0]) for test in tests}) == 1
    assert tests[0].each.index[0] == "days = 8"
    assert tests[0].estimate == pytest.approx(fit.params["days"], rel=1e-14)


def test_directions():
    fit = fitted("gap_slope_reml")
    greater, less, both = (fit.test("days = 12", alternative=a) for a in ("greater", "less", "two-sided"))
    assert greater.t == less.t == both.t < 0
    assert greater.p + less.p == pytest.approx(1)
    assert both.p == pytest.approx(2 * less.p)
    assert both.pvalue == both.p
    with pytest.raises(ranef.ArgumentError, match="joint test of 2 hypotheses has none"):
        fit.test("Intercept = 0, days = 0", alternative="less")


def test_a_redundant_row_changes_nothing(cake):
    names = "recipe[T.B] = 0, recipe[T.C] = 0"
    plain, more = cake.test(names), cake.test(names + ", recipe[T.B] - recipe[T.C] = 0")
    assert more.num_df == plain.num_df == 2
    np.testing.assert_allclose([more.F, more.den_df], [plain.F, plain.den_df], rtol=1e-6)
    with pytest.raises(ranef.ArgumentError, match="contradict each other"):
        cake.test("recipe[T.B] = 0, recipe[T.B] = 1")


def test_rows_of_very_different_size_are_not_redundant(cake):
    plain = cake.test("recipe[T.B] = 0, recipe[T.C] = 0")
    uneven = cake.test("100000000*recipe[T.B] = 0, 0.0001*recipe[T.C] = 0")
    assert uneven.num_df == 2
    np.testing.assert_allclose(uneven.F, plain.F, rtol=1e-8)


def test_joint_test_by_hand_for_normal_and_residual(cake):
    L = np.zeros((2, 8))
    L[0, 1] = L[1, 2] = 1
    between = cake.cov_params().to_numpy()[1:3, 1:3]
    b = cake.params.to_numpy()[1:3]
    wald = b @ np.linalg.solve(between, b) / 2
    for ddf, df in (("residual", 270 - 8), ("normal", np.inf)):
        test = cake.test(L, ddf=ddf)
        np.testing.assert_allclose(test.F, wald, rtol=1e-8)
        assert test.den_df == df


def test_dropped_columns_are_not_estimable():
    fit = fitted("ss_rankdef_reml")
    for hypothesis in ("I(2 * Days) = 0", "Days + 2*I(2*Days) = 0", [0, 0, 1, 0]):
        with pytest.raises(ranef.ArgumentError, match=r"not estimable: 'I\(2 \* Days\)' was dropped"):
            fit.test(hypothesis)
    whole, kept = fit.test([0, 1, 0, 0]), fit.test([0, 1, 0])
    assert whole.t == kept.t == pytest.approx(2.50238676957, rel=1e-6)


@pytest.mark.parametrize(
    ("L", "rhs", "message"),
    [
        ([1, 0, 0], 0, "must have 2 columns"),
        ([[[1, 0]]], 0, "must have 2 columns"),
        ([np.nan, 1], 0, "L= must be finite"),
        ([0, 0], 0, r"row 0 of L= .* is zero everywhere"),
        ([[0, 1], [0, 0]], 0, "row 1 of L="),
        (object(), 0, "hypotheses in words such as 'days = 0'"),
        ({"day": 1}, 0, "'day', which are not coefficients"),
        ("days = 1", 2, "both given"),
        ("days", [1, 2], "rhs= must be a finite number or 1 of them"),
        ("days", np.inf, "rhs= must be a finite number"),
        ("days", "x", "rhs= must be a number"),
        ([], 0, "must have 2 columns"),
    ],
)
def test_refused(L, rhs, message):
    with pytest.raises(ranef.ArgumentError, match=message):
        fitted("gap_slope_reml").test(L, rhs=rhs)


def test_a_joint_test_has_no_single_estimate(cake):
    test = cake.test("recipe[T.B] = 0, recipe[T.C] = 0")
    with pytest.raises(AttributeError, match=r"see \.each"):
        _ = test.estimate
    assert "joint: F(2, 42)" in repr(test)


def test_a_direction_in_words_is_the_alternative(fit_of):
    fit = fit_of("ss_slope_reml")
    for text, equation, alternative in (
        ("Days > 8", "Days = 8", "greater"),
        ("Days - 12 <= 0", "Days = 12", "less"),
        ("0 < Days", "0 - Days = 0", "less"),
    ):
        assert fit.test(text).p == fit.test(equation, alternative=alternative).p
        assert fit.test(text).alternative == alternative
    with pytest.raises(ranef.ArgumentError, match="asks for alternative='greater', not 'less'"):
        fit.test("Days > 0", alternative="less")
    for text in ("0 < Days < 12", "Days > 0, Intercept = 0"):
        with pytest.raises(ranef.ArgumentError, match="one direction at a time"):
            fit.test(text)
