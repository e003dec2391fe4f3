"""Profiles, refits and replicates of models with relationship matrices."""

import numpy as np
import pytest
import ranef
from ranef.errors import ArgumentError
from related.test_related import ANIMALS, animal_model, labelled
from scipy.optimize import minimize

RISE = 3.841458820694124
SLEEP = ranef.datasets.load("sleepstudy")
UNRELATED = {"Subject": np.eye(18)}
SLOPES = "Reaction ~ Days + (Days || Subject)"


def test_with_unrelated_levels_they_are_those_of_lmer():
    own = ranef.lmer(SLOPES, SLEEP, relationship=UNRELATED).profile().conf_int()
    plain = ranef.lmer(SLOPES, SLEEP).profile().conf_int()
    np.testing.assert_allclose(own.loc[plain.index], plain, rtol=1e-5)


def test_a_variance_of_zero_is_an_end():
    data = ranef.datasets.load("Dyestuff2")
    formula = "Yield ~ 1 + (1 | Batch)"
    fit = ranef.lmer(formula, data, relationship={"Batch": np.eye(6)})
    own, plain = fit.profile().conf_int(), ranef.lmer(formula, data).profile().conf_int()
    np.testing.assert_allclose(own.loc[plain.index], plain, rtol=1e-5, atol=1e-6)
    found = fit.heritability(method="profile")
    assert (found.estimate, found.lower) == (0, 0) and 0 < found.upper < 1


def dense_criterion(reml):
    """The criterion at (log variances of animals and pens, sigma^2), V built and inverted."""
    animals = labelled().loc[ANIMALS.animal, ANIMALS.animal].to_numpy()
    pens = np.equal.outer(ANIMALS.pen.to_numpy(), ANIMALS.pen.to_numpy())
    X, n = np.column_stack([np.ones(len(pens)), ANIMALS.x]), len(pens)

    def at(variances):
        V = variances[0] * animals + variances[1] * pens + variances[2] * np.eye(n)
        inverse = np.linalg.inv(V)
        A = X.T @ inverse @ X
        e = ANIMALS.y - X @ np.linalg.solve(A, X.T @ inverse @ ANIMALS.y)
        value = np.linalg.slogdet(V)[1] + e @ inverse @ e + (n - 2 * reml) * np.log(2 * np.pi)
        return value + reml * np.linalg.slogdet(A)[1]

    return at


@pytest.mark.parametrize("reml", [True, False])
def test_the_interval_of_the_heritability_by_dense_algebra(reml):
    fit, criterion = animal_model(reml), dense_criterion(reml)
    found = fit.heritability(method="profile")
    for end in (found.lower, found.upper):
        if end == 0:
            continue

        def held(others, end=end):
            pen, rest = np.exp(others)
            return criterion([end / (1 - end) * (pen + rest), pen, rest])

        start = np.log(fit.varcorr.to_frame().set_index("group").loc[["pen", "Residual"], "var"].to_numpy())
        lowest = minimize(held, start, method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9}).fun
        assert lowest - fit.objective == pytest.approx(RISE, abs=1e-5)


def test_refits_replicates_and_single_terms():
    fit = ranef.lmer(SLOPES, SLEEP, relationship=UNRELATED)
    plain = ranef.lmer(SLOPES, SLEEP)
    y = fit.simulate(1, seed=1)[0]
    assert fit.refit(y).objective == pytest.approx(plain.refit(y).objective, abs=1e-6)
    np.testing.assert_allclose(fit.drop1().loc["Days"], plain.drop1().loc["Days"], rtol=1e-5)
    result = fit.bootstrap(20, seed=1, progress=False)
    assert "share[Subject]" in result.conf_int().index
    with pytest.raises(ArgumentError, match="no independent groups"):
        result.conf_int("bca")
    smaller = ranef.lmer("Reaction ~ 1 + (Days || Subject)", SLEEP, reml=False, relationship=UNRELATED)
    test = ranef.pbtest(smaller, ranef.lmer(SLOPES, SLEEP, reml=False, relationship=UNRELATED), n=20, seed=1)
    assert test.statistic == pytest.approx(fit.drop1().loc["Days", "chisq"], rel=1e-5)
