"""Cells that were never observed, the orientation of simulations, scales beyond doubles, wrong settings."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import ArgumentError, DataError

SLOPES = "Reaction ~ Days + (Days | Subject)"


def test_a_cell_that_was_never_observed_has_no_prediction():
    """It was a number, another one for other reference levels; emmeans says nonEst."""
    rng = np.random.default_rng(3)
    cells = [(b, c) for b in "uvw" for c in "xyz" if (b, c) != ("v", "z")]
    data = pd.DataFrame(cells * 8, columns=["b", "c"])
    data["g"] = np.repeat(np.arange(8), 8)
    data["y"] = rng.normal(size=64) + data["g"] / 4
    new = pd.DataFrame([("v", "z"), ("u", "x"), ("w", "z")], columns=["b", "c"])
    for first in ("uvw", "wvu"):
        fit = ranef.lmer("y ~ b*c + (1 | g)", data.assign(b=pd.Categorical(data["b"], list(first))))
        found = fit.predict(new, random=None)
        assert np.isnan(found).tolist() == [True, False, False]
        means = data.groupby(["b", "c"])["y"].mean()  # balanced over g
        np.testing.assert_allclose(found[1:], [means["u", "x"], means["w", "z"]])
        assert np.isfinite(np.asarray(fit.predict())).all()


def test_a_broken_dependence_has_no_prediction(sleepstudy):
    twice = sleepstudy.assign(twice=2 * sleepstudy["Days"])
    fit = ranef.lmer("Reaction ~ Days + twice + (1 | Subject)", twice)
    new = {"Days": [1.0, 1.0], "twice": [2.0, 3.0], "Subject": ["308", "308"]}
    assert np.isnan(fit.predict(new)).tolist() == [False, True]


def test_simulations_are_responses(sleepstudy):
    fit = ranef.lmer(SLOPES, sleepstudy)
    drawn = fit.simulate(3, seed=1)
    assert drawn.shape == (3, 180)
    assert fit.model.fit(drawn).equals(fit.model.fit(drawn.T)) and len(fit.model.fit(drawn)) == 3
    one = fit.simulate(1, seed=1)
    assert fit.refit(one).objective == fit.refit(one[0]).objective


@pytest.mark.parametrize("unit", [1e160, 1e300, 1e-160, 1e-300])
def test_units_beyond_doubles_are_refused(sleepstudy, unit):
    """sigma was inf, or 0, and the fit had converged."""
    for name, what in (("Reaction", "the response"), ("Days", "the column 'Days'")):
        with pytest.raises(DataError, match=f"{what} has values .* give it in another unit"):
            ranef.lmer(SLOPES, sleepstudy.assign(**{name: sleepstudy[name] * unit}))
    fit = ranef.lmer(SLOPES, sleepstudy)
    with pytest.raises(DataError, match="another unit"):
        fit.refit(fit.y * unit)
    large = ranef.lmer(SLOPES, sleepstudy.assign(Reaction=sleepstudy["Reaction"] * 1e70))
    assert large.sigma == pytest.approx(fit.sigma * 1e70) and large.bse["Days"] == pytest.approx(1.545790e70)


@pytest.mark.parametrize("tolerance", ["1e-8", None, np.nan, -1.0, 0, True, [1e-8]])
def test_tolerances_that_are_none(sleepstudy, tolerance):
    with pytest.raises(ArgumentError, match="tolerance= must be positive"):
        ranef.lmer(SLOPES, sleepstudy, tolerance=tolerance)


@pytest.mark.parametrize("limit", ["10", np.nan, np.inf, 0, 1.5, 10**30, [3], True])
def test_limits_that_are_none(sleepstudy, limit):
    with pytest.raises(ArgumentError, match="max_evaluations= must be a positive whole number"):
        ranef.lmer(SLOPES, sleepstudy, max_evaluations=limit)
