"""Names of columns decide nothing: a model with odd names is the model with plain ones."""

import numpy as np
import pandas as pd
import pytest
import ranef

RNG = np.random.default_rng(5)
N = 200
X = RNG.normal(size=N)
PLAIN = pd.DataFrame(
    {
        "y": 1 + 0.5 * X + np.repeat(RNG.normal(size=20), 10) + RNG.normal(size=N),
        "x": X,
        "f": np.tile(list("uvwz"), 50),
        "h": np.tile(list("aabbb"), 40),
        "g": np.repeat([f"s{k:02d}" for k in range(20)], 10),
    }
)
TAKEN = ["sigma", "theta1", "objective", "converged", "Intercept", "(Intercept)"]


@pytest.fixture(scope="module")
def plain():
    fit = ranef.lmer("y ~ x + (1|g)", PLAIN)
    return fit, fit.bootstrap(12, seed=1, progress=False)


@pytest.mark.parametrize("name", TAKEN)
def test_a_predictor_may_have_the_name_of_a_parameter(name, plain):
    right, right_boot = plain
    fit = ranef.lmer(f"y ~ `{name}` + (1|g)", PLAIN.rename(columns={"x": name}))
    boot = fit.bootstrap(12, seed=1, progress=False)
    tables = [
        (fit.conf_int(parameters="all"), right.conf_int(parameters="all")),
        (fit.conf_int(method="profile"), right.conf_int(method="profile")),
        (boot.conf_int(), right_boot.conf_int()),
        (boot.conf_int(kind="studentized", parameters="fixed"),
         right_boot.conf_int(kind="studentized", parameters="fixed")),
        (boot.to_frame().T.astype(float), right_boot.to_frame().T.astype(float)),
        (fit.cov_theta(), right.cov_theta()),
    ]  # fmt: skip
    label = "`Intercept`" if name == "Intercept" else name
    for got, expected in tables:
        assert got.index.is_unique and got.columns.is_unique
        np.testing.assert_allclose(got.to_numpy(), expected.to_numpy(), rtol=1e-6, atol=1e-9)
        if "x" in expected.index:
            np.testing.assert_allclose(got.loc[label], expected.loc["x"], rtol=1e-6)
    assert fit.params[label] == right.params["x"]
    for verb in ("summary", "tidy", "glance", "anova"):
        str(getattr(fit, verb)())


def test_a_grouping_factor_may_have_such_a_name_too():
    right = ranef.lmer("y ~ x + (1|g)", PLAIN)
    for name in ("Residual", "sigma"):
        fit = ranef.lmer(f"y ~ x + (1|{name})", PLAIN.rename(columns={"g": name}))
        np.testing.assert_allclose(fit.conf_int(parameters="all"), right.conf_int(parameters="all"))
        np.testing.assert_allclose(fit.conf_int(method="profile"), right.conf_int(method="profile"))
        str(fit.summary()), fit.tidy()


@pytest.mark.parametrize("name", ["se", "emmean", "contrast"])
def test_a_factor_may_have_the_name_of_a_column_of_means(name):
    right = ranef.lmer("y ~ x + f*h + (1|g)", PLAIN)
    fit = ranef.lmer(f"y ~ x + {name}*h + (1|g)", PLAIN.rename(columns={"f": name}))
    for take in (
        lambda fit, f: ranef.emmeans(fit, f),
        lambda fit, f: ranef.emmeans(fit, f).pairs("none"),
        lambda fit, f: ranef.emmeans(fit, "h", by=f).pairs("none"),
        lambda fit, f: ranef.emmeans(fit, f, by="h").contrast("eff"),
        lambda fit, f: ranef.emtrends(fit, f, "x"),
    ):
        got, expected = take(fit, name).to_frame(), take(right, "f").to_frame()
        assert got.columns.is_unique
        assert [column.replace(f"`{name}`", "f") for column in got] == list(expected)
        numbers = expected.select_dtypes("number").columns
        np.testing.assert_allclose(got[numbers], expected[numbers], rtol=1e-9)


# lme4#526: b*a in the fixed part and a*b in the random one are the same interaction
PAIRS = [
    ("y ~ b*a + (a*b||s)", "y ~ b*a + (b*a||s)", "b:a"),
    ("y ~ a + x2:k + (k:x2 + 0|s)", "y ~ a + x2:k + (x2:k + 0|s)", "x2:k"),
]


@pytest.mark.parametrize(("spelt", "same", "name"), PAIRS)
def test_one_interaction_is_one_coefficient_however_it_is_spelt(spelt, same, name):
    rng = np.random.default_rng(8)
    cells = [(a, b, s) for a in range(5) for b in range(5) for s in range(10)]
    data = pd.DataFrame(cells, columns=list("abs"))
    modes = rng.normal(0, 1, (4, 10))
    data["x2"], data["k"] = rng.normal(size=len(data)), np.where(data.a % 2 == 0, "p", "q")
    data["y"] = modes[0, data.s] + data.a * modes[1, data.s] + data.b * modes[2, data.s]
    data["y"] += data.a * data.b * modes[3, data.s] + rng.normal(0, 1, len(data))
    one, other = ranef.lmer(spelt, data), ranef.lmer(same, data)
    assert one.objective == pytest.approx(other.objective, abs=1e-6)
    assert sorted(one.coef["s"]) == sorted(other.coef["s"])
    for column in other.coef["s"]:
        np.testing.assert_allclose(one.coef["s"][column], other.coef["s"][column], rtol=1e-3, atol=1e-3)
    reverse = ":".join(reversed(name.split(":")))
    asked = [fit.predict(random=f"(0 + {code} | s)") for fit in (one, other) for code in (name, reverse)]
    for again in asked[1:]:
        np.testing.assert_allclose(again, asked[0], atol=1e-3)


def test_models_with_the_same_interaction_are_compared_whatever_its_spelling():
    data = PLAIN.assign(z=RNG.normal(size=N))
    small = ranef.lmer("y ~ x*z + (1|g)", data)
    large = ranef.lmer("y ~ z*x + (x|g)", data)
    right = ranef.lmer("y ~ x*z + (x|g)", data)
    got, expected = (pd.DataFrame(ranef.anova(small, fit)) for fit in (large, right))
    np.testing.assert_allclose(
        got.select_dtypes("number"), expected.select_dtypes("number"), rtol=1e-6, atol=1e-6, equal_nan=True
    )
