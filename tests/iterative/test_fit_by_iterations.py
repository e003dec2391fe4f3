"""Fits by iterations against the exact kinds, which are the oracle."""

import functools
import pickle

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef import _core, planning
from ranef.bootstrap.draws.streams import replicate_generator, stream_key
from ranef.errors import ArgumentError, NewLevelError
from ranef.inference.methods import method
from ranef.iterative import errors
from ranef.machine.threads import get_num_threads, set_num_threads

FORMULAS = {
    "two factors": "y ~ x + (1 | u) + (1 | i)",
    "three factors": "y ~ x + (1 | u) + (1 | i) + (1 | k)",
    "vectors": "y ~ x + z + (x | u) + (z | i)",
    "uncorrelated, other slopes": "y ~ x + z + (x || u) + (0 + z | i) + (1 | k)",
}
FEW = ranef.Iterations(error=0.05)


@functools.cache
def data(n=4000, users=300, items=150, seed=3):
    """Crossed data with slopes; items are met by popularity."""
    rng = np.random.default_rng(seed)
    popularity = 1 / (np.arange(items) + 5.0)
    frame = pd.DataFrame(
        {
            "u": rng.integers(0, users, n),
            "i": rng.choice(items, n, p=popularity / popularity.sum()),
            "k": rng.integers(0, 20, n),
            "x": rng.normal(size=n),
            "z": rng.normal(2, 3, size=n),
            "w": rng.uniform(0.5, 2, size=n),
        }
    )
    effects = 0.7 * rng.normal(size=users)[frame.u] + 0.5 * rng.normal(size=items)[frame.i]
    slopes = 0.3 * frame.x * rng.normal(size=users)[frame.u] + 0.1 * frame.z * rng.normal(size=items)[frame.i]
    frame["y"] = (
        1 + 0.5 * frame.x + effects + 0.4 * rng.normal(size=20)[frame.k] + slopes + rng.normal(size=n)
    )
    return frame


@functools.cache
def pair(name, reml=True, weights=None):
    """(by iterations, exact)"""
    formula = FORMULAS[name]
    iterative = ranef.lmer(formula, data(), reml, weights, schur="iterative", iterations=FEW)
    return iterative, ranef.lmer(formula, data(), reml, weights, schur="dense")


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


def test_a_likelihood_ratio_is_the_exact_one_but_for_the_stated_error():
    """Refitted by maximum likelihood, by iterations again; p is bounded in a note."""
    smaller = FORMULAS["two factors"].replace("x + ", "")
    found, exact = pair("two factors")
    small = [ranef.lmer(smaller, data(), schur=kind) for kind in ("iterative", "dense")]
    tables = [ranef.anova(a, b) for a, b in zip(small, (found, exact), strict=True)]
    errors = [fit.by_other_criterion().objective_error for fit in (small[0], found)]
    assert isinstance(found.by_other_criterion(), type(found)) and not found.by_other_criterion().reml
    chisq = [float(table["chisq"].iloc[1]) for table in tables]
    assert abs(chisq[0] - chisq[1]) < 4 * np.hypot(*errors)
    assert "Monte Carlo standard error" in tables[0].attrs["notes"][1]
    assert not any("Monte Carlo" in note for note in tables[1].attrs["notes"])


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


def test_conditional_standard_deviations_of_chosen_levels():
    found, exact = pair("vectors")
    variances = exact.model.problem.conditional_variances(exact.response, found.theta)
    for given, factor in enumerate(exact.model.cross.factors):
        levels = found.ranef[factor.group].index[[5, 0]]
        expected = found.sigma * np.sqrt(np.einsum("lii->li", variances[given])[[5, 0]])
        np.testing.assert_allclose(found.cond_sd(factor.group, levels), expected, rtol=1e-6)
    with pytest.raises(NewLevelError, match="999"):
        found.cond_sd("u", [999])
    with pytest.raises(ArgumentError, match="'v' is not a grouping factor"):
        found.cond_sd("v", [1])


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


def test_summary_states_the_errors():
    found, _ = pair("two factors")
    text = str(found.summary())
    assert "mc_error" in text and "Fitted by iterations" in text and "criterion is an estimate" in text
    assert "Fitted by iterations" in repr(found)
    assert "iterative" in str(found.plan)
    assert (found.component_table()["mc_error"] < 0.05 * found.component_table()["se"]).all()
    assert "97.5 %" in str(found.summary(conf_int=True))


@pytest.mark.parametrize(
    "formula", ["y ~ x + (1 | u) + (1 | i) + (1 | u2)", "y ~ x + (x || u2) + (1 | i) + (1 | u)"]
)
def test_terms_that_nothing_tells_apart(formula):
    """Found by ranks before anything is solved, whatever the number of levels."""
    rows = data(8000, 900, 300)
    twice = rows.assign(u2=rows["u"] + 1000)
    with pytest.raises(ArgumentError, match=r"has no estimate.*schur='dense'"):
        ranef.lmer(formula, twice, schur="iterative", iterations=FEW)


def test_what_takes_long_is_not_computed_for_a_glance():
    found = ranef.lmer(FORMULAS["two factors"], data(), schur="iterative", iterations=FEW)
    assert "criterion" not in repr(found) and "criterion" not in found._repr_html_()
    assert not {"criterion", "errors"} & vars(found).keys()


@pytest.mark.parametrize(
    "verb",
    ["profile", "ranova", "drop1", "robust", "leverage", "influence", "redundancy"],
)
def test_what_needs_an_exact_kind_is_refused_by_name(verb):
    with pytest.raises(ArgumentError, match=rf"{verb}\(\) is not available for a fit by iterations"):
        getattr(pair("two factors")[0], verb)()


def test_other_refusals():
    found, _ = pair("two factors")
    with pytest.raises(ArgumentError, match="kenward-roger"):
        found.coef_table("kenward-roger")
    with pytest.raises(ArgumentError, match="schur='dense'"):
        found.ranef.cond_var["u"]
    with pytest.raises(ArgumentError, match="schur='dense'"):
        found.model.objective(found.theta)
    with pytest.raises(ArgumentError, match="theta_uncertainty"):
        found.predict(data().head(), theta_uncertainty=True)
    for arguments in ({"optimizer": "bobyqa"}, {"dispersion": "~ k"}, {"residual": "ar1(1 | u)"}):
        with pytest.raises(ArgumentError, match="iterative"):
            ranef.lmer(FORMULAS["two factors"], data(), schur="iterative", **arguments)
    with pytest.raises(ArgumentError, match="classes"):
        ranef.lmer(FORMULAS["two factors"], data(), schur="iterative", leading="classes")
    with pytest.raises(ArgumentError, match="this one is exact"):
        ranef.lmer(FORMULAS["two factors"], data(), schur="dense", iterations=FEW)
    with pytest.raises(ArgumentError, match=r"ranef.Iterations"):
        ranef.lmer(FORMULAS["two factors"], data(), schur="iterative", iterations=16)


@pytest.mark.parametrize(
    "wrong", [{"probes": 0}, {"error": 0}, {"seed": -1}, {"probes": 1.5}, {"most_probes": 8}]
)
def test_iterations_are_checked(wrong):
    with pytest.raises(ArgumentError, match=next(iter(wrong))):
        ranef.Iterations(**wrong)


@pytest.mark.parametrize("name", ["vectors", "uncorrelated, other slopes"])
def test_standard_errors_of_predictions_are_solves(name):
    found, exact = pair(name)
    new = data().iloc[:20].copy()
    new.loc[new.index[0], "u"] = 12345
    for options in ({"interval": "prediction", "parts": True}, {"random": "u", "interval": "confidence"}):
        tables = [fit.predict(new, allow_new_levels=True, ddf="normal", **options) for fit in (found, exact)]
        np.testing.assert_allclose(tables[0]["se"], tables[1]["se"], rtol=0.02)
        np.testing.assert_allclose(tables[0]["upper"], tables[1]["upper"], rtol=0.02, atol=0.02)
    own = found.predict(data().iloc[:3], se=True)["se"]
    at = exact.model.fit(start=found.theta, max_evaluations=1)
    np.testing.assert_allclose(own, at.predict(data().iloc[:3], se=True)["se"], rtol=0.02)


def test_a_bootstrap_draws_rows_and_refits():
    found, exact = pair("two factors")
    result = found.bootstrap(6, seed=1, progress=False)
    again = found.bootstrap(2, seed=1, first=4, progress=False)
    frame = result.to_frame()
    assert result.converged.all() and len(frame) == 6
    np.testing.assert_array_equal(result.records[4:], again.records)
    theirs = exact.model.fit(found.simulate(1, seed=replicate_generator(stream_key(1)[0], 0)))
    for name in ("Intercept", "x", "sigma"):
        assert frame[name].iloc[0] == pytest.approx(theirs[name].iloc[0], rel=1e-3)
    assert set(result.conf_int().index) >= {"x", "sigma"}


def test_refits_and_pickles():
    found, _ = pair("two factors")
    again = pickle.loads(pickle.dumps(found))
    assert (again.theta == found.theta).all() and again.objective == found.objective
    doubled = found.refit(2 * data().y.to_numpy() + 1)
    np.testing.assert_allclose(doubled.theta, found.theta, rtol=1e-5)
    assert doubled.sigma == pytest.approx(2 * found.sigma, rel=1e-6)


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


def test_four_probes_give_the_information_where_their_spread_is_small(monkeypatch):
    """Where it is not, as many are asked as the fit has; both agree to what they say of themselves."""
    fit = ranef.lmer(
        "diameter ~ 1 + (1 | plate) + (1 | sample)", ranef.datasets.load("Penicillin"), schur="iterative"
    )
    asked, real = [], errors._observed

    def observed(fit, probes):
        asked.append(probes)
        return real(fit, probes)

    monkeypatch.setattr(errors, "_observed", observed)
    few = errors.monte_carlo(fit)
    assert asked == [4]
    monkeypatch.setattr(errors, "_ROUGHLY", np.inf)
    many = errors.monte_carlo(fit)
    assert asked == [4, 4, 16]
    assert np.allclose(np.diag(few.statistical), np.diag(many.statistical), rtol=1e-3)


@pytest.mark.parametrize("term", ["(0 + sex | g)", "(none | g)", "(x | g) + (1 | g)"])
def test_what_no_response_can_tell_about_is_named_before_the_search(term):
    rng = np.random.default_rng(4)
    g, h = rng.integers(0, 20, 150), rng.integers(0, 9, 150)
    sex = np.where(g % 2, "f", "m")
    columns = {"y": rng.normal(size=150), "x": rng.normal(size=150), "sex": sex, "none": 0.0}
    data = pd.DataFrame({**columns, "g": g.astype(str), "h": h.astype(str)})
    with pytest.raises(ranef.ArgumentError, match=r"has no estimate.*schur='dense'"):
        ranef.lmer(f"y ~ x + {term} + (1 | h)", data, schur="iterative")
