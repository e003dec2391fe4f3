"""Ctrl-C: what was done is kept, and nothing is started on what it finds unfinished."""

from dataclasses import replace

import numpy as np
import pytest
import ranef
from ranef.bootstrap.loop import engine
from ranef.bootstrap.studies import pairs, rejections
from ranef.datasets import load


def test_ctrl_c_ends_a_study(fit_of, monkeypatch):
    """Nothing is started on what the first Ctrl-C finds unfinished; what was done is kept."""
    fit, run, calls = fit_of("ss_slope_reml"), engine.run, []

    def interrupted(*arguments, **options):
        outcome = run(*arguments, **options)
        calls.append(len(outcome.table))
        return replace(outcome, interrupted=len(calls) == 3)

    for test, kept in (("satterthwaite", 200), ("lrt", 0)):
        calls.clear()
        monkeypatch.setattr(engine, "run", interrupted)
        if kept:
            found = ranef.power(fit, "Days", 4.0, n=1000, precision=1e-3, test=test, seed=1, progress=False)
            assert found.n == kept and len(calls) == 3
        else:
            with pytest.raises(KeyboardInterrupt):
                ranef.power(fit, "Days", 4.0, n=1000, precision=1e-3, test=test, seed=1, progress=False)
    calls.clear()
    monkeypatch.setattr(pairs, "_FIRST", 30)
    small = fit_of("ss_int_reml")
    monkeypatch.setattr(
        engine, "run", lambda *a, **k: replace(run(*a, **k), interrupted=calls.append(1) or len(calls) == 4)
    )
    assert len(ranef.pbtest(small, fit, 500, seed=1, progress=False).reference) == 30
    assert rejections.run_whole is engine.run_whole


@pytest.mark.parametrize(("at", "points", "studies"), [(3, 1, 2000), (5, 1, 2500), (7, 2, 2000)])
def test_ctrl_c_ends_a_curve_at_its_point(fit_of, monkeypatch, at, points, studies):
    """The points after it were simulated all the same."""
    fit, run, calls = fit_of("ss_slope_reml"), engine.run, []

    def interrupted(*arguments, **options):
        calls.append(1)
        return replace(run(*arguments, **options), interrupted=len(calls) == at)

    monkeypatch.setattr(engine, "run", interrupted)
    options = {"test": "normal", "n": 2500, "seed": 1, "progress": False}
    curve = ranef.power_curve(fit, "Days", effects=[1.0, 2.0, 3.0], **options)
    assert (len(curve), len(calls), curve["n"].iloc[-1]) == (points, at, studies)


@pytest.mark.parametrize("kind", ["lmer", "glmer", "gls"])
def test_ctrl_c_leaves_no_interval_of_fewer_replicates_than_asked(fit_of, kind, monkeypatch):
    fit = {
        "lmer": lambda: fit_of("ss_slope_reml"),
        "glmer": lambda: ranef.glmer(
            "cbind(incidence, size - incidence) ~ period + (1 | herd)", load("cbpp")
        ),
        "gls": lambda: ranef.gls("distance ~ age", load("Orthodont"), dispersion="~ Sex"),
    }[kind]()
    drawn = fit.bootstrap(5, seed=1, progress=False)
    short = replace(drawn, requested=9)
    monkeypatch.setattr(type(fit), "bootstrap", lambda *_, **__: short)
    with pytest.raises(KeyboardInterrupt):
        fit.conf_int(method="bootstrap", n=9)
    monkeypatch.setattr(type(fit), "bootstrap", lambda *_, **__: drawn)
    assert len(fit.conf_int(method="bootstrap", n=5))


def test_ctrl_c_while_rows_are_drawn_for_a_plain_statistic(fit_of, monkeypatch):
    """The slices before it are kept, with their statistic."""
    fit, run, calls = fit_of("ss_slope_reml"), engine.run, []

    def interrupted(*arguments, **options):
        calls.append(1)
        return replace(run(*arguments, **options), interrupted=len(calls) == 2)

    monkeypatch.setattr(engine, "run", interrupted)
    result = fit.bootstrap(500, seed=1, statistic=lambda refit: refit.sigma, progress=False)
    assert 0 < len(result) < 500 and len(calls) == 2
    np.testing.assert_allclose(result.part("statistic"), result.part("sigma"), rtol=1e-9)
