"""Likelihood intervals of the residuals' parameters, beside nlme's criterion at fixed values of them."""

import numpy as np
import pytest
import ranef
from ranef.errors import ArgumentError


@pytest.fixture(scope="module")
def growth():
    return ranef.datasets.load("Orthodont")


# Roots of -2 logLik(update(m, correlation = corCAR1(p, fixed = TRUE))) - -2 logLik(m) - qchisq(0.95, 1), and
# of the same with varIdent(fixed = ), in nlme 3.1-162
@pytest.mark.parametrize(
    ("make", "row", "expected"),
    [
        (lambda d: ranef.gls("distance ~ age", d, residual="car1(age | Subject)"), 0,
         (0.8357074979, 0.7433025343, 0.9029944719)),
        (lambda d: ranef.lmer("distance ~ age + (1 | Subject)", d, dispersion="~ Sex"), 0,
         (-0.7910490214, -1.1191737232, -0.4392557837)),
        (lambda d: ranef.gls("distance ~ age", d, residual="car1(age | Subject)", dispersion="~ Sex"), 1,
         (0.8972714635, 0.8255401733, 0.9442282352)),
    ],
)  # fmt: skip
def test_ends_are_where_nlmes_criterion_has_risen(growth, make, row, expected):
    np.testing.assert_allclose(make(growth).residual_intervals().iloc[row], expected, atol=2e-6)


def test_an_end_that_is_not_reached_is_the_boundary(growth):
    fit = ranef.lmer("distance ~ age + (1 | Subject)", growth, residual="car1(age | Subject)")
    row = fit.residual_intervals().iloc[0]
    assert row.lower == 0 and row.estimate < row.upper < 1
    narrow = fit.residual_intervals(level=0.5).iloc[0]
    assert row.lower <= narrow.lower and narrow.upper < row.upper


def test_there_are_none_without_parameters(growth):
    with pytest.raises(ArgumentError, match="no parameters"):
        ranef.gls("distance ~ age", growth).residual_intervals()


def test_intervals_by_every_method():
    fit = ranef.gls("distance ~ age", ranef.datasets.load("Orthodont"), dispersion="~ Sex")
    profiled = fit.conf_int("profile")
    assert profiled.equals(fit.profile(level=0.95).conf_int())
    assert set(fit.conf_int("bootstrap", n=20, seed=1).index) == set(profiled.index)
    assert fit.conf_int("wald", "age").index.tolist() == ["age"]
    with pytest.raises(ArgumentError, match="takes no ddf="):
        fit.conf_int("profile", ddf="normal")
    with pytest.raises(ArgumentError, match="has the coefficients 'Intercept', 'age'"):
        fit.conf_int(parameters="slope")
    with pytest.raises(ArgumentError, match="takes no seed="):
        fit.conf_int(seed=1)
