"""The face of `ranef.mmrm`: bad input, fall-backs, plan, answers by row, pickling."""

import pickle

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError, DataError, FormulaError, NewLevelError
from ranef.repeated import plan
from repeated.trial_rows import dense, table

FIXED = "y ~ arm + visit + base"


def text_visits(frame, names):
    return frame.assign(visit=[names[v - 1] for v in frame.visit])


# ---------------------------------------------------------------- bad input
def test_two_rows_at_one_visit():
    frame = table()
    twice = pd.concat([frame, frame.iloc[[7]]], ignore_index=True)
    who, when = frame.id[7], frame.visit[7]
    said = rf"subject '{who}' has two rows at visit '{when}' \(rows 7 and {len(frame)}"
    with pytest.raises(DataError, match=said):
        ranef.mmrm(f"{FIXED} + us(visit | id)", twice)


def test_a_subject_in_two_arms():
    frame = table()
    rows = frame.index[frame.id == "s03"]
    frame.loc[rows[0], "arm"] = "a"
    with pytest.raises(DataError, match=r"subject 's03' is in two groups of 'arm', '[ab]', '[ab]'"):
        ranef.mmrm(f"{FIXED} + us(visit | arm / id)", frame)


def test_visits_that_sort_as_text():
    frame = text_visits(table(), ["V1", "V2", "V3", "V10"])
    formula = "y ~ arm + base + {}(visit | id)"
    with pytest.raises(DataError, match=r"'V10' comes before 'V2'.*ar1.*Categorical"):
        ranef.mmrm(formula.format("ar1"), frame)
    ordered = frame.assign(visit=pd.Categorical(frame.visit, ["V1", "V2", "V3", "V10"]))
    numbers = ranef.mmrm(formula.format("ar1"), table())
    assert ranef.mmrm(formula.format("ar1"), ordered).objective == pytest.approx(numbers.objective, abs=1e-8)
    # an unstructured matrix does not depend on the order
    shuffled, straight = (ranef.mmrm(formula.format("us"), one) for one in (frame, ordered))
    assert shuffled.objective == pytest.approx(straight.objective, abs=1e-7)


def test_times_that_are_no_visits():
    frame = table().assign(week=lambda d: d.week + 0.5)
    with pytest.raises(DataError, match=r"ar1\(\) counts visits.*not whole numbers.*sp_exp\(week"):
        ranef.mmrm("y ~ arm + ar1(week | id)", frame)
    remark = ranef.mmrm("y ~ arm + ar1(week | id)", table()).model.visits.remarks
    assert "equally spaced" in remark[0] and "sp_exp" in remark[0]


def test_times_as_text():
    with pytest.raises(DataError, match=r"sp_exp\(\) needs times as numbers, 'arm' holds 'a', 'b'"):
        ranef.mmrm("y ~ base + sp_exp(arm | id)", table())


def test_visits_never_seen_together():
    frame = table()
    early = frame.id < "s20"
    apart = frame[~((early & (frame.visit == 1)) | (~early & (frame.visit == 4)))]
    with pytest.raises(DataError, match=r"visits '1' and '4' were never observed in the same subject: us"):
        ranef.mmrm(f"{FIXED} + us(visit | id)", apart)
    fit = ranef.mmrm(f"{FIXED} + us(visit | id)", apart, fallback=("toeph", "ar1h"))
    assert fit.structure in ("toeph", "ar1h") and "never observed" in fit.attempts[0].reason
    assert "us was not used: visits '1' and '4'" in str(fit.summary())


def test_too_many_visits():
    random = np.random.default_rng(1)
    days, who = np.tile(np.arange(200), 4), np.repeat(range(4), 200)
    frame = pd.DataFrame({"y": random.normal(size=800), "t": days, "id": who})
    with pytest.raises(DataError, match=r"'t' has 200 values.*at most 60"):
        ranef.mmrm("y ~ 1 + us(t | id)", frame)


def test_one_visit():
    with pytest.raises(DataError, match="'visit' has one value"):
        ranef.mmrm("y ~ arm + us(visit | id)", table().query("visit == 2"))


@pytest.mark.parametrize(
    "formula, said",
    [
        ("y ~ arm", "says nothing of the covariance over visits"),
        ("y ~ arm + us(visit)", "needs a bar and the subject"),
        ("y ~ arm + us(visit | id) + cs(visit | id)", "two terms"),
        ("y ~ arm + us(visit | id) + (1 | arm)", "random terms have no place"),
        ("y ~ arm + us(visit + arm | id)", "one column, the visit"),
        ("y ~ arm + us(visit | arm / base / id)", "the subject, or arm / subject"),
    ],
)
def test_formulas(formula, said):
    with pytest.raises(FormulaError, match=said):
        ranef.mmrm(formula, table())


def test_arguments():
    formula = f"{FIXED} + ar1(visit | id)"
    with pytest.raises(ArgumentError, match="fallback= names 'arma'"):
        ranef.mmrm(formula, table(), fallback=("arma",))
    with pytest.raises(ArgumentError, match="ddf= must be one of 'kenward-roger'"):
        ranef.mmrm(formula, table(), ddf="kr")
    with pytest.raises(ArgumentError, match="goes with ddf='kenward-roger'"):
        ranef.mmrm(formula, table(), ddf="satterthwaite", vcov="kenward-roger-linear")
    with pytest.raises(ArgumentError, match="start= must have 2 finite entries"):
        ranef.mmrm(formula, table(), start=[1.0])
    with pytest.raises(ArgumentError, match="needs a fit by REML"):
        ranef.mmrm(formula, table(), reml=False).coef_table("kenward-roger")


def test_a_start_out_of_range_is_refused():
    """Correlations of cs() are above -1 / (T - 1); those of toep() have to go together."""

    def start(structure, *values):
        return ranef.mmrm(f"{FIXED} + {structure}(visit | id)", table(), start=values)

    said = r"start= puts the correlation of cs\(\) at -0\.333333, an end of its range \(-0\.333333, 1\)"
    with pytest.raises(ArgumentError, match=said):
        start("cs", 0.0, -50.0)
    with pytest.raises(ArgumentError, match=r"correlation of ar1\(\) at 1, an end of its range \(-1, 1\)"):
        start("ar1", 0.0, 1e9)
    with pytest.raises(ArgumentError, match=r"the sd of ar1\(\) at 0, .* start\[0\] = -1000 is too large or"):
        start("ar1", -1e3, 0.0)
    with pytest.raises(ArgumentError, match=r"toep\(\) no positive definite .*matrix \(sd 1, .*-0.98"):
        start("toep", 0.0, *[-5.0] * 3)
    with pytest.raises(ArgumentError, match=r"us\(\) no positive definite covariance matrix: begin at"):
        start("us", *[800.0] * 10)
    assert start("cs", 0.0, -5.0).converged


def test_more_coefficients_than_rows():
    frame = table(subjects=3, missing=0.0).assign(f=lambda d: [f"k{i}" for i in range(len(d))])
    with pytest.raises(DataError, match="reproduce the 12 rows used exactly"):
        ranef.mmrm("y ~ f + cs(visit | id)", frame)


# ---------------------------------------------------------------- answers
def test_maximum_likelihood_takes_satterthwaite():
    assert ranef.mmrm(f"{FIXED} + ar1(visit | id)", table(), reml=False).method == "satterthwaite"
    assert ranef.mmrm(f"{FIXED} + ar1(visit | id)", table(), vcov="CR2").method == "CR2"


def test_a_singular_matrix_falls_back():
    """Visit 4 repeats visit 3: the unstructured matrix is singular."""
    frame = table(missing=0.0).sort_values(["id", "visit"])
    third = frame[frame.visit == 3].set_index("id").y
    frame.loc[frame.visit == 4, "y"] = frame.loc[frame.visit == 4, "id"].map(third)
    fit = ranef.mmrm("y ~ arm + us(visit | id)", frame, fallback=("diagh",))
    assert fit.structure == "diagh" and fit.converged
    assert fit.attempts[0].structure == "us" and fit.attempts[0].reason


def test_dropped_columns_are_nan():
    frame = table().assign(copy=lambda d: 2 * d.base)
    fit = ranef.mmrm("y ~ arm + base + copy + us(visit | id)", frame)
    plain = ranef.mmrm("y ~ arm + base + us(visit | id)", frame)
    assert np.isnan(fit.params["copy"])
    assert fit.objective == pytest.approx(plain.objective, abs=1e-8)
    np.testing.assert_allclose(fit.params.dropna(), plain.params, rtol=1e-8)


def test_rows_are_summed_again_where_sums_would_be_large(monkeypatch):
    by_sums = ranef.mmrm(f"{FIXED} + us(visit | arm / id)", table(), weights="w")
    monkeypatch.setattr("ranef.repeated.model.MOST_SUMS", 10)
    by_rows = ranef.mmrm(f"{FIXED} + us(visit | arm / id)", table(), weights="w")
    assert by_rows.plan.by_rows and not by_sums.plan.by_rows
    assert "by rows" in str(by_rows.plan) and "by sums" in str(by_sums.plan) and plan.MOST_SUMS == 2**25
    assert by_rows.objective == pytest.approx(by_sums.objective, abs=1e-8)
    np.testing.assert_allclose(by_rows.coef_table()["se"], by_sums.coef_table()["se"], rtol=1e-8)


def test_order_of_rows_does_not_matter():
    one, other = table(), table().sample(frac=1, random_state=8)
    fits = [ranef.mmrm(f"{FIXED} + toeph(visit | id)", frame) for frame in (one, other)]
    assert fits[0].objective == pytest.approx(fits[1].objective, abs=1e-9)


def test_offset_and_shifted_response():
    frame = table().assign(z=lambda d: 3.0 * d.base, y2=lambda d: d.y + 3.0 * d.base)
    fit = ranef.mmrm("y2 ~ arm + visit + base + offset(z) + ar1(visit | id)", frame)
    plain = ranef.mmrm(f"{FIXED} + ar1(visit | id)", frame)
    assert fit.objective == pytest.approx(plain.objective, abs=1e-7)
    np.testing.assert_allclose(fit.fittedvalues - frame.z, plain.fittedvalues, atol=1e-7)


def test_pickled():
    fit = ranef.mmrm(f"{FIXED} + us(visit | arm / id)", table(), weights="w")
    again = pickle.loads(pickle.dumps(fit))
    pd.testing.assert_frame_equal(again.coef_table(), fit.coef_table())
    assert str(again.summary()) == str(fit.summary())


def test_conditional_predictions_against_dense_algebra():
    frame = table()
    seen = frame[~((frame.visit == 4) & frame.id.isin(["s04", "s05"]))].reset_index(drop=True)
    fit = ranef.mmrm(f"{FIXED} + us(visit | arm / id)", seen, weights="w")
    new = frame[frame.id.isin(["s04", "s05"])].assign(visit=4).drop_duplicates("id")
    oracle = dense(seen, by_arm=True, weights=True)
    V = oracle.covariance(fit.point.sigma)
    e = seen.y.to_numpy() - oracle.X @ fit.solution["beta"]
    expected = []
    for row in new.itertuples():
        sigma = fit.point.sigma["ab".index(row.arm)]
        own = np.flatnonzero((seen.id == row.id).to_numpy())
        across = sigma[3, seen.visit[own] - 1] / np.sqrt(seen.w[own])
        expected.append(across @ np.linalg.solve(V[np.ix_(own, own)], e[own]))
    found = fit.predict(new, conditional=True) - fit.predict(new)
    np.testing.assert_allclose(found, expected, rtol=1e-8)
    stranger = new.assign(id="nobody")
    np.testing.assert_array_equal(fit.predict(stranger, conditional=True), fit.predict(stranger))
    with pytest.raises(NewLevelError, match="values of 'visit' that the fit has not seen"):
        fit.predict(new.assign(visit=9), conditional=True)


def test_normalised_residuals_and_simulations():
    fit = ranef.mmrm(f"{FIXED} + us(visit | id)", table(subjects=60), weights="w")
    z = fit.residuals("normalized")
    V = dense(table(subjects=60), weights=True).covariance(fit.point.sigma)
    assert z @ z == pytest.approx(fit.resid @ np.linalg.solve(V, fit.resid), rel=1e-8)
    draws = fit.simulate(4000, seed=2).T - np.asarray(fit.fittedvalues)[:, None]
    np.testing.assert_allclose(np.cov(draws), V, atol=0.12 * np.diag(V).max())
    assert np.array_equal(fit.simulate(2, seed=3), fit.simulate(2, seed=3))


def test_parameters_have_standard_errors():
    fit = ranef.mmrm(f"{FIXED} + us(visit | arm / id)", table())
    parameters = fit.residual.parameters
    assert len(parameters) == 20 and (parameters.se > 0).all()
    first = parameters[parameters.parameter == "var(2)"].set_index("arm").estimate
    assert first["b"] == pytest.approx(fit.residual.cov("b").loc["2", "2"])
    with pytest.raises(ArgumentError, match="name one, of 'a', 'b'"):
        fit.residual.cov()
    with pytest.raises(ArgumentError, match="share one covariance matrix"):
        ranef.mmrm(f"{FIXED} + ar1(visit | id)", table()).residual.corr("a")


def test_kenward_roger_of_a_balanced_trial_is_exact():
    """Complete data, unstructured: the contrast of arms over visits is a t test of subjects' means."""
    from scipy.stats import ttest_ind

    frame = table(missing=0.0)
    fit = ranef.mmrm("y ~ arm * C(visit) + us(visit | id)", frame)
    means = ranef.emmeans(fit, "arm", ddf="kenward-roger").contrast("trt.vs.ctrl").to_frame().iloc[0]
    by_subject = frame.groupby(["arm", "id"]).y.mean()
    exact = ttest_ind(by_subject["b"], by_subject["a"])
    assert means["t"] == pytest.approx(exact.statistic, rel=1e-6)
    assert means["df"] == pytest.approx(exact.df, rel=1e-6)


def test_more_visits_than_subjects():
    random = np.random.default_rng(1)
    days, who = np.tile(range(20), 10), np.repeat(range(10), 20)
    frame = pd.DataFrame({"y": random.normal(size=200), "t": days, "id": who})
    with pytest.raises(DataError, match="10 subjects cannot tell the 210 variances and covariances of 20"):
        ranef.mmrm("y ~ 1 + us(t | id)", frame)
    assert ranef.mmrm("y ~ 1 + us(t | id)", frame, fallback="ar1").structure == "ar1"
