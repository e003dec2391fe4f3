"""Variances of models with relationship matrices that no response can tell about."""

import numpy as np
import pandas as pd
import pytest
import ranef

RNG = np.random.default_rng(11)
LINES = [f"l{k}" for k in range(10)]
DATA = pd.DataFrame(
    {
        "line": np.repeat(LINES, 4),
        "copy": np.repeat(LINES, 4),
        "plot": [f"p{k}" for k in range(40)],
        "x": RNG.normal(size=40),
        "none": 0.0,
        "y": RNG.normal(size=40) + np.repeat(RNG.normal(size=10), 4),
    }
)


def kinship(levels):
    drawn = np.random.default_rng(2).normal(size=(len(levels), 60))
    return pd.DataFrame(drawn @ drawn.T / 60, levels, levels)


def identity(levels):
    return pd.DataFrame(np.eye(len(levels)), levels, levels)


LEAST, LINE = "y ~ x", "y ~ x + (1 | line)"
CASES = [  # formula, relationship, the model without, which, why
    ("y ~ line + (1 | line)", {"line": kinship(LINES)}, "y ~ line", "line", "apart by the fixed effects"),
    ("y ~ x + (0 + none | line)", {"line": kinship(LINES)}, LEAST, "line.none", "its column is zero"),
    ("y ~ x + (1 | plot)", {"plot": identity(DATA["plot"])}, LEAST, "plot", "part of the residual variance"),
    (
        "y ~ x + (1 | line) + (1 | copy)",
        {"line": identity(LINES)},
        LINE,
        "copy",
        "other terms say the same",
    ),
]


@pytest.mark.parametrize(("formula", "relationship", "without", "which", "why"), CASES)
def test_it_is_named_and_all_else_is_that_of_the_model_without(formula, relationship, without, which, why):
    fit = ranef.lmer(formula, DATA, relationship=relationship)
    other = ranef.lmer(without, DATA) if "|" in without else ranef.gls(without, DATA)
    assert fit.converged and not fit.singular
    for shown in (fit.summary(), ranef.diagnose(fit)):
        assert why in " ".join(str(shown).split())
    assert fit.objective == pytest.approx(other.objective, abs=1e-8)
    np.testing.assert_allclose(fit.params, other.params, rtol=1e-7)
    np.testing.assert_allclose(fit.bse, other.bse, rtol=1e-6)
    np.testing.assert_allclose(fit.df, other.df, rtol=1e-4)
    table = fit.varcorr.to_frame()
    assert table["group"][table["sd"].isna()].to_list() == [which]
    share = fit.heritability(which)
    assert np.isnan(share["estimate"]) and share[["lower", "upper"]].to_list() == [0.0, 1.0]


def test_a_matrix_tells_an_effect_of_every_row_from_the_residual():
    fit = ranef.lmer("y ~ x + (1 | plot)", DATA, relationship={"plot": kinship(DATA["plot"])})
    assert fit.converged and fit.optimum.flat is None
