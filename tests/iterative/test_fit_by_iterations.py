"""Fits by iterations against the exact kinds, which are the oracle."""

import numpy as np
import pandas as pd
import pytest
import ranef
from iterative.crossed_rows import FEW, FORMULAS, data, pair
from ranef import _core, planning
from ranef.errors import ArgumentError
from ranef.inference.methods import method
from ranef.machine.threads import get_num_threads, set_num_threads

CASES = [*((name, True, None) for name in FORMULAS), ("two factors", False, "w"), ("vectors", False, None)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_theta_is_exact_but_for_the_stated_error(case):
    found, exact = pair(*case)
    assert found.converged and found.optimum.worst_error < FEW.error
    tests = method(found, "satterthwaite")
    chance = np.sqrt(np.diag(tests.core_chance))[:-1]
    se = np.sqrt(np.diag(tests.core_covariance))[:-1]
    inside = [_core.internal_theta(exact.model.problem, fit.theta) for fit in (found, exact)]
    assert (np.abs(inside[0] - inside[1]) < 4 * chance + 2e-3 * se).all()


@pytest.mark.parametrize("case", CASES, ids=str)
def test_estimates_at_theta_are_exact(case):
    found, exact = pair(*case)
    expected = exact.model.problem.solve(exact.response, found.theta)
    for name in ("beta", "sigma", "vcov"):
        np.testing.assert_allclose(found.solution[name], expected[name], rtol=1e-7)
    for mine, theirs in zip(found.solution["modes"], expected["modes"], strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-7 * found.sigma)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_tests_and_standard_errors_are_those_of_the_exact_fit(case):
    found, exact = pair(*case)
    # at another theta, by some hundredths of its standard error
    np.testing.assert_allclose(found.component_table()["se"], exact.component_table()["se"], rtol=0.02)
    np.testing.assert_allclose(found.df, exact.df, rtol=0.04)
    assert found.errors.se_error < 0.02
    np.testing.assert_allclose(found.bse, exact.bse, rtol=0.01)
    np.testing.assert_allclose(found.r2(), exact.r2(), rtol=0.02)
    np.testing.assert_allclose(found.fittedvalues, exact.fittedvalues, atol=0.02)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_criterion_is_estimated_with_its_error(case):
    found, exact = pair(*case)
    assert found.objective_error < 2
    assert abs(found.objective - exact.model.objective(found.theta)) < 4 * found.objective_error + 1e-6


def test_the_stated_error_is_that_over_seeds():
    formula = FORMULAS["two factors"]
    fits = [
        ranef.lmer(formula, data(), schur="iterative", iterations=ranef.Iterations(seed=seed, error=1))
        for seed in range(24)
    ]
    stated = np.median([fit.component_table()["mc_error"] for fit in fits], axis=0)
    spread = np.std([fit.component_table()["estimate"] for fit in fits], axis=0, ddof=1)
    assert ((spread < 2 * stated) & (spread > stated / 2)).all()


def test_threads_change_nothing():
    before = get_num_threads()
    thetas = []
    try:
        for threads in (1, 2):
            set_num_threads(threads)
            fit = ranef.lmer(FORMULAS["three factors"], data(), schur="iterative", iterations=FEW)
            thetas.append([*fit.theta, *fit.params, fit.objective])
    finally:
        set_num_threads(before)
    assert thetas[0] == thetas[1]


def test_a_variance_of_zero_is_found():
    rng = np.random.default_rng(5)
    frame = data().assign(y=lambda d: 1 + 0.5 * rng.normal(size=300)[d.u] + rng.normal(size=len(d)))
    found = ranef.lmer("y ~ 1 + (1 | u) + (1 | i) + (1 | k)", frame, schur="iterative", iterations=FEW)
    exact = ranef.lmer("y ~ 1 + (1 | u) + (1 | i) + (1 | k)", frame, schur="dense")
    assert exact.singular, "the case is of no use"
    assert found.singular and found.converged
    np.testing.assert_array_equal(found.theta == 0, exact.theta == 0)
    np.testing.assert_allclose(found.theta, exact.theta, atol=2e-3)
    assert "zero" in found.optimum.message
    for name, value in exact.optimum.multipliers.items():
        assert found.optimum.multipliers[name] == pytest.approx(value, rel=0.2)


@pytest.mark.parametrize("case", ["two factors", "vectors"])
def test_a_variance_of_zero_that_would_grow_is_not_left_there(case):
    """From the worst start: the score along it is known, a step from zero takes it up again."""
    found, _ = pair(case)
    start = np.zeros(len(found.theta))
    at_zero = ranef.lmer(FORMULAS[case], data(), schur="iterative", start=start, iterations=FEW)
    assert at_zero.converged and not at_zero.singular
    np.testing.assert_allclose(at_zero.theta, found.theta, atol=1e-4)


def test_a_level_with_all_rows_and_a_nested_factor():
    frame = data().assign(all="a", city=lambda d: d.u // 10)
    found = ranef.lmer("y ~ x + (1 | u) + (1 | i) + (1 | city)", frame, schur="iterative", iterations=FEW)
    exact = ranef.lmer("y ~ x + (1 | u) + (1 | i) + (1 | city)", frame, schur="dense")
    np.testing.assert_allclose(found.theta, exact.theta, rtol=0.05, atol=0.02)
    assert found.converged
    assert "Every level of 'u' lies in one level of 'city': it is nested" in str(found.summary())
    assert "parts" not in str(found.summary())


def test_small_factors_are_taken_into_the_preconditioner():
    """Items in genres, behind users: by blocks alone solves take a hundred iterations."""
    frame = data().assign(genre=lambda d: d.i // 5)
    frame["y"] = frame.y + 0.5 * np.random.default_rng(8).normal(size=30)[frame.genre]
    formula = "y ~ x + (1 | u) + (1 | i) + (1 | genre) + (1 | k)"
    found = ranef.lmer(formula, frame, schur="iterative", iterations=FEW)
    exact = ranef.lmer(formula, frame, schur="dense")
    assert found.converged and found.optimum.iterations < 30
    chance = np.sqrt(np.diag(method(found, "satterthwaite").parameter_chance))[:-1]
    assert (np.abs(found.theta - exact.theta) < 4 * chance + 2e-3 * exact.theta).all()
    expected = exact.model.problem.solve(exact.response, found.theta)
    np.testing.assert_allclose(found.solution["vcov"], expected["vcov"], rtol=1e-7)
    assert abs(found.objective - exact.model.objective(found.theta)) < 4 * found.objective_error + 1e-6


def test_columns_of_small_factors_are_solved_for_where_probes_would_be_more():
    frame = data().assign(genre=lambda d: d.i // 2)
    frame["y"] = frame.y + 0.7 * np.random.default_rng(8).normal(size=75)[frame.genre]
    formula = "y ~ x + (1 | u) + (1 | i) + (1 | genre)"
    found = ranef.lmer(formula, frame, schur="iterative")
    exact = ranef.lmer(formula, frame, schur="dense")
    assert found.converged and found.optimum.found["small_are_exact"]
    tests = method(found, "satterthwaite")
    chance = np.sqrt(np.diag(tests.parameter_chance))[:-1]
    se = np.sqrt(np.diag(tests.parameter_covariance))[:-1]
    assert (np.abs(found.theta - exact.theta) < 4 * chance + 1e-3 * se).all()
    np.testing.assert_allclose(found.component_table()["se"], exact.component_table()["se"], rtol=0.01)


def test_factors_with_few_levels_leave_nothing_to_chance():
    found, _ = pair("three factors")
    table = found.component_table()
    assert table.loc["sd[k.Intercept]", "mc_error"] < 1e-3 * table.loc["sd[k.Intercept]", "se"]


@pytest.mark.parametrize("slopes", ["x", "x + z"])
def test_a_singular_covariance_matrix_of_several_columns_is_followed(slopes):
    """What is left turns until the score is zero along the boundary, as by the exact kinds' pivoting."""
    frame = data().assign(genre=lambda d: d.i // 5)
    formula = f"y ~ x + (1 | u) + (1 | i) + ({slopes} | genre)"
    found = ranef.lmer(formula, frame, schur="iterative", iterations=ranef.Iterations(error=0.1))
    exact = ranef.lmer(formula, frame, schur="dense")
    factor = found.model.covariance_factors(found.theta)[2]
    assert exact.singular and factor.any(), "the case is of no use"
    assert found.converged and found.singular
    np.testing.assert_allclose(found.varcorr.to_frame()["sd"], exact.varcorr.to_frame()["sd"], atol=0.02)
    assert exact.model.objective(found.theta) - exact.objective < 0.1
    for name, value in exact.optimum.multipliers.items():
        assert found.optimum.multipliers[name] == pytest.approx(value, rel=0.3)
    assert np.isfinite(found.df).all() and np.isnan(found.component_table()["se"]).any()


def test_parts_that_few_rows_join():
    rng = np.random.default_rng(3)
    n, parts, users, items = 20_000, 40, 50, 20
    part = rng.integers(0, parts, n)
    other = np.where(rng.random(n) < 5e-4, rng.integers(0, parts, n), part)
    frame = {"u": part * users + rng.integers(0, users, n), "i": other * items + rng.integers(0, items, n)}
    effects = rng.normal(size=parts * users)[frame["u"]] + rng.normal(size=parts * items)[frame["i"]]
    for joined in (True, False):
        if not joined:
            frame["i"] = part * items + frame["i"] % items
        frame["y"] = effects + rng.normal(size=n)
        found = ranef.lmer("y ~ 1 + (1 | u) + (1 | i)", frame, schur="iterative", iterations=FEW)
        exact = ranef.lmer("y ~ 1 + (1 | u) + (1 | i)", frame, schur="dense")
        assert found.converged
        off = found.component_table()["estimate"] - exact.component_table()["estimate"]
        assert (np.abs(off) < 4 * found.component_table()["mc_error"]).all()
        assert ("fall into 40 parts that share no level" in str(found.summary())) is not joined


def test_solves_that_do_not_end_are_told():
    fit = ranef.lmer(
        FORMULAS["three factors"], data(), schur="iterative", iterations=ranef.Iterations(most_iterations=2)
    )
    assert not fit.converged
    assert "relative residual" in fit.optimum.message and "most_iterations" in fit.optimum.message
    few = ranef.Iterations(error=1e-3, most_probes=16)
    fit = ranef.lmer(FORMULAS["three factors"], data(), schur="iterative", iterations=few)
    assert not fit.converged and "Monte Carlo error" in fit.optimum.message


@pytest.mark.parametrize(
    "formula", ["y ~ x + (1 | u) + (1 | i) + (1 | u2)", "y ~ x + (x || u2) + (1 | i) + (1 | u)"]
)
def test_terms_that_nothing_tells_apart(formula):
    """Found by ranks before anything is solved, whatever the number of levels."""
    rows = data(8000, 900, 300)
    twice = rows.assign(u2=rows["u"] + 1000)
    with pytest.raises(ArgumentError, match=r"has no estimate.*schur='dense'"):
        ranef.lmer(formula, twice, schur="iterative", iterations=FEW)


def test_the_plan_takes_iterations_where_a_dense_fit_has_no_room(monkeypatch):
    rng = np.random.default_rng(1)
    n, users, items = 30_000, 4000, 2500
    frame = {"u": rng.integers(0, users, n), "i": rng.integers(0, items, n)}
    frame["y"] = rng.normal(size=users)[frame["u"]] + rng.normal(size=items)[frame["i"]] + rng.normal(size=n)
    formula = "y ~ 1 + (1 | u) + (1 | i)"
    monkeypatch.setattr(planning, "available_memory", lambda: 50_000_000)
    fit = ranef.lmer(formula, frame)
    assert fit.plan.kind == "iterative" and "dense kind would take" in fit.plan.reason
    assert fit.plan.seconds > 0 and fit.converged
    np.testing.assert_allclose(fit.theta, 1, atol=0.05)
    with pytest.raises(MemoryError):  # a model promises a criterion
        ranef.Model(formula, frame)
    with pytest.raises(MemoryError):
        ranef.lmer(formula, frame, schur="dense")


@pytest.mark.parametrize("term", ["(0 + sex | g)", "(none | g)", "(x | g) + (1 | g)"])
def test_what_no_response_can_tell_about_is_named_before_the_search(term):
    rng = np.random.default_rng(4)
    g, h = rng.integers(0, 20, 150), rng.integers(0, 9, 150)
    sex = np.where(g % 2, "f", "m")
    columns = {"y": rng.normal(size=150), "x": rng.normal(size=150), "sex": sex, "none": 0.0}
    data = pd.DataFrame({**columns, "g": g.astype(str), "h": h.astype(str)})
    with pytest.raises(ranef.ArgumentError, match=r"has no estimate.*schur='dense'"):
        ranef.lmer(f"y ~ x + {term} + (1 | h)", data, schur="iterative")
