"""Parameters of structures that no response can tell about: all else is as in the model without them."""

import numpy as np
import pandas as pd
import pytest
import ranef

RNG = np.random.default_rng(8)
G, V = np.repeat(np.arange(18), 5), np.tile(np.arange(5), 18)
DATA = pd.DataFrame(
    {
        "g": [f"g{k:02d}" for k in G],
        "v": [f"v{k}" for k in V],
        "site": np.where(G % 2, "wood", "field"),
        "x": RNG.normal(size=90),
        "none": 0.0,
        "y": RNG.normal(size=90) + (RNG.normal(size=18) * np.where(np.arange(18) % 2, 1.1, 1.6))[G],
    }
)
CASES = [  # formula, the equivalent model, what has no estimate
    ("y ~ x + cs(0 + site | g)", "y ~ x + (0 + site || g)", ["correlation"]),
    ("y ~ x + cs(0 + site | g, hom=True)", "y ~ x + (1 | g)", ["correlation"]),
    ("y ~ x + diag(none | g)", "y ~ x + (1 | g)", ["sd none"]),
    ("y ~ g + cs(0 + site | g)", None, ["sd site[field]", "sd site[wood]", "correlation"]),
    ("y ~ x + cs(0 + v | g, hom=True)", "y ~ x + (1 | g)", ["sd", "correlation"]),
]


@pytest.mark.parametrize(("formula", "equivalent", "unknown"), CASES)
def test_it_is_named_and_all_else_is_that_of_the_equivalent_model(formula, equivalent, unknown):
    fit = ranef.lmer(formula, DATA)
    other = ranef.gls("y ~ g", DATA) if equivalent is None else ranef.lmer(equivalent, DATA)
    assert fit.converged and not fit.singular
    for shown in (fit.summary(), ranef.diagnose(fit)):
        assert "no estimate" in " ".join(str(shown).split())
    assert fit.objective == pytest.approx(other.objective, abs=1e-6)
    np.testing.assert_allclose(fit.params, other.params, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(fit.bse, other.bse, rtol=1e-5)
    np.testing.assert_allclose(fit.df, other.df, rtol=1e-3)
    table = fit.structures.parameters
    assert table["parameter"][table["estimate"].isna()].to_list() == unknown
    assert table["se"][table["estimate"].notna()].notna().all()


def test_the_profile_of_what_has_no_estimate_is_all_it_can_be():
    ends = ranef.lmer("y ~ x + cs(0 + site | g)", DATA).profile("random").conf_int()
    assert ends.loc["correlation[g]"].to_list() == [-1.0, 1.0]
    assert ends.drop("correlation[g]").notna().all(axis=None)


def test_a_structure_that_the_rows_determine_is_left_alone():
    fit = ranef.lmer("y ~ x + cs(0 + v | g)", DATA.assign(v=[f"v{k % 2}" for k in V]))
    assert fit.optimum.flat is None


def test_a_correlation_at_its_end_is_said():
    """One effect a group, AR(1) of visits: the correlation runs to one."""
    fit = ranef.lmer("y ~ x + ar1(0 + v | g)", DATA)
    assert fit.singular
    assert "or a correlation at an end of its range" in " ".join(fit.optimum.message.split())


def test_variances_that_together_are_the_residual_one():
    """One row a cell: as a residual variance for each visit; the other term has its own estimate."""
    frame = DATA.assign(h=[f"h{k}" for k in np.random.default_rng(3).integers(0, 7, 90)])
    fit = ranef.lmer("y ~ x + diag(0 + v | g) + (1 | h)", frame, allow_saturated=True)
    other = ranef.lmer("y ~ x + (1 | h)", frame, dispersion="~ v")
    assert fit.converged and fit.objective == pytest.approx(other.objective, abs=1e-6)
    np.testing.assert_allclose(fit.coef_table(), other.coef_table(), rtol=1e-4, atol=1e-6)
    sd = fit.varcorr.to_frame().set_index("group")["sd"]
    assert sd[["g", "Residual"]].isna().all()
    assert sd["h"] == pytest.approx(other.varcorr["h"].sd[0], rel=1e-4)
    assert "residual variance has no estimate" in " ".join(str(ranef.diagnose(fit)).split())
