"""One time series, and terms of many columns: structures whose columns are places in time or space."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import DataError

# The level of Lake Huron from 1875 on (Brockwell & Davis 1991), disturbed for a residual variance.
HURON = [580.38, 581.86, 580.97, 580.8, 579.79, 580.39, 580.42, 580.82, 581.4, 581.32, 581.44, 581.68, 581.17]
HURON += [580.53, 580.01, 579.91, 579.14, 579.16, 579.55, 579.67, 578.44, 578.24, 579.1, 579.09, 579.35]
HURON += [578.82, 579.32, 579.01, 579, 579.8]
DISTURBED = np.array(HURON) + np.tile([0.4, -0.5, 0.3, -0.6, 0.5], 6)
TIME = np.arange(30)
SERIES = pd.DataFrame({"y": DISTURBED, "year": TIME, "t": [f"{k:02d}" for k in TIME], "lake": "Huron"})


@pytest.mark.parametrize("term", ["ar1(0 + t | lake)", "exp(0 + year | lake)"])
def test_a_series_of_its_own_as_by_glmmtmb(term):
    """Values of glmmTMB 1.1.5, the correlation of neighbours exp(-1 / range)."""
    fit = ranef.lmer(f"y ~ 1 + {term}", SERIES)
    assert fit.converged and not fit.singular
    assert fit.objective <= 71.15868881 + 1e-6
    assert fit.params.iloc[0] == pytest.approx(580.15118, abs=1e-3)
    sd, other = fit.structures.parameters["estimate"]
    correlation = other if term.startswith("ar1") else np.exp(-1 / other)
    np.testing.assert_allclose([sd, correlation, fit.sigma], [1.41080994, 0.96195468, 0.60130438], rtol=1e-4)


def test_without_such_a_structure_one_level_is_not_enough():
    for term in ("(1 | lake)", "us(year | lake)", "cs(year | lake)", "diag(year | lake)"):
        with pytest.raises(DataError, match="'lake' has one level"):
            ranef.lmer(f"y ~ 1 + {term}", SERIES)


def test_many_columns():
    """Their covariance has 1,830 elements, of which no question may cost a square."""
    rng, count, groups = np.random.default_rng(1), 60, 4
    values = rng.normal(size=(groups, count))
    for t in range(1, count):
        values[:, t] += 0.7 * values[:, t - 1]
    data = pd.DataFrame({"y": (values + 0.5 * rng.normal(size=values.shape)).ravel()})
    data["g"] = np.repeat([f"g{k}" for k in range(groups)], count)
    data["t"] = np.tile([f"{k:02d}" for k in range(count)], groups)
    fit = ranef.lmer("y ~ 1 + ar1(0 + t | g)", data)
    sd, r = fit.structures.parameters["estimate"]
    block = sd**2 * r ** np.abs(np.subtract.outer(range(count), range(count))) + fit.sigma**2 * np.eye(count)
    V, n = np.kron(np.eye(groups), block), len(data)
    inverse, one = np.linalg.inv(V), np.ones(n)
    e = data["y"] - fit.params.iloc[0]
    value = np.linalg.slogdet(V)[1] + np.log(one @ inverse @ one) + e @ inverse @ e
    assert fit.objective == pytest.approx(value + (n - 1) * np.log(2 * np.pi), rel=1e-9)
    assert "+ 48 more" in str(fit)
