"""Confidence intervals: Wald against lme4's, arguments."""

import numpy as np
import pytest
import ranef
from conftest import fitted
from reference_battery import all_models


@pytest.mark.parametrize("model", all_models(big=False, match="^(ss|gap|mach|oats)"), ids=str)
def test_wald_intervals_are_those_of_lme4(model):
    fit = fitted(model.name)
    limits = fit.conf_int()
    se = model.align(fit.params.index, model.se)
    beta = model.align(fit.params.index, model.beta)
    kept = ~np.isnan(se)
    expected = np.column_stack([beta - 1.959963984540054 * se, beta + 1.959963984540054 * se])
    assert np.abs((limits.to_numpy() - expected) / se[:, None])[kept].max() < 5e-5
    assert np.isnan(limits.to_numpy()[~kept]).all()
    assert list(limits.columns) == ["lower", "upper"]


def test_level():
    fit = fitted("ss_slope_reml")
    half = fit.conf_int(0.5)
    np.testing.assert_allclose(half["upper"] - fit.params, 0.6744897501960817 * fit.bse)


def test_bad_arguments():
    fit = fitted("ss_slope_reml")
    for level in (0, 1, 95, True):
        with pytest.raises(ranef.ArgumentError, match="level must be"):
            fit.conf_int(level)
    with pytest.raises(ranef.ArgumentError, match="'wald', 'profile' or 'bootstrap'"):
        fit.conf_int(method="Wald")
    with pytest.raises(ranef.ArgumentError, match="takes no n="):
        fit.conf_int(n=100)


def test_bootstrap():
    limits = fitted("ss_slope_reml").conf_int(method="bootstrap", n=200, seed=1, progress=False)
    assert limits.loc["Days", "lower"] < 10.467 < limits.loc["Days", "upper"]
    assert {"sigma", "theta1"} <= set(limits.index)
