"""Covariance parameters of generalised models that no response can tell about.

What has an estimate is what the equivalent model without them gives.
"""

import numpy as np
import pandas as pd
import pytest
import ranef


def rows():
    """Eggs of 16 birds: the site does not vary within a bird."""
    rng = np.random.default_rng(41)
    bird, x = np.repeat(np.arange(16), 5), rng.normal(size=80)
    effect = rng.normal(size=16) * np.where(np.arange(16) % 2, 1.0, 0.6)
    n = rng.poisson(np.exp(0.5 + 0.4 * x + effect[bird]))
    site = np.where(bird % 2, "wood", "field")
    own = {"field": (site == "field") * 1.0, "wood": (site == "wood") * 1.0, "none": 0.0}
    return pd.DataFrame({"n": n, "x": x, "bird": bird.astype(str), "site": site, **own})


DATA = rows()
SITES, ONE = "n ~ x + (0 + field | bird) + (0 + wood | bird)", "n ~ x + (1 | bird)"
CASES = [  # formula, the equivalent model, what has no estimate, what the message says
    ("n ~ x + (0 + site | bird)", SITES, {"corr[bird.site[wood].site[field]]"}, "no level of bird has both"),
    (
        "n ~ x + (site | bird)",
        SITES,
        {"sd[bird.site[T.wood]]", "corr[bird.site[T.wood].Intercept]"},
        "site[T.wood] does not vary within bird",
    ),
    ("n ~ x + (1 | bird) + (1 | bird)", ONE, {"sd[bird.1.Intercept]"}, "other terms say the same"),
    (
        "n ~ x + (none | bird)",
        ONE,
        {"sd[bird.none]", "corr[bird.none.Intercept]"},
        "the column is zero in every row",
    ),
]


@pytest.mark.parametrize(("formula", "equivalent", "unknown", "words"), CASES)
def test_what_no_response_can_tell_is_named_and_the_rest_is_right(formula, equivalent, unknown, words):
    fit, other = ranef.glmer(formula, DATA, "poisson"), ranef.glmer(equivalent, DATA, "poisson")
    assert fit.converged and other.converged
    assert words in fit.optimum.message and words in " ".join(str(ranef.diagnose(fit)).split())
    assert fit.objective == pytest.approx(other.objective, abs=1e-7)
    np.testing.assert_allclose(fit.params, other.params, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(fit.bse, other.bse, rtol=1e-4)
    table = fit.component_table()
    assert set(table.index[table["estimate"].isna()]) == unknown
    for name in unknown:
        ends = [-1.0, 1.0] if name.startswith("corr") else [0.0, np.inf]
        assert table.loc[name, ["lower", "upper"]].to_list() == ends
        assert fit.conf_int("profile", [name]).loc[name].to_list() == ends
    known = table["estimate"].dropna().to_numpy()
    np.testing.assert_allclose(known[0], other.component_table()["estimate"].iloc[0], rtol=1e-4)


def test_every_start_ends_at_the_same_parameters():
    model = ranef.glmer("n ~ x + (0 + site | bird)", DATA, "poisson").model
    ends = []
    for size in (0.2, 1.0, 4.0):
        start = model.start()
        start[:3] = [size, size / 2, size]
        ends.append(model.fit(start=start).theta)
    np.testing.assert_allclose(ends[1:], [ends[0]] * 2, rtol=1e-4, atol=1e-6)


def test_glmmtmb_agrees():
    """glmmTMB(n ~ x + (0 + field | bird) + (0 + wood | bird), DATA, poisson), 1.1."""
    fit = ranef.glmer("n ~ x + (site | bird)", DATA, "poisson")
    assert fit.objective == pytest.approx(249.9457848, abs=1e-6)
    np.testing.assert_allclose(fit.params, [0.6341254207, 0.4042761677], atol=1e-5)
    np.testing.assert_allclose(fit.bse, [0.1835063161, 0.1075068956], rtol=1e-4)


def test_summary_and_diagnosis_of_what_ended_at_no_minimum():
    """An effect of every row beside a Gaussian residual: the second-order term has no value there."""
    rng = np.random.default_rng(1)
    x, row = rng.normal(size=60), [f"r{k}" for k in range(60)]
    data = pd.DataFrame({"y": np.exp(0.2 + 0.4 * x + rng.normal(size=60)), "x": x, "row": row})
    fit = ranef.glmer("y ~ x + (1 | row)", data, "gaussian", link="log")
    assert not fit.converged
    assert "not converged" in str(fit.summary()) and "not converged" in str(ranef.diagnose(fit))
