"""Power: against closed forms, plain tests of plain fits, and a noncentral t."""

import numpy as np
import pandas as pd
import pytest
import ranef
import ranef.bootstrap.likelihood_ratio
import ranef.inference.coefficients
from ranef.bootstrap.extend import model_of_size, rows_of_size
from ranef.bootstrap.rejections import Study
from ranef.bootstrap.streams import stream_key
from ranef.errors import ArgumentError
from scipy import stats


@pytest.mark.parametrize(
    ("options", "subjects"), [({}, 18), ({"groups": 9}, 9), ({"groups": 30}, 30), ({"alpha": 0.2}, 18)]
)
def test_power_of_a_balanced_slope_is_a_noncentral_t(fit_of, options, subjects):
    # The variance of a balanced slope is that of a subject's least-squares slope over their number. Singular
    # fits depart from that, so the slope's sd is made large.
    fit = fit_of("ss_slope_reml")
    theta = [0.9, 0.1, 0.5]
    found = ranef.power(fit, "Days", 6.0, 1500, theta=theta, seed=1, progress=False, **options)
    factor = np.array([[0.9, 0.0], [0.1, 0.5]])
    D = fit.sigma**2 * factor @ factor.T
    variance = (D[1, 1] + fit.sigma**2 / 82.5) / subjects
    critical = stats.t.ppf(1 - options.get("alpha", 0.05) / 2, subjects - 1)
    law = stats.nct(subjects - 1, 6.0 / np.sqrt(variance))
    expected = law.sf(critical) + law.cdf(-critical)
    assert abs(found.power - expected) < 4 * np.sqrt(expected * (1 - expected) / 1500)
    assert found.groups == {"Subject": subjects} and found.nobs == 10 * subjects and found.n == 1500


def pair(refit):
    """A fit of two coefficients, and the one without the second."""
    design = refit.model.design
    terms = " + ".join(f"({' + '.join(['1', *t.columns[1:]])} | {t.group})" for t in design.terms)
    columns = {t.group: t.factor.levels[t.factor.codes] for t in design.terms}
    columns |= {name: t.basis[:, k] for t in design.terms for k, name in enumerate(t.columns) if k}
    small = ranef.lmer(f"y ~ 1 + {terms}", {"y": refit.state.y, **columns}, offset=design.offset)
    return refit, small


@pytest.mark.parametrize("test", ["satterthwaite", "kenward-roger", "normal", "residual", "lrt"])
@pytest.mark.parametrize("name", ["ss_slope_reml", "ss_offset_reml"])
def test_rejections_are_those_of_plain_fits(fit_of, name, test):
    fit = fit_of(name)
    position = 1
    beta = fit.params.to_numpy().copy()
    beta[position] *= 0.4
    study = Study(fit.model, beta, fit.theta, fit.sigma, position, test, 0.05)
    key = stream_key(3)[0]
    found = study.rejections(key, 5, 40, 2)
    assert 0 < found.sum() < 40
    if test in ("normal", "residual"):  # drawn from the Gram factor: no rows to fit
        return
    from ranef.bootstrap.engine import run
    from ranef.bootstrap.task import sample_task

    rows = run(sample_task(study.state, study.truth), key, 40, 1, progress=False, origin=5).table
    offset = 0.0 if fit.model.design.offset is None else fit.model.design.offset
    for i in range(12):
        refit = fit.refit(rows[i] + offset)
        if test == "lrt":
            large, small = (ranef.bootstrap.likelihood_ratio.by_maximum_likelihood(f) for f in pair(refit))
            ratio = small.objective - large.objective
            assert (ratio >= stats.chi2.ppf(0.95, 1)) == bool(found[i])
            continue
        table = ranef.inference.coefficients.coef_table(refit.state, test)
        assert (table["p"].iloc[position] < 0.05) == bool(found[i])


def test_bootstrap_test_keeps_its_size(fit_of):
    fit = fit_of("ss_slope_reml")
    options = {"groups": 6, "n": 1500, "seed": 4, "progress": False}
    sizes = {
        test: ranef.power(fit, "Days", 0.0, test=test, **options) for test in ("bootstrap", "lrt", "normal")
    }
    assert abs(sizes["bootstrap"].power - 0.05) < 4 * np.sqrt(0.05 * 0.95 * (1 / 1500 + 1 / 4000))
    assert sizes["lrt"].power > 0.07 and sizes["normal"].power > 0.07  # what they are known for with 6 groups


def test_extension_of_nested_and_crossed_designs(fit_of):
    pastes = fit_of("pastes_reml").model
    more = model_of_size(pastes, groups=25)
    assert {f.name: np.unique(f.codes).size for f in more.design.factors} == {
        f.name: f.n_levels * 25 // 10 for f in pastes.design.factors
    }
    pen = fit_of("pen_reml").model
    other = model_of_size(pen, groups=8, along="sample")
    assert {f.name: np.unique(f.codes).size for f in other.design.factors} == {"plate": 24, "sample": 8}
    rows, codes = rows_of_size(fit_of("ss_slope_reml").model.design, 3, 4)
    assert len(rows) == 12 and list(codes["Subject"]) == [0] * 4 + [1] * 4 + [2] * 4
    same = model_of_size(fit_of("ss_slope_reml").model, groups=18)
    theta = fit_of("ss_slope_reml").theta
    assert same.objective(theta) == pytest.approx(fit_of("ss_slope_reml").objective, abs=1e-8)


def test_curve(fit_of):
    fit = fit_of("ss_slope_reml")
    curve = ranef.power_curve(
        fit, "Days", effects=[0.0, 4.0], groups=[10, 20], test="normal", n=300, seed=1, progress=False
    )
    assert list(curve["nobs"]) == [100, 200, 100, 200] and list(curve["groups"]) == [10, 20, 10, 20]
    assert curve["power"].iloc[3] > curve["power"].iloc[2] > 0.3
    assert ((curve["lower"] <= curve["power"]) & (curve["power"] <= curve["upper"])).all()
    fewer = ranef.power_curve(fit, "Days", per_group=[3, 10], test="normal", n=50, seed=1, progress=False)
    assert list(fewer["nobs"]) == [54, 180]


def test_early_stopping(fit_of):
    fit = fit_of("ss_slope_reml")
    options = {"test": "normal", "seed": 1, "progress": False}
    found = ranef.power(fit, "Days", 30.0, 100_000, precision=0.02, **options)
    assert found.n < 1000 and found.power == 1.0
    whole = ranef.power(fit, "Days", 4.0, 400, **options)
    assert ranef.power(fit, "Days", 4.0, 400, n_threads=1, **options) == whole
    lower, upper = whole.conf_int()
    expected = stats.binomtest(whole.rejections, whole.n).proportion_ci(method="exact")
    assert (lower, upper) == pytest.approx((expected.low, expected.high))
    assert "Power of Days = 4" in str(whole) and "Subject 18" in str(whole)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("days",), {}, "coefficient must be one of 'Intercept', 'Days'"),
        (("Days",), {"test": "wald"}, "test= must be one of 'satterthwaite'"),
        (("Days",), {"alpha": 5}, "alpha= must be between"),
        (("Days", "large"), {}, "effect= must be a finite number"),
        (("Days", 1.0, 0), {}, "n is the number of simulated studies"),
        (("Days",), {"groups": 0}, "groups= is a number"),
        (("Days",), {"groups": 5, "along": "Days"}, "along= must be a grouping factor, of 'Subject'"),
        (("Days",), {"per_group": 1, "groups": 1}, "cannot tell all coefficients"),
        (("Days",), {"precision": 2}, "precision= is a share"),
    ],
)
def test_bad_arguments(fit_of, arguments, options, message):
    with pytest.raises(ArgumentError, match=message):
        ranef.power(fit_of("ss_slope_reml"), *arguments, progress=False, **options)
    with pytest.raises(ArgumentError, match="effects=, groups= or per_group="):
        ranef.power_curve(fit_of("ss_slope_reml"), "Days")
    with pytest.raises(ArgumentError, match="not both"):
        ranef.power_curve(fit_of("ss_slope_reml"), "Days", effects=[0, 3], effect=3.0)


def test_one_effect_for_a_whole_curve(fit_of):
    fit, options = fit_of("ss_slope_reml"), {"n": 20, "seed": 1, "progress": False}
    one = ranef.power_curve(fit, "Days", groups=[9, 18], effect=4.0, **options)
    assert one["effect"].tolist() == [4.0, 4.0] and one["groups"].tolist() == [9, 18]
    pd.testing.assert_frame_equal(one, ranef.power_curve(fit, "Days", groups=[9, 18], effects=4.0, **options))
