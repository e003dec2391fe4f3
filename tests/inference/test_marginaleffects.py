"""The package marginaleffects on our fits, by its own extension point, beside our own functions."""

import numpy as np
import pandas as pd
import pytest
import ranef

marginaleffects = pytest.importorskip("marginaleffects", reason="marginaleffects is not installed")


def works():
    """Release 0.6 asks polars whether numbers are in a list of integers, which polars 2 refuses to tell."""
    import polars

    try:
        return not polars.Series([0.5]).is_in([0, 1]).all()
    except polars.exceptions.InvalidOperationError:
        return False


pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(not works(), reason="marginaleffects 0.6 does not work with polars 2"),
]


@pytest.fixture(scope="module")
def fits():
    rng = np.random.default_rng(4)
    n = 400
    data = pd.DataFrame({"x": rng.normal(size=n), "z": rng.uniform(1, 3, n), "g": rng.integers(0, 25, n)})
    data["arm"] = rng.choice(["b", "a", "c"], n)
    data["dose"] = rng.integers(0, 3, n)
    b = rng.normal(size=25)[data["g"]]
    eta = 0.4 * data["x"] * (data["arm"] == "a") + 0.3 * np.log(data["z"]) + 0.5 * b
    data["y"] = eta + rng.normal(size=n)
    data["won"] = (rng.uniform(size=n) < 1 / (1 + np.exp(-eta))).astype(int)
    formula = "x * arm + log(z) + C(dose) + (1 | g)"
    return ranef.lmer(f"y ~ {formula}", data), ranef.glmer(f"won ~ {formula}", data, family="binomial")


def same(theirs, ours, columns=("estimate", "se")):
    theirs = theirs.to_pandas() if hasattr(theirs, "to_pandas") else theirs
    ours = ours.to_frame()
    np.testing.assert_allclose(np.sort(theirs["estimate"]), np.sort(ours["estimate"]), rtol=2e-5)
    np.testing.assert_allclose(np.sort(theirs["std_error"]), np.sort(ours["se"]), rtol=2e-4)


@pytest.mark.parametrize("kind", [0, 1], ids=["linear", "generalised"])
def test_average_slopes_and_comparisons(fits, kind):
    fit = fits[kind]
    model = fit.to_marginaleffects()
    same(marginaleffects.avg_slopes(model, variables="z"), fit.slopes("z"))
    same(marginaleffects.avg_slopes(model, variables="x", by="arm"), fit.slopes("x", by="arm"))
    same(marginaleffects.avg_comparisons(model, variables="arm"), fit.comparisons("arm"))
    same(marginaleffects.avg_comparisons(model, variables="dose"), fit.comparisons("dose"))
    same(marginaleffects.avg_comparisons(model, variables={"x": "sd"}), fit.comparisons("x", contrast="sd"))


def test_predictions(fits):
    fit = fits[1]
    rows = fit.model.design.nobs
    theirs = marginaleffects.predictions(fit.to_marginaleffects())
    ours = fit.predict(random=None)
    np.testing.assert_allclose(theirs["estimate"].to_numpy(), np.asarray(ours), rtol=1e-10)
    assert len(theirs) == rows
    link = marginaleffects.predictions(fit.to_marginaleffects("link"))
    eta = np.asarray(fit.predict(random=None, scale="link"))
    np.testing.assert_allclose(link["estimate"], eta, rtol=1e-10)


def test_both_parts_of_a_zero_inflated_model():
    rng = np.random.default_rng(2)
    data = pd.DataFrame({"x": rng.normal(size=300), "w": rng.uniform(1, 3, 300)})
    data["g"] = rng.integers(0, 20, 300)
    data["arm"] = rng.choice(["a", "b"], 300)
    mu = np.exp(0.8 + 0.3 * data["x"] + 0.3 * rng.normal(size=20)[data["g"]])
    data["n"] = rng.poisson(mu) * (rng.random(300) < 1 / (1 + np.exp(data["w"] - 2 - (data["arm"] == "a"))))
    fit = ranef.glmer("n ~ x + arm + (1 | g)", data, "poisson", zero="~ w * arm + offset(w / 9)")
    model = fit.to_marginaleffects()
    same(marginaleffects.avg_slopes(model, variables="w"), fit.slopes("w"))
    same(marginaleffects.avg_comparisons(model, variables="arm"), fit.comparisons("arm"))
    theirs = marginaleffects.predictions(model)["estimate"].to_numpy()
    np.testing.assert_allclose(theirs, np.asarray(fit.predict(random=None)), rtol=1e-10)
    counts = fit.to_marginaleffects("conditional")
    ours = fit.comparisons("arm", scale="conditional")
    same(marginaleffects.avg_comparisons(counts, variables="arm"), ours)
