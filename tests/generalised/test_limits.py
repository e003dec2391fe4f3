"""A dispersion that runs to its limit, and searches that begin badly. Values by lme4 and glmmTMB."""

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import FitError

from benchmarks.studies.generalised_optima import draw

COUNTS = """3 6 2 5 9 4 7 3 2 3 1 3 6 2 4 1 3 5 2 4 0 4 6 3 5 9 4 7 3 7 10 6 2 5 1 3 1 2 4 2 3 0 3 5 2
4 7 3 4 1 3 6 3 5 10 4 3 1 3 5 2 4 1 3 5 2 4 8 4 6 3 6 3 1 2 6 1 3 1 2 7 3 6 2 5 9 5 8 5 2
3 1 3 5 2 4"""
SUCCESSES = """6 7 5 6 8 6 7 4 4 6 3 5 7 4 6 3 5 7 4 6 2 5 7 4 7 9 6 7 5 7 8 6 4 7 3 5 2 4 6 3 6 2 5 7 4
6 8 5 6 3 6 7 5 6 9 6 6 3 5 7 4 6 2 5 7 4 6 8 5 7 4 6 5 2 4 7 3 5 2 4 8 5 7 4 6 8 6 7 7 4
6 3 5 7 4 6"""


@pytest.fixture(scope="module")
def rows():
    """Counts and successes that vary less than Poisson and binomial ones."""
    return pd.DataFrame(
        {
            "g": np.repeat(np.arange(12), 8),
            "x": np.tile(np.arange(8) / 7, 12),
            "y": np.array(COUNTS.split(), dtype=float),
            "s": np.array(SUCCESSES.split(), dtype=float),
        }
    )


# glmer(family = poisson) and glmer(family = binomial): the families at their limits.
@pytest.mark.parametrize(
    ("family", "left", "value", "beta", "se", "simpler"),
    [
        ("nbinom2", "y", 403.2995186, (1.1702659, 0.2826176), (0.1264862, 0.1590304), "poisson"),
        ("nbinom1", "y", 403.2995186, (1.1702659, 0.2826176), (0.1264862, 0.1590304), "poisson"),
        (
            "betabinomial",
            "cbind(s, 10 - s)",
            366.3160044,
            (0.1812512, -0.0482954),
            (0.140842, 0.199438),
            "binomial",
        ),
    ],
)
def test_a_dispersion_at_its_limit_is_the_simpler_family(rows, family, left, value, beta, se, simpler):
    fit = ranef.glmer(f"{left} ~ x + (1 | g)", rows, family)
    assert fit.converged
    assert fit.optimum.evaluations <= 15
    assert fit.objective == pytest.approx(value, abs=1e-6)
    assert fit.objective == pytest.approx(
        ranef.glmer(f"{left} ~ x + (1 | g)", rows, simpler).objective, abs=1e-9
    )
    np.testing.assert_allclose(fit.params, beta, atol=1e-4 * min(se))
    np.testing.assert_allclose(fit.bse, se, rtol=1e-4)
    assert f"use family='{simpler}'" in str(fit.summary())
    assert f"use family='{simpler}'" in fit.optimum.message
    again = fit.refit(np.asarray(fit.y) * 1.0)  # from the limit, where no gradient leads away
    assert again.objective == pytest.approx(fit.objective, abs=1e-8)


def test_a_refit_leaves_the_limit(rows):
    fit = ranef.glmer("y ~ x + (1 | g)", rows, "nbinom2")
    wild = np.where(np.arange(96) % 5 == 0, 4 * rows.y + 7, rows.y // 2)
    direct = ranef.glmer("y ~ x + (1 | g)", rows.assign(y=wild), "nbinom2")
    assert direct.dispersion < 10
    assert fit.refit(wild).objective == pytest.approx(direct.objective, abs=1e-6)


def test_checks_of_residuals_say_themselves(rows):
    assert "uniformity" in str(ranef.glmer("y ~ x + (1 | g)", rows, "poisson").check_residuals(n=20))


def test_responses_of_impossible_means_are_refused(rows):
    far = rows.assign(o=150.0 * (rows.g % 2))
    with pytest.raises(FitError, match="have no responses"):
        ranef.glmer("y ~ x + offset(o) + (1 | g)", far, "poisson").simulate(seed=1)


def test_shares_near_their_ends_do_not_mislead_the_start():
    """glmmTMB finds -214.0554; weights of a first linear predictor at such shares span sixteen decades."""
    data = pd.DataFrame(
        {
            "g": ["d", "a", "d", "a", "a", "b", "a", "d", "b", "b", "a", "c"],
            "h": ["7", "5", "8", "4", "6", "6", "1", "7", "14", "14", "2", "0"],
            "x": [0.583, 0.461, -0.514, -1.088, 0.257, 1.067, 0.712, -1.014, 1.134, -0.355, -1.705, 0.088],
            "w": [-0.44, -1.17, -0.44, -1.17, -1.17, -0.79, -1.17, -0.44, -0.79, -0.79, -1.17, 0.29],
        }
    )
    one = 1 - 1e-8
    data["y"] = [
        *(one, 0.9999999794573536, 0.9996115411363086, 0.9987812801786216, 0.9999857705470273, one),
        *(one, 0.8465203777071111, one, 0.9978980195202326, 0.7021816087471348, one),
    ]
    fit = ranef.glmer("y ~ x + w + (1 | g) + (1 | h)", data, "beta", "cloglog")
    assert fit.converged
    assert fit.objective == pytest.approx(-214.055360871, abs=1e-6)


def test_a_start_is_found_where_the_mean_of_single_rows_leaves_the_range():
    model = draw(189)  # Gamma responses down to 5e-5 with the inverse link
    fit = model.fit()
    assert fit.converged
    assert fit.objective <= -38.394970 + 1e-6  # glmmTMB 1.1.5
