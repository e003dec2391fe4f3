"""The criterion beside the dense oracle, and its gradient beside differences."""

import numpy as np
import pandas as pd
import pytest
from glmm_oracle import integral, laplace
from ranef.generalised import GlmerModel

RNG = np.random.default_rng(8)


def made(family, n=90, seed=3):
    """Two crossed factors, a slope on the first; a response of the family."""
    rng = np.random.default_rng(seed)
    data = pd.DataFrame(
        {
            "a": rng.integers(0, 8, n),
            "b": rng.integers(0, 6, n),
            "x": rng.normal(size=n),
            "o": rng.normal(size=n) / 5,
        }
    )
    eta = 0.2 + 0.3 * data.x + rng.normal(size=8)[data.a] * 0.5 + rng.normal(size=6)[data.b] * 0.4
    data["trials"] = rng.integers(3, 12, n).astype(float)
    p = 1 / (1 + np.exp(-eta))
    if family in ("binomial", "betabinomial"):
        data["s"] = rng.binomial(data.trials.astype(int), p).astype(float)
        data["y"] = data.s / data.trials
    elif family in ("poisson", "nbinom1", "nbinom2"):
        data["y"] = rng.poisson(np.exp(eta)).astype(float)
    elif family == "beta":
        data["y"] = rng.beta(p * 5, (1 - p) * 5)
    elif family == "gaussian":
        data["y"] = np.exp(eta / 2) + rng.normal(size=n) * 0.2
    else:
        data["y"] = np.exp(eta) * rng.gamma(3, 1 / 3, size=n)
    return data


CASES = [
    ("binomial", "logit"),
    ("binomial", "probit"),
    ("binomial", "cloglog"),
    ("poisson", "log"),
    ("poisson", "sqrt"),
    ("gamma", "log"),
    ("inverse_gaussian", "log"),
    ("gaussian", "log"),
    ("nbinom1", "log"),
    ("nbinom2", "log"),
    ("beta", "logit"),
    ("betabinomial", "logit"),
]
THETA, BETA, PHI = [0.5, 0.2, 0.3, 0.4], [0.7, 0.25], 3.1


def model_of(family, link, data):
    left = "cbind(s, trials - s)" if family in ("binomial", "betabinomial") else "y"
    formula = f"{left} ~ x + (x | a) + (1 | b)"
    return GlmerModel(formula, data, family, link, offset="o" if link != "sqrt" else None)


def phi_of(model):
    if not model.family.dispersed:
        return None
    return 0.05 if model.family.name == "gaussian" else PHI


@pytest.mark.parametrize(("family", "link"), CASES)
def test_value_is_that_of_dense_matrices(family, link):
    data = made(family)
    model = model_of(family, link, data)
    design = model.design
    blocks = []
    for term in design.terms:
        one = (np.arange(term.factor.n_levels) == term.factor.codes[:, None]).astype(float)
        blocks.append((one[:, :, None] * term.basis[:, None, :]).reshape(len(one), -1))
    factors = model.covariance_factors(THETA)
    whole = np.zeros((sum(b.shape[1] for b in blocks),) * 2)
    first = 0
    for term, factor in zip(design.terms, factors, strict=True):
        for _ in range(term.factor.n_levels):
            whole[first : first + len(factor), first : first + len(factor)] = factor
            first += len(factor)
    expected = laplace(
        family,
        link,
        model.sums.y,
        model.sums.trials,
        design.X,
        np.hstack(blocks),
        whole,
        np.array(BETA),
        phi_of(model) or 1.0,
        0.0 if design.offset is None else design.offset,
    )
    assert model.objective(THETA, BETA, phi_of(model)) == pytest.approx(expected, rel=1e-7, abs=2e-6)


@pytest.mark.parametrize(("family", "link"), CASES)
@pytest.mark.parametrize("theta", [THETA, [0.5, 0.2, 0.0, 0.0], [0.0, 0.0, 0.0, 0.4]])
def test_gradient_is_that_of_differences(family, link, theta):
    model = model_of(family, link, made(family))
    at = model.internal(theta, BETA, phi_of(model))
    _, gradient = model._evaluate(at)
    h = 1e-3
    for i in range(at.size):
        ends = {}
        for k in (2, 1, -1, -2):
            moved = at.copy()
            moved[i] += k * h
            ends[k] = model._evaluate(moved)[0]
        slope = (8 * (ends[1] - ends[-1]) - (ends[2] - ends[-2])) / (12 * h)
        assert gradient[i] == pytest.approx(slope, rel=1e-6, abs=1e-6 * max(1.0, np.abs(gradient).max())), i


@pytest.mark.parametrize("family", ["binomial", "poisson"])
def test_second_order_term_is_close_to_the_integral(family):
    rng = np.random.default_rng(5)
    codes = np.repeat(np.arange(30), 8)
    x = rng.normal(size=codes.size)
    eta = 0.3 + 0.4 * x + rng.normal(size=30)[codes] * 0.8
    y = rng.binomial(1, 1 / (1 + np.exp(-eta))) if family == "binomial" else rng.poisson(np.exp(eta))
    data = pd.DataFrame({"y": y.astype(float), "x": x, "g": codes})
    fit = GlmerModel("y ~ x + (1 | g)", data, family).fit()
    link = fit.family.link.name
    exact = integral(
        family,
        link,
        data.y.to_numpy(),
        np.ones(codes.size),
        fit.model.design.X,
        codes,
        fit.theta[0],
        fit.params.to_numpy(),
    )
    error = fit.objective - exact
    assert abs(error + fit.approximation.change) < 0.1 * abs(error)


@pytest.mark.parametrize("design", ["nested", "crossed", "slope"])
def test_second_order_term_of_several_factors_is_the_sum_over_all_pairs(design):
    """The expansion's three sums with H = Z Omega^-1 Z' written out; one of ours is a mean of draws."""
    rng = np.random.default_rng(11)
    g = np.repeat(np.arange(12), 15)
    h = g // 4 if design == "nested" else rng.integers(0, 6, g.size)
    x = rng.normal(size=g.size)
    effects = rng.normal(size=12)[g] * 0.7 + rng.normal(size=6)[h] * 0.8
    data = pd.DataFrame({"y": rng.poisson(np.exp(effects - 1)).astype(float), "x": x, "g": g, "h": h})
    first = "x" if design == "slope" else "1"
    fit = GlmerModel(f"y ~ x + ({first} | g) + (1 | h)", data, "poisson").fit()
    lambdas = fit.model.covariance_factors(fit.theta)
    blocks = []
    for codes, basis, factor in zip((g, h), ([np.ones_like(x), x], [np.ones_like(x)]), lambdas, strict=True):
        own = np.column_stack(basis[: len(factor)]) @ factor
        blocks.append((np.eye(codes.max() + 1)[codes][:, :, None] * own[:, None, :]).reshape(g.size, -1))
    Z, mu = np.hstack(blocks), fit.fittedvalues.to_numpy()
    H = Z @ np.linalg.solve(Z.T @ (mu[:, None] * Z) + np.eye(Z.shape[1]), Z.T)
    leverage = np.diag(H)
    v = mu * leverage
    change = -2 * (-(mu * leverage**2).sum() / 8 + v @ H @ v / 8 + mu @ H**3 @ mu / 12)
    assert fit.approximation.change == pytest.approx(change, rel=0.07)


def test_equal_rows_are_merged_and_change_nothing():
    rng = np.random.default_rng(11)
    n = 400
    data = pd.DataFrame({"x": rng.integers(0, 3, n).astype(float), "g": rng.integers(0, 12, n)})
    data["y"] = rng.poisson(np.exp(0.3 * data.x + rng.normal(size=12)[data.g])).astype(float)
    model = GlmerModel("y ~ x + (1 | g)", data, "poisson")
    assert model.n_cells == len(data[["x", "g"]].drop_duplicates())
    apart = GlmerModel("y ~ x + (1 | g) + offset(e)", data.assign(e=rng.normal(size=n) * 1e-13), "poisson")
    assert apart.n_cells == n
    assert model.objective([0.7], [0.1, 0.2]) == pytest.approx(apart.objective([0.7], [0.1, 0.2]), rel=1e-11)
