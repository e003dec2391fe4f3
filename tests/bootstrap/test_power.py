"""Power: against closed forms, plain tests of plain fits, and a noncentral t."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.bootstrap.draws.streams import stream_key
from ranef.bootstrap.draws.true_parameters import true_parameters
from ranef.bootstrap.loop.engine import run
from ranef.bootstrap.loop.record import SINGULAR
from ranef.bootstrap.loop.task import rows_task, sample_task
from ranef.bootstrap.studies.rejections import Study
from ranef.errors import ArgumentError
from ranef.inference.coefficients import coef_table
from ranef.inference.likelihood import by_maximum_likelihood
from ranef.inference.methods import method
from reference_battery import load_model
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
    small = ranef.lmer(f"y ~ 1 + {terms}", {"y": refit.y, **columns}, offset=design.offset)
    return refit, small


@pytest.mark.parametrize("test", ["satterthwaite", "kenward-roger", "normal", "residual", "lrt"])
@pytest.mark.parametrize("name", ["ss_slope_reml", "ss_offset_reml"])
def test_rejections_are_those_of_plain_fits(fit_of, name, test):
    fit = fit_of(name)
    position = 1
    beta = fit.params.to_numpy().copy()
    beta[position] *= 0.4
    study = Study(fit.model, beta, fit.theta, fit.sigma, position, test, 0.05)
    assert study.route == "gram"
    key = stream_key(3)[0]
    share = study.rejections(key, 0, 400, 2).mean()
    study = Study(fit.model, beta, fit.theta, fit.sigma, position, test, 0.05)
    study.factor = None  # row by row: rows to fit
    found = study.rejections(key, 5, 40, 2)
    assert 0 < found.sum() < 40
    by_rows = study.rejections(key, 0, 400, 2).mean()
    assert abs(share - by_rows) < 4 * np.sqrt(2 * by_rows * (1 - by_rows) / 400)

    rows = run(sample_task(study.fit, study.truth), key, 40, 1, progress=False, first=5).table
    offset = 0.0 if fit.model.design.offset is None else fit.model.design.offset
    for i in range(12):
        refit = fit.refit(rows[i] + offset)
        if test == "lrt":
            large, small = (by_maximum_likelihood(f) for f in pair(refit))
            ratio = small.objective - large.objective
            assert (ratio >= stats.chi2.ppf(0.95, 1)) == bool(found[i])
            continue
        table = coef_table(refit, test)
        assert (table["p"].iloc[position] < 0.05) == bool(found[i])


@pytest.mark.parametrize("name", ["ss_slope_reml", "ss_slope_ml", "ss_offset_reml", "pastes_reml"])
def test_degrees_of_freedom_in_the_loop(fit_of, name):
    fit = fit_of(name)
    at, key = true_parameters(fit), stream_key(8)[0]
    contrast = np.linspace(1.0, 2.0, fit.model.cross.rank)
    task = rows_task(fit, at, columns=("df",), contrast=contrast)
    table = run(task, key, 30, 2, progress=False).table
    rows = run(sample_task(fit, at), key, 30, 1, progress=False).table
    offset = 0.0 if fit.model.design.offset is None else fit.model.design.offset
    regular = (table[:, 1].astype(int) & SINGULAR) == 0
    assert regular.sum() > 10
    assert np.array_equal(np.isfinite(table[:, 0]), regular)
    for i in np.flatnonzero(regular)[:15]:
        expected = method(fit.refit(rows[i] + offset), "satterthwaite").df(contrast)
        assert table[i, 0] == pytest.approx(expected, rel=2e-5)


def test_degrees_of_freedom_of_a_balanced_mean():
    """The variance of the mean is that of the groups' means, whatever the estimates: groups minus one."""
    fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"))
    task = rows_task(fit, true_parameters(fit), columns=("df",), contrast=np.ones(1))
    table = run(task, stream_key(5)[0], 50, 1, progress=False).table
    regular = (table[:, 1].astype(int) & SINGULAR) == 0
    np.testing.assert_allclose(table[regular, 0], 5.0, rtol=1e-6)


def test_bootstrap_test_keeps_its_size(fit_of):
    fit = fit_of("ss_slope_reml")
    options = {"groups": 6, "seed": 4, "progress": False}
    found = ranef.power(fit, "Days", 0.0, 600, test="bootstrap", **options)
    assert abs(found.power - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 600)
    for test in ("lrt", "normal"):  # what they are known for with 6 groups
        assert ranef.power(fit, "Days", 0.0, 1500, test=test, **options).power > 0.07


def test_bootstrap_test_of_a_study_is_a_pbtest(fit_of):
    # The same ratio against nulls of the same distribution: rejections agree but near the critical value.
    fit = fit_of("ss_slope_reml")
    beta = fit.params.to_numpy().copy()
    beta[1] *= 0.4
    study = Study(fit.model, beta, fit.theta, fit.sigma, 1, "bootstrap", 0.05)
    study.factor = None
    key = stream_key(3)[0]
    found = study.rejections(key, 0, 12, 2)
    rows = run(sample_task(study.fit, study.truth), key, 12, 1, progress=False).table
    clear = 0
    for i in range(12):
        p = ranef.pbtest(*reversed(pair(fit.refit(rows[i]))), 1000, seed=i, progress=False).p
        if not 0.02 < p < 0.10:
            assert bool(found[i]) == (p < 0.05)
            clear += 1
    assert clear > 6


@pytest.mark.parametrize(
    "name", ["ss_slope_reml", "ss_offset_reml", "pastes_reml", "pen_reml", "ss_weights_reml"]
)
def test_the_model_without_a_coefficient(fit_of, name):
    rng = np.random.default_rng(0)
    model = load_model(name)
    data = model.frame()
    data["extra"] = rng.normal(size=len(data))
    formula = model.formula.replace("~", "~ extra +", 1)
    arguments = {**model.arguments, "reml": False}
    fit, small = ranef.lmer(formula, data, **arguments), ranef.lmer(model.formula, data, **arguments)
    position = list(fit.params.index).index("extra")
    study = Study(fit.model, fit.params.to_numpy(), fit.theta, fit.sigma, position, "lrt", 0.05)
    narrowed = study._pair.small.model
    assert study._pair.factor is not None and narrowed.cross.rows is None
    for theta in (fit.theta, 0.5 * fit.theta):
        assert narrowed.objective(theta) == pytest.approx(small.model.objective(theta), abs=1e-7)
    draws = fit.response.values[None]
    found = study._pair.inner.responses(draws)[0]
    assert narrowed.problem.value(narrowed.response.with_values(found), fit.theta) == pytest.approx(
        small.model.objective(fit.theta), abs=1e-7
    )


def test_the_constant_is_tested_by_rows(fit_of):
    fit = fit_of("ss_slope_reml")
    for test in ("lrt", "bootstrap"):
        found = ranef.power(
            fit, "Intercept", 10.0, 40, groups=8, test=test, n_null=39, seed=1, progress=False
        )
        assert found.n == 40 and found.power > 0


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
        (("Days",), {"alpha": "5 %"}, "alpha= must be between"),
        (("Days", "large"), {}, "effect= must be a finite number"),
        (("Days", 1.0, 0), {}, "n is the number of simulated studies"),
        (("Days",), {"groups": 0}, "groups= is the number of groups"),
        (("Days",), {"groups": 5, "group": "Days"}, "group= must be a grouping factor, of 'Subject'"),
        (("Days",), {"per_group": 1, "groups": 1}, "cannot tell all coefficients apart"),
        (("Days",), {"precision": 2}, "precision= is a share"),
        (("Days",), {"precision": "high"}, "precision= is a share"),
        (("Days",), {"test": "bootstrap", "n_null": 18}, "n_null=18 replicates cannot reject.*at least 19"),
        (("Days",), {"n_null": 0}, "n_null= is the number"),
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


def blocks():
    rng = np.random.default_rng(5)
    g, f = np.repeat(np.arange(12), 6), np.tile(list("abc"), 24)
    y = rng.normal(size=12)[g] + rng.normal(size=72)
    return pd.DataFrame({"y": y, "g": g.astype(str), "f": f})


@pytest.mark.parametrize("test", ["satterthwaite", "kenward-roger", "lrt", "bootstrap"])
def test_power_of_a_factor_in_balanced_blocks_is_a_noncentral_f(test):
    """F within blocks has 2 and 72 - 12 - 2 degrees of freedom; the likelihood ratio is a function of it."""
    fit = ranef.lmer("y ~ f + (1 | g)", blocks())
    n = {"lrt": 1500, "satterthwaite": 600}.get(test, 200)
    options = {"theta": [1.5], "sigma": 1.0, "seed": 2, "progress": False, "test": test}
    found = ranef.power(fit, "f", [0.3, 0.8], n, **options)
    noncentral = 24 * np.var([0.0, 0.3, 0.8]) * 3
    law = stats.ncf(2, 58, noncentral)
    critical = stats.f.ppf(0.95, 2, 58)
    if test == "lrt":  # 72 log(1 + 2 F / 58) in place of a ratio with blocks: the same to a per cent here
        critical = (np.exp(stats.chi2.ppf(0.95, 2) / 60) - 1) * 29
    expected = law.sf(critical)
    assert abs(found.power - expected) < 4 * np.sqrt(expected * (1 - expected) / n) + (0.02 * (test == "lrt"))
    assert found.effect == (0.3, 0.8) and "f = 0.3, 0.8" in str(found)


def test_power_of_a_factor_says_what_it_needs():
    fit = ranef.lmer("y ~ f + (1 | g)", blocks())
    with pytest.raises(ArgumentError, match="2 finite numbers, one for each coefficient of the term"):
        ranef.power(fit, "f", 0.5, 10)
    with pytest.raises(ArgumentError, match=r"'f\[T.c\]', or one of the terms 'f'; got 'h'"):
        ranef.power(fit, "h", 0.5, 10)


def test_power_of_a_factor_of_a_generalised_model():
    """Without an effect the likelihood ratio of two coefficients rejects at its level."""
    data = blocks().assign(n=np.random.default_rng(1).poisson(3, 72))
    fit = ranef.glmer("n ~ f + (1 | g)", data, "poisson")
    found = ranef.power(fit, "f", [0.0, 0.0], 300, seed=1)
    assert found.test == "lrt" and abs(found.power - 0.05) < 4 * np.sqrt(0.05 * 0.95 / 300)
