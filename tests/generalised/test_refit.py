"""Another response of the same rows: added up by address, and fitted as if the model were made anew."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef._core import kept_rows
from ranef.errors import DataError
from scipy.special import gammaln
from scipy.stats import binom

CASES = {
    "bernoulli": ("binomial", None),
    "binomial": ("binomial", None),
    "poisson": ("poisson", None),
    "nbinom1": ("nbinom1", None),
    "nbinom2": ("nbinom2", None),
    "gamma": ("gamma", None),
    "inverse_gaussian": ("inverse_gaussian", None),
    "gaussian": ("gaussian", "log"),
    "beta": ("beta", None),
    "betabinomial": ("betabinomial", None),
}
WEIGHTED = ("poisson", "gamma", "inverse_gaussian", "gaussian", "beta", "nbinom2")
GROUPS, ROWS = 10, 12  # three rows a cell


def drawn(case, seed):
    rng = np.random.default_rng(seed)
    n = GROUPS * ROWS
    x = np.tile(np.repeat([0.0, 1.0], 2), n // 4)
    z = np.tile([0.0, 1.0], n // 2)
    codes = np.repeat(np.arange(GROUPS), ROWS)
    eta = 0.6 + 0.4 * x - 0.3 * z + 0.5 * rng.normal(size=GROUPS)[codes]
    mu, share = np.exp(eta), 1 / (1 + np.exp(-eta))
    trials = np.where(x > 0, 6.0, 3.0)
    y = {
        "bernoulli": lambda: (rng.random(n) < share).astype(float),
        "binomial": lambda: rng.binomial(trials.astype(int), share) / trials,
        "betabinomial": lambda: (
            rng.binomial(trials.astype(int), rng.beta(3 * share, 3 * (1 - share))) / trials
        ),
        "poisson": lambda: rng.poisson(mu).astype(float),
        "nbinom1": lambda: rng.poisson(rng.gamma(mu, 1.0)).astype(float),
        "nbinom2": lambda: rng.poisson(mu * rng.gamma(2, 0.5, n)).astype(float),
        "gamma": lambda: mu * rng.gamma(4, 0.25, n),
        "inverse_gaussian": lambda: rng.wald(mu, 5.0),
        "gaussian": lambda: mu + 0.4 * rng.normal(size=n),
        "beta": lambda: rng.beta(5 * share, 5 * (1 - share)),
    }[case]()
    data = pd.DataFrame({"y": y, "x": x, "z": z, "g": codes, "m": trials, "w": 1.0 + (codes % 3)})
    return data.sample(frac=1, random_state=3)


def fitted(case, data, weights=None):
    family, link = CASES[case]
    if case in ("binomial", "betabinomial"):
        weights = "m"
    return ranef.glmer("y ~ x + z + (1 | g)", data, family, link, weights=weights)


@pytest.mark.parametrize(("case", "weights"), [(c, None) for c in CASES] + [(c, "w") for c in WEIGHTED])
def test_refit_is_the_fit_of_a_table_with_the_new_response(case, weights):
    first, other = drawn(case, 1), drawn(case, 2)
    fit, whole = fitted(case, first, weights), fitted(case, other, weights)
    found = fit.refit(other["y"].to_numpy())
    assert found.model.cross is fit.model.cross  # nothing is found twice
    assert found.converged
    assert found.objective == pytest.approx(whole.objective, abs=2e-6)
    assert found.model.constant == pytest.approx(whole.model.constant, rel=1e-12, abs=1e-10)
    np.testing.assert_allclose(found.params, whole.params, atol=1e-4 * whole.bse.min())
    np.testing.assert_allclose(found.bse, whole.bse, rtol=1e-4)
    again = fit.model.fit(other["y"].to_numpy())
    assert again.objective == pytest.approx(whole.objective, abs=2e-6)
    np.testing.assert_array_equal(fit.y, first["y"])  # the fit keeps its own


@pytest.mark.parametrize(
    "case", [case for case in CASES if case not in ("nbinom1", "nbinom2", "betabinomial")]
)
def test_cells_keep_sums(case):
    data = drawn(case, 1)
    model = fitted(case, data).model
    assert model.n_cells == 4 * GROUPS
    count, first, second = (np.asarray(part) for part in model.core.kept)
    cell = np.asarray(model.core.cell_of)
    rows = [np.asarray(part) for part in kept_rows(model.family.name, *model.sums.arrays)[:3]]
    np.testing.assert_array_equal(count, np.bincount(cell, rows[0]))
    if case == "gaussian":
        mean = np.bincount(cell, rows[1]) / count
        np.testing.assert_allclose(first, mean, rtol=1e-14)
        np.testing.assert_allclose(second, np.bincount(cell, (rows[1] - mean[cell]) ** 2), rtol=1e-9)
        return
    np.testing.assert_allclose(first, np.bincount(cell, rows[1]), rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(second, np.bincount(cell, rows[2]), rtol=1e-13, atol=1e-13)


def test_constants_are_those_of_the_densities():
    data = drawn("poisson", 1)
    data.loc[data.index[0], "y"] = 5000.0  # behind the table of factorials
    fit = fitted("poisson", data)
    assert fit.model.constant == pytest.approx(-gammaln(data["y"] + 1).sum(), rel=1e-14)
    data = drawn("binomial", 1)
    k = np.round(data["y"] * data["m"])
    expected = (binom.logpmf(k, data["m"], 0.5) + data["m"] * np.log(2)).sum()
    assert fitted("binomial", data).model.constant == pytest.approx(expected, rel=1e-13)
    tiny = np.array([5e-324, 1e-310, 1e-200, 1e38, 3.0])
    data = pd.DataFrame({"y": np.tile(tiny, 2), "g": np.repeat(["a", "b"], 5)})
    model = ranef.generalised.model.GlmerModel("y ~ 1 + (1 | g)", data, "gamma")
    np.testing.assert_allclose(np.asarray(model.core.kept[2]), np.log(tiny).sum(), rtol=1e-14)


@pytest.mark.parametrize(
    ("case", "value", "message"),
    [
        ("poisson", -1.0, "must not be negative; it is -1 in row 7"),
        ("poisson", 1.5, "must be whole numbers; it is 1.5 in row 7"),
        ("poisson", np.nan, "y is nan in used row 7"),
        ("bernoulli", 0.5, "must be whole numbers"),
        ("binomial", 2.0, "must lie between 0 and the trials"),
        ("gamma", 0.0, "must be positive"),
        ("inverse_gaussian", -2.0, "must be positive"),
        ("beta", 1.0, "strictly between 0 and 1"),
        ("gaussian", np.inf, "must be finite"),
    ],
)
def test_values_the_family_cannot_have_are_named(case, value, message):
    fit = fitted(case, drawn(case, 1).reset_index(drop=True))
    y = fit.y.copy()
    y[7] = value
    with pytest.raises(DataError, match=message):
        fit.refit(y)


def test_counts_that_are_nearly_whole_are_rounded():
    fit = fitted("poisson", drawn("poisson", 1))
    y = drawn("poisson", 2)["y"].to_numpy()
    found = fit.refit(y + 3e-7)
    np.testing.assert_array_equal(found.y, y)
    assert found.objective == pytest.approx(fit.refit(y).objective, abs=1e-9)


@pytest.mark.parametrize("case", CASES)
def test_a_rough_search_that_begins_at_the_optimum_stays_there(case):
    """As of the bootstrap's refits: modes no more exact than the distance expected must not lead away."""
    fit = fitted(case, drawn(case, 7))
    again = fit.model.core.fit(fit.found["internal"], 1e-8, 200, certify=False)
    assert again["value"] == pytest.approx(fit.found["value"], abs=1e-8)
    assert again["evaluations"] <= 3
