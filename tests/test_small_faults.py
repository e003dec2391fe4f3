"""Cells that were never observed, the orientation of simulations, wrong settings."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
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
    with pytest.raises(DataError, match="180 x 180: whether its rows or its columns"):
        fit.model.fit(fit.simulate(180, seed=1))


@pytest.mark.parametrize("name", ["glmer", "mmrm", "gls", "residual", "structured"])
def test_every_fit_simulates_a_response_per_row(name, sleepstudy):
    data = sleepstudy.assign(n=(sleepstudy["Reaction"] // 20).astype(int), day=sleepstudy["Days"].astype(str))
    fit = {
        "glmer": lambda: ranef.glmer("n ~ Days + (1 | Subject)", data, "poisson"),
        "mmrm": lambda: ranef.mmrm("Reaction ~ Days + cs(day | Subject)", data),
        "gls": lambda: ranef.gls("Reaction ~ Days", data, residual="ar1(Days | Subject)"),
        "residual": lambda: ranef.lmer("Reaction ~ Days + (1 | Subject)", data, dispersion="~ Days"),
        "structured": lambda: ranef.lmer("Reaction ~ Days + cs(Days | Subject)", data),
    }[name]()
    drawn = fit.simulate(40, seed=1)
    assert drawn.shape == (40, 180)
    np.testing.assert_array_equal(fit.simulate(40, seed=1), drawn)
    days = drawn.reshape(40, 18, 10).mean(axis=(0, 1))
    assert np.corrcoef(days, np.arange(10))[0, 1] > 0.95
    if name == "glmer":
        assert fit.refit(drawn[:1]).objective == fit.refit(drawn[0]).objective
    for n in (0, 1.5, True, "two", None):
        with pytest.raises(ArgumentError, match="n must be a positive whole number"):
            fit.simulate(n)


def test_responses_of_new_rows():
    """Means and covariances of draws in new rows, against those of the model."""
    rng = np.random.default_rng(4)
    g = np.repeat(np.arange(15), 6)
    data = pd.DataFrame({"g": g.astype(str), "x": rng.normal(size=90), "w": rng.uniform(0.5, 2, 90)})
    data["y"] = data["x"] + rng.normal(size=15)[g] * (1 + data["x"]) + rng.normal(size=90)
    fit = ranef.lmer("y ~ x + (x | g)", data, weights="w")
    new = pd.DataFrame({"g": ["3", "new", "new", "3"], "x": [1.0, 0.0, 2.0, np.nan], "w": [1.0, 4, 1, 1]})
    drawn = fit.simulate(20_000, seed=1, newdata=new)
    assert np.isnan(drawn[:, 3]).all()
    X = np.column_stack([np.ones(3), new["x"][:3]])
    same = np.array([[1, 0, 0], [0, 1, 1], [0, 1, 1]])
    V = same * (X @ fit.varcorr["g"].cov @ X.T) + np.diag(fit.sigma**2 / new["w"][:3])
    np.testing.assert_allclose(drawn[:, :3].mean(axis=0), X @ fit.params, atol=4 * np.sqrt(V.max() / 20_000))
    np.testing.assert_allclose(np.cov(drawn[:, :3].T), V, atol=0.06 * V.max())
    with pytest.raises(ranef.NewLevelError, match="'new'"):
        fit.simulate(1, newdata=new, use_u=True)
    kept = fit.simulate(20_000, seed=1, newdata=new[:3], use_u=True, allow_new_levels=True)
    V[0, 0] = fit.sigma**2
    np.testing.assert_allclose(np.cov(kept.T), V, atol=0.06 * V.max())
    assert kept[:, 0].mean() == pytest.approx(fit.predict(new[:1]).iloc[0], abs=4 * fit.sigma / 20_000**0.5)
    with pytest.raises(DataError, match="weights='column'"):
        ranef.lmer("y ~ x + (x | g)", data, weights=data["w"].to_numpy()).simulate(newdata=new)


def test_counts_of_new_rows():
    """Trials come from the new data; with and without random effects drawn, the means of the model."""
    data = ranef.datasets.load("cbpp")
    fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    new = {"period": ["1", "4"], "herd": ["3", "new"], "incidence": [0, 0], "size": [10, 40]}
    drawn = fit.simulate(20_000, seed=2, newdata=new)
    assert (drawn[:, 0] * 10 == np.rint(drawn[:, 0] * 10)).all() and drawn.shape == (20_000, 2)
    np.testing.assert_allclose(drawn.mean(axis=0), fit.predict(new, random=None, averaged=True), atol=0.004)
    kept = fit.simulate(20_000, seed=2, newdata={k: v[:1] for k, v in new.items()}, use_u=True)
    p = fit.predict({k: v[:1] for k, v in new.items()})[0]
    assert kept.mean() == pytest.approx(p, abs=0.004)
    assert kept.var() == pytest.approx(p * (1 - p) / 10, rel=0.05)


@pytest.mark.parametrize("tolerance", ["1e-8", None, np.nan, -1.0, 0, True, [1e-8]])
def test_tolerances_that_are_none(sleepstudy, tolerance):
    with pytest.raises(ArgumentError, match="tolerance= must be positive"):
        ranef.lmer(SLOPES, sleepstudy, tolerance=tolerance)


@pytest.mark.parametrize("limit", ["10", np.nan, np.inf, 0, 1.5, 10**30, [3], True])
def test_limits_that_are_none(sleepstudy, limit):
    with pytest.raises(ArgumentError, match="max_evaluations= must be a positive whole number"):
        ranef.lmer(SLOPES, sleepstudy, max_evaluations=limit)


def _large_unsigned():
    """A covariate and identifiers above 2^63, and the same data in small numbers."""
    rng = np.random.default_rng(1)
    g, x = np.repeat(np.arange(12), 8), rng.integers(0, 1000, 96)
    y = 0.01 * x + rng.normal(size=12)[g] + rng.normal(size=96)
    large = np.uint64(2**63) + x.astype(np.uint64) * np.uint64(2**50)
    return {"y": y, "x": large, "g": np.uint64(2**63) + g.astype(np.uint64)}, {"y": y, "x": x, "g": g}


def _in_batches(data):
    frame = pd.DataFrame(data)
    return ranef.batches(lambda: iter([frame[:30], frame[30:]]))


@pytest.mark.parametrize("of", [pd.DataFrame, pl.DataFrame, pa.table, dict, _in_batches])
def test_unsigned_integers_above_two_to_the_63rd(of):
    """Criterion by change of unit: the determinant of X'X has 2^50 squared."""
    large, small = (ranef.lmer("y ~ x + (1 | g)", of(data)) for data in _large_unsigned())
    assert large.ngroups == {"g": 12}
    assert large.objective == pytest.approx(small.objective + 100 * np.log(2), abs=1e-8)
    assert large.params["x"] * 2**50 == pytest.approx(small.params["x"], rel=1e-9)


def test_sums_with_large_unsigned_identifiers_travel(tmp_path):
    large, _ = (pd.DataFrame(data) for data in _large_unsigned())
    parts = [ranef.sums("y ~ x + (1 | g)", part) for part in (large[:50], large[50:])]
    (parts[0] + parts[1]).save(tmp_path / "sums")
    fit = ranef.fit(ranef.load_sums(tmp_path / "sums"))
    assert fit.objective == pytest.approx(ranef.lmer("y ~ x + (1 | g)", large).objective, abs=1e-8)
