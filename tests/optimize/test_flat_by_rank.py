"""How alike the parts of the response's covariance are: by dense algebra, and in models of any size."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef import _core
from ranef.theta import parts

ROWS, MANY = 90, 1000
RNG = np.random.default_rng(5)
SMALL = pd.DataFrame(
    {
        "x": RNG.normal(size=ROWS),
        "z": RNG.normal(size=ROWS),
        "u": [f"u{k}" for k in RNG.integers(0, 14, ROWS)],
        "i": [f"i{k}" for k in RNG.integers(0, 9, ROWS)],
        "h": [f"h{k}" for k in RNG.integers(0, 5, ROWS)],
        "w": RNG.uniform(0.5, 2, ROWS),
        "y": RNG.normal(size=ROWS),
    }
)


def dense(model):
    """G_k = dV / dd_k on the user's scale, and P."""
    root = np.sqrt(np.asarray(model.design.weights))
    matrices = []
    for term, (_, _, rows, columns) in zip(model.design.terms, parts(model.term_widths), strict=True):
        codes, basis = np.asarray(term.factor.codes), np.asarray(term.basis) * root[:, None]
        same = codes[:, None] == codes
        for a, b in zip(rows, columns, strict=True):
            one = same * np.outer(basis[:, a], basis[:, b])
            matrices.append(one if a == b else one + one.T)
    q = np.linalg.qr(np.asarray(model.design.X) * root[:, None])[0]
    return matrices, np.eye(len(root)) - (q @ q.T if model.reml else 0.0)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize(
    "formula",
    ["y ~ x + (1 | u)", "y ~ x + (x + z | u) + (z | i) + (1 | h) + (0 + x | h)", "y ~ h + (x | u) + (z | h)"],
)
def test_products_are_those_of_dense_matrices(formula, reml):
    model = ranef.Model(formula, SMALL, reml=reml, weights="w")
    found = _core.covariance_products(model.problem)
    matrices, P = dense(model)
    product = [[np.sum((P @ g @ P) * h) for g in matrices] for h in matrices]
    trace = [np.sum(P * g) for g in matrices]
    move = found["to_internal"]  # of elements of D: the G_k move with its transpose
    np.testing.assert_allclose(move.T @ found["product"] @ move, product, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(move.T @ found["trace"], trace, rtol=1e-9, atol=1e-9)


@pytest.fixture(scope="module")
def large():
    """Crossed factors of which one is there twice: no dense matrix of their levels would be asked for."""
    rng = np.random.default_rng(0)
    d = pd.DataFrame({"x": rng.normal(size=8000), "i": rng.integers(0, 600, 8000)})
    d["u"] = np.r_[np.arange(MANY), rng.integers(0, MANY, len(d) - MANY)]
    d["y"] = d.x + rng.normal(size=MANY)[d.u] + rng.normal(size=600)[d.i] + rng.normal(size=len(d))
    for name in "ui":
        d[name] = name + d[name].astype(str)
    return d.assign(again="t" + d.u)


def test_a_term_that_is_there_twice_has_no_estimate_at_any_size(large):
    fit = ranef.lmer("y ~ x + (1 | u) + (1 | i) + (1 | again)", large)
    one = ranef.lmer("y ~ x + (1 | u) + (1 | i)", large)
    assert _core.information_cost(fit.model.problem)[0] > MANY
    assert fit.converged
    assert "the variance of (1 | u) has no estimate: other terms say the same" in " ".join(str(fit).split())
    assert fit.objective == pytest.approx(one.objective, abs=1e-6)
    for ours, other in [(fit.params, one.params), (fit.bse, one.bse), (fit.sigma, one.sigma)]:
        np.testing.assert_allclose(ours, other, rtol=1e-6)
    table = fit.component_table()
    assert table.index[table["se"].isna() & table["estimate"].isna()].to_list() == ["sd[u.Intercept]"]
    expected = one.component_table()[["estimate", "se"]]
    np.testing.assert_allclose(table[["estimate", "se"]].dropna(), expected, rtol=1e-4)
