"""The unfitted model: criterion and gradient against the dense oracle for every structure and every plan."""

import pickle

import numpy as np
import oracle
import pandas as pd
import pytest
import ranef
from oracle_design import oracle_design
from reference_battery import load_data


def random_frame(n=120, seed=0):
    """Unbalanced data: two crossed factors, one nested in the first, covariates, weights, an offset."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({
        "a": rng.integers(0, 9, n),
        "b": rng.integers(0, 6, n),
        "x": rng.normal(size=n),
        "z": rng.uniform(-1, 3, size=n),
        "w": rng.uniform(0.3, 3, size=n),
        "o": rng.normal(size=n),
        "f": pd.Categorical(rng.choice(list("pqr"), n)),
    })
    effects = rng.normal(size=(9, 2)) @ [[1.0, 0.5], [0, 0.7]]
    frame["y"] = (
        1 + frame["x"] + effects[frame["a"], 0] + effects[frame["a"], 1] * frame["x"]
        + rng.normal(size=6)[frame["b"]] + 0.8 * rng.normal(size=n)
    )
    frame["c"] = frame["a"] * 10 + rng.integers(0, 3, n)
    return frame


FORMULAS = {
    "intercept": "y ~ x + (1 | a)",
    "slope": "y ~ x + (x | a)",
    "slope only": "y ~ x + (0 + x | a)",
    "uncorrelated": "y ~ x + (x || a)",
    "three columns": "y ~ x + (x + z | a)",
    "factor slope": "y ~ f + (f | a)",
    "factor cells": "y ~ f + (0 + f | a)",
    "crossed": "y ~ x + (1 | a) + (1 | b)",
    "crossed vectors": "y ~ x + z + (x | a) + (1 + z | b)",
    "nested": "y ~ x + (1 | a / b)",
    "nested vectors": "y ~ x + (x | a / b)",
    "three factors": "y ~ x + (1 | a) + (1 | b) + (1 | c)",
    "two terms on one factor": "y ~ x + (1 | a) + (0 + x + z | a) + (1 | b)",
    "no intercept": "y ~ 0 + x + (x | a)",
    "no fixed effects": "y ~ 0 + (1 | a)",
}
PLANS = [("auto", "auto"), ("classes", "auto"), ("groups", "dense"), ("groups", "sparse"), ("auto", "dense"),
         ("auto", "sparse")]


def some_thetas(n_theta):
    rng = np.random.default_rng(7)
    interior = rng.normal(size=n_theta)
    return [np.ones(n_theta), interior, np.where(rng.random(n_theta) < 0.5, 0.0, interior), np.zeros(n_theta)]


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", FORMULAS)
def test_every_plan_computes_the_oracles_criterion_and_gradient(name, reml, weights):
    frame = random_frame()
    design = oracle_design(FORMULAS[name], frame, weights=weights)
    for leading, schur in PLANS:
        model = ranef.Model(FORMULAS[name], frame, reml=reml, weights=weights, leading=leading, schur=schur)
        assert model.n_theta == design.n_theta
        for theta in some_thetas(model.n_theta):
            value = oracle.criterion(design, theta, reml)
            assert model.objective(theta) == pytest.approx(value, rel=1e-11)
            gradient = oracle.gradient(design, theta, reml)
            assert np.abs(model.gradient(theta) - gradient).max() <= 1e-7 * max(1, np.abs(gradient).max())


def test_offset_of_formula_and_argument():
    frame = random_frame()
    design = oracle_design("y ~ x + offset(o) + (1 | a)", frame, offset="z")
    model = ranef.Model("y ~ x + offset(o) + (1 | a)", frame, offset="z")
    assert model.objective([0.7]) == pytest.approx(oracle.criterion(design, [0.7]), rel=1e-12)


def test_names_of_theta():
    frame = random_frame()
    model = ranef.Model("y ~ x + (1 | b) + (x + z | a)", frame)
    assert model.theta_names == (
        "a.Intercept", "a.x.Intercept", "a.z.Intercept", "a.x", "a.z.x", "a.z", "b.Intercept",
    )
    assert ranef.Model("y ~ x + (x || a)", frame).theta_names == ("a.Intercept", "a.x")


def test_plan_names_what_is_done(penicillin):
    plan = ranef.Model("diameter ~ 1 + (1 | plate) + (1 | sample)", penicillin).plan
    assert (plan.leading, plan.levels, plan.width, plan.by_classes, plan.classes) == ("plate", 24, 1, True, 1)
    assert (plan.kind, plan.order, plan.exact_hessian) == ("dense", 7, True)
    text = str(plan)
    assert "plate: 24 groups x 1, in 1 class" in text and "memory" in text and "because" in text
    sparse = ranef.Model(
        "diameter ~ 1 + (1 | plate) + (1 | sample)", penicillin, leading="groups", schur="sparse"
    ).plan
    assert sparse.kind == "sparse" and not sparse.by_classes and "fill" in str(sparse)


def test_theta_is_checked(sleepstudy):
    model = ranef.Model("Reaction ~ Days + (Days | Subject)", sleepstudy)
    with pytest.raises(ranef.ArgumentError, match=r"3 entries \(Subject.Intercept, Subject.Days.Intercept"):
        model.objective([1.0])
    with pytest.raises(ranef.ArgumentError, match="must be finite"):
        model.gradient([1.0, np.nan, 1.0])
    with pytest.raises(ranef.ArgumentError, match="must be 3 numbers"):
        model.objective("abc")
    with pytest.raises(ranef.ArgumentError, match="start="):
        model.fit(start=[1.0])


def test_choices_are_checked(sleepstudy):
    for argument in ("leading", "schur"):
        with pytest.raises(ranef.ArgumentError, match=f"{argument}= must be one of 'auto'"):
            ranef.Model("Reaction ~ Days + (1 | Subject)", sleepstudy, **{argument: "best"})
    with pytest.raises(ranef.ArgumentError, match="schur='auto'"):
        ranef.Model("Reaction ~ Days + (1 | Subject)", sleepstudy, leading="classes", schur="sparse")


def test_more_fixed_effects_than_rows():
    frame = {"y": [1.0, 2.0, 4.0, 3.0], "f": list("pqrs"), "g": list("aabb")}
    with pytest.raises(ranef.DataError, match="4 fixed effects reproduce the 4 rows"):
        ranef.Model("y ~ f + (1 | g)", frame)


def test_representation(sleepstudy):
    assert repr(ranef.Model("Reaction ~ Days + (1 | Subject)", sleepstudy)) == (
        "Model('Reaction ~ Days + (1 | Subject)', 180 rows, REML)"
    )


# ---------------------------------------------------------------- another response
@pytest.fixture
def model(sleepstudy):
    return ranef.Model("Reaction ~ Days + (Days | Subject)", sleepstudy)


def test_own_response_given_again(model, sleepstudy):
    assert model.fit(sleepstudy["Reaction"]).objective == pytest.approx(model.fit().objective, rel=1e-13)
    assert model.fit(list(sleepstudy["Reaction"])).sigma == pytest.approx(model.fit().sigma, rel=1e-9)


def test_fit_to_another_response_is_the_fit_of_new_data(model, sleepstudy):
    y = model.fit().simulate(1, seed=1)[0]
    fresh = ranef.lmer("Reaction ~ Days + (Days | Subject)", sleepstudy.assign(Reaction=y))
    again = model.fit(y)
    assert again.objective == pytest.approx(fresh.objective, rel=1e-12)
    np.testing.assert_allclose(again.params, fresh.params, rtol=1e-6)
    np.testing.assert_allclose(again.resid, fresh.resid, atol=1e-5)
    assert again.model is model


def test_rows_of_the_data_or_rows_used():
    from reference_battery import load_data

    frame = load_data("sleepstudy_na")
    model = ranef.Model("Reaction ~ Days + (Days | Subject)", frame)
    n, n_total = model.design.nobs, len(frame)
    assert (n, n_total) == (172, 180)
    y = np.random.default_rng(0).normal(size=n_total)
    whole, used = model.fit(y), model.fit(y[model.design.rows])
    assert whole.objective == used.objective
    y[np.setdiff1d(np.arange(n_total), model.design.rows)] = np.nan  # dropped rows are ignored
    assert model.fit(y).objective == used.objective
    with pytest.raises(ranef.DataError, match="172 values, one per used row, or 180"):
        model.fit(y[:-1])


def test_offset_is_taken_off_another_response(sleepstudy):
    o = np.linspace(0, 100, 180)
    model = ranef.Model("Reaction ~ Days + (1 | Subject)", sleepstudy, offset=o)
    plain = ranef.Model("Reaction ~ Days + (1 | Subject)", sleepstudy)
    y = plain.fit().simulate(1, seed=2)[0]
    assert model.fit(y + o).objective == pytest.approx(plain.fit(y).objective, rel=1e-12)
    np.testing.assert_allclose(model.fit(y + o).fittedvalues, plain.fit(y).fittedvalues + o, rtol=1e-8)


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.ones(7), "y must have 180 values"),
        (np.full(180, 3.0), "y is constant"),
        (np.append(np.arange(179.0), np.nan), "y is nan in used row 179"),
        (np.append(np.inf, np.arange(179.0)), "y is inf in used row 0"),
        (["a"] * 180, "y must be an array of 180 numbers"),
    ],
)
def test_bad_response(model, y, message):
    with pytest.raises(ranef.DataError, match=message):
        model.fit(y)
    with pytest.raises(ranef.DataError, match=message):
        model.fit().refit(y)


def test_design_spec_can_be_pickled(model, sleepstudy):
    spec = pickle.loads(pickle.dumps(model.design.spec))
    np.testing.assert_array_equal(spec.rows(sleepstudy).X, model.design.X)


def test_the_rank_of_many_dummies_with_empty_cells():
    """26 columns of rank 19: what rounding leaves of a dependent column is no column of its own."""
    data = load_data("InstEval")
    data = data[data["s"].cat.codes % 240 == 1].copy()  # a few students
    data["dept"] = [f"dept{code:04d}" for code in data["dept"].cat.codes]
    model = ranef.Model("y ~ service * dept + (1 | s) + (1 | d)", data)
    kept = model.cross.columns
    assert len(kept) == np.linalg.matrix_rank(model.design.X) == 19
    assert np.linalg.cond(model.design.X[:, kept]) < 1e3
