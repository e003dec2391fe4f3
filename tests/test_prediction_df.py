"""Degrees of freedom of the variance of a new response, where they have a closed form."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.inference.methods import method
from ranef.inference.moved import df_of_variance
from scipy.special import stdtrit
from test_one_answer import fit_of


@pytest.fixture(scope="module")
def groups():
    rng = np.random.default_rng(3)
    g, n = 8, 4
    y = np.repeat(rng.normal(0, 1.5, g), n) + rng.normal(size=g * n)
    return pd.DataFrame({"y": y, "g": np.repeat(np.arange(g), n).astype(str), "v": np.tile(np.arange(n), g)})


def width(table):
    return (table["upper"] - table["lower"]).to_numpy() / 2


def one_way(rows):
    """Variance of a new response of a new group, and its degrees of freedom, from two mean squares."""
    y, g, n = rows["y"].to_numpy(), rows["g"].nunique(), 4
    means = rows.groupby("g")["y"].transform("mean").to_numpy()
    between = n * np.sum((means[::n] - y.mean()) ** 2) / (g - 1)
    within = np.sum((y - means) ** 2) / (g * (n - 1))
    parts = np.array([(1 / (g * n) + 1 / n) * between, (1 - 1 / n) * within])
    return parts.sum(), parts.sum() ** 2 / np.sum(parts**2 / [g - 1, g * (n - 1)])


@pytest.mark.parametrize("ddf", ["default", "satterthwaite", None, "normal", "residual"])
def test_a_new_subject_of_compound_symmetry(groups, ddf):
    """The sum of two mean squares, whose degrees of freedom are Satterthwaite's own."""
    variance, df = one_way(groups)
    fit = ranef.mmrm("y ~ 1 + cs(v | g)", groups.assign(v=groups["v"].astype(str)))
    found = fit.predict({"g": ["new"], "v": ["1"]}, interval="prediction", ddf=ddf)
    df = {None: np.inf, "normal": np.inf, "residual": len(groups) - 1}.get(ddf, df)
    np.testing.assert_allclose(width(found), stdtrit(df, 0.975) * np.sqrt(variance), rtol=1e-5)


def test_a_new_response_of_a_stratum_is_that_of_one_sample(groups):
    rows = groups.assign(f=np.where(np.arange(len(groups)) < 10, "a", "b"))
    fit = ranef.gls("y ~ f", rows, dispersion="~ f")
    found = fit.predict({"f": ["a", "b"]}, interval="prediction", ddf="satterthwaite")
    for half, (_, own) in zip(width(found), rows.groupby("f")["y"], strict=True):
        expected = stdtrit(len(own) - 1, 0.975) * own.std() * np.sqrt(1 + 1 / len(own))
        np.testing.assert_allclose(half, expected, rtol=1e-5)


def test_a_structure_of_two_columns_without_a_structure_is_the_plain_model(groups):
    rows = groups.assign(f=np.where(groups["v"] < 2, "a", "b"))
    rows["y"] += np.where(rows["f"] == "a", rows["g"].astype(int) % 3, 0)
    plain = ranef.lmer("y ~ 1 + (0 + f | g)", rows)
    structured = ranef.lmer("y ~ 1 + cs(0 + f | g)", rows)
    assert structured.objective == pytest.approx(plain.objective, abs=1e-7)
    new = {"f": ["a", "b", "a"], "g": ["0", "1", "new"]}
    for asked in ({"random": None, "interval": "prediction"}, {"interval": "confidence"}):
        own, other = (fit.predict(new, allow_new_levels=True, **asked) for fit in (structured, plain))
        np.testing.assert_allclose(own, other, rtol=2e-5)
        normal = structured.predict(new, allow_new_levels=True, ddf="normal", **asked)
        assert (width(own) > 1.01 * width(normal)).all()


KINDS = ("mmrm", "gls", "residual", "dispersion", "structured", "both")


@pytest.mark.parametrize("kind", KINDS)
def test_the_variance_of_a_mean_has_the_degrees_of_freedom_of_the_mean(kind):
    """The same variance differenced as a whole, and by the method's own derivatives of the coefficients."""
    fit = fit_of(kind)
    rows = np.asarray(fit.model.design.X)[[0, 7, 20]]
    known = method(fit, "satterthwaite")
    found = df_of_variance(fit, known.variances(rows), lambda other: method(other, "normal").variances(rows))
    np.testing.assert_allclose(found, known.df_of(rows), rtol=2e-4)


def test_two_rows_with_an_intercept_and_strata_are_an_unstructured_matrix():
    rng = np.random.default_rng(8)
    g = np.repeat(np.arange(15), 2)
    f = np.tile(["a", "b"], 15)
    y = rng.normal(size=15)[g] + rng.normal(size=30) * np.where(f == "a", 0.5, 1.0)
    rows = pd.DataFrame({"y": y, "g": g.astype(str), "f": f})
    mixed = ranef.lmer("y ~ f + (1 | g)", rows, dispersion="~ f")
    visits = ranef.mmrm("y ~ f + us(f | g)", rows, ddf="satterthwaite")
    assert mixed.objective == pytest.approx(visits.objective, abs=1e-7)
    new = {"f": ["a", "b"], "g": ["new", "new"]}
    one = mixed.predict(new, random=None, interval="prediction", allow_new_levels=True)
    other = visits.predict(new, interval="prediction")
    np.testing.assert_allclose(width(one), width(other), rtol=1e-5)
    np.testing.assert_allclose(width(other), stdtrit(14, 0.975) * rows.groupby("f")["y"].std() * 4 / 15**0.5)
