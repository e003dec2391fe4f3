"""Matrices made by combinations of factors are those made row by row."""

import numpy as np
import pandas as pd
import pytest
from ranef.design import build_design, crossed


def frame(rows=900):
    random = np.random.default_rng(1)
    return pd.DataFrame(
        {
            "y": random.normal(size=rows),
            "x": random.normal(5, 2, rows),
            "k": random.integers(0, 9, rows),
            "a": pd.Categorical(random.choice(list("uvw"), rows), list("wvuz")),
            "b": random.choice(["n", "m"], rows),
            "g": random.integers(0, 30, rows),
        }
    )


FIXED = ["a * b", "x + a * b", "x * a * b", "0 + a:b", "a:x", "b + a:x:k", "a / b + k", "(a + b + x)**2"]


@pytest.mark.parametrize("fixed", FIXED)
@pytest.mark.parametrize("missing", [False, True])
def test_as_by_rows(monkeypatch, fixed, missing):
    data = frame()
    if missing:
        data.loc[::7, "x"] = np.nan
        data["b"] = data.b.where(data.index % 11 > 0, None)
    formula = f"y ~ {fixed} + (1 | g)"
    fast = build_design(formula, data)
    monkeypatch.setattr(crossed, "_ROWS_PER_CELL", np.inf)
    slow = build_design(formula, data)
    assert fast.column_names == slow.column_names
    np.testing.assert_allclose(fast.X, slow.X, rtol=1e-15)
    new = frame(40)
    again = [one.spec.rows(new, random=False).X for one in (fast, slow)]
    np.testing.assert_array_equal(*again)


def test_combinations_that_do_not_occur_and_truth_values():
    data = frame()
    data = data[~((data.a == "u") & (data.b == "n"))].assign(t=lambda d: d.x > 5)
    design = build_design("y ~ a * b + t + (1 | g)", data)
    expected = (data.a == "u") & (data.b == "n")
    assert design.X[:, design.column_names.index("a[T.u]:b[T.n]")].sum() == expected.sum() == 0
