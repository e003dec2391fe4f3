"""The structure read from a learned matrix rebuilds that matrix."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.design.structure import structure
from ranef.inference.made_up_rows import coded, made_up_values, spelt_out


@pytest.fixture(scope="module")
def frame():
    random = np.random.default_rng(0)
    n = 80
    return pd.DataFrame({
        "y": random.normal(size=n),
        "x": random.normal(size=n),
        "z": random.normal(size=n),
        "A": random.choice(list("abc"), n),
        "B": pd.Categorical(random.choice(["u:v", "w"], n)),
        "k": random.choice([0.0, 0.2, 0.4, 0.6], n),
        "odd name": random.choice(["p q", "r[s]"], n),
        "g": random.integers(0, 8, n),
    })


FORMULAS = {
    "A": ["A"],
    "x + A + B": ["x", "A", "B"],
    "0 + A + x": ["A", "x"],
    "A * B * x": ["A", "B", "x", "A:B", "A:x", "B:x", "A:B:x"],
    "0 + A:B": ["A:B"],
    "A:B": ["A:B"],
    "x + A:x": ["x", "A:x"],
    "A / B": ["A", "A:B"],
    "C(k) * C(A, contr.sum) + poly(x, 2):B": [
        "C(k)", "C(A, contr.sum)", "C(k):C(A, contr.sum)", "poly(x, 2):B",
    ],
    "C(A, contr.helmert) * C(k, contr.poly) + I(x ** 2)": None,
    "poly(x, 2) * poly(z, 3) * A": None,
    "`odd name` * A": ["odd name", "A", "odd name:A"],
    "C(A, contr.treatment('b')) * x": None,
}


@pytest.mark.parametrize("fixed", FORMULAS)
def test_columns_are_products_of_variables(frame, fixed):
    """On the data themselves: indicators of the levels and formulaic's own numeric columns."""
    model = ranef.Model(f"y ~ {fixed} + (1 | g)", frame)
    shape = structure(model.design.spec.fixed)
    if FORMULAS[fixed]:
        assert [term.name for term in shape.terms if term.variables] == FORMULAS[fixed]
    own = {
        "x": frame[["x"]], "A": pd.get_dummies(frame["A"]), "B": pd.get_dummies(frame["B"]),
        "odd name": pd.get_dummies(frame["odd name"]), "C(k)": pd.get_dummies(frame["k"]),
        "C(k, contr.poly)": pd.get_dummies(frame["k"]), "I(x ** 2)": frame[["x"]] ** 2,
    }
    for name in shape.variables:
        if name.startswith("C(A"):
            own[name] = own["A"]
        if name.startswith("poly"):
            letter, degree = name[5], int(name[8])
            text = f"y ~ 0 + poly({letter}, {degree}) + (1 | g)"
            own[name] = pd.DataFrame(ranef.Model(text, frame).design.X)
    values = {name: own[name].to_numpy(float) for name in shape.variables}
    np.testing.assert_allclose(coded(shape, values), model.design.X, atol=1e-12)


@pytest.mark.parametrize("fixed", FORMULAS)
def test_made_up_rows_tell_all_columns_apart(frame, fixed):
    model = ranef.Model(f"y ~ {fixed} + (1 | g)", frame)
    shape = structure(model.design.spec.fixed)
    values = made_up_values(shape, len(model.design.column_names))
    X, treated, spelt = coded(shape, values), coded(shape, values, treated=True), spelt_out(shape, values)
    p = len(model.design.column_names)
    ranks = [np.linalg.matrix_rank(m) for m in (X, treated, spelt, np.column_stack([X, treated, spelt]))]
    assert X.shape[1] == p and ranks == [p] * 4


@pytest.mark.parametrize("fixed", ["C(A, {'u': [1, -1, 0]})", "0 + x*C(A, {'u': [1, -1, 0]}) + B"])
def test_contrasts_fewer_than_levels_have_their_columns(frame, fixed):
    model = ranef.Model(f"y ~ {fixed} + ({fixed} | g)", frame, allow_saturated=True)
    shape = structure(model.design.spec.fixed)
    assert sum(len(term.columns) for term in shape.terms) == len(model.design.column_names)
