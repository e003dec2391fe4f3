"""drop1, influence and augment of fits whose covariance has a structure."""

import numpy as np
import pytest
import ranef
from numpy.testing import assert_allclose
from ranef.errors import ArgumentError

ORTHODONT = ranef.datasets.load("Orthodont")
SLEEP = ranef.datasets.load("sleepstudy")
ASTHMA = ranef.datasets.load("asthma").head(160)
CAR = {"residual": "car1(age | Subject)"}

# Kind -> the function, a formula, data, options, a group, and a term with the formula without it.
KINDS = {
    "gls": (ranef.gls, "distance ~ age * Sex", ORTHODONT, CAR, "Subject", "age:Sex", "distance ~ age + Sex"),
    "residual": (
        *(ranef.lmer, "distance ~ age + Sex + (1 | Subject)", ORTHODONT, {"dispersion": "~ Sex"}),
        *("Subject", "Sex", "distance ~ age + (1 | Subject)"),
    ),
    "structured": (
        *(ranef.lmer, "Reaction ~ Days + diag(Days | Subject)", SLEEP, {}),
        *("Subject", "Days", "Reaction ~ 1 + diag(Days | Subject)"),
    ),
    "both": (
        *(ranef.lmer, "Reaction ~ Days + diag(Days | Subject)", SLEEP, {"residual": "ar1(Days | Subject)"}),
        *("Subject", "Days", "Reaction ~ 1 + diag(Days | Subject)"),
    ),
    "mmrm": (
        *(ranef.mmrm, "fev1 ~ baseline + visit + arm + cs(visit | id)", ASTHMA, {}),
        *("id", "baseline", "fev1 ~ visit + arm + cs(visit | id)"),
    ),
}


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    function, formula, data, options, *rest = KINDS[request.param]
    return request.param, function(formula, data, **options), rest


def test_a_term_dropped_is_the_model_without_it(kind):
    name, fit, (_, term, without) = kind
    function, formula, data, options, *_ = KINDS[name]
    table = fit.drop1()
    large, small = (function(text, data, reml=False, **options) for text in (formula, without))
    assert table.chisq[term] == pytest.approx(small.objective - large.objective, abs=1e-5)
    assert table.aic["<none>"] == pytest.approx(large.objective + 2 * fit.df_model_total, abs=1e-5)


def test_a_group_left_out_is_the_fit_without_its_rows(kind):
    name, fit, (group, _, _) = kind
    function, formula, data, options, *_ = KINDS[name]
    found = fit.influence(group)
    one = found.params.index[3]
    other = function(formula, data[data[group] != one], **options)
    assert_allclose(found.params.loc[one], other.params, rtol=1e-4)
    assert_allclose(found.dfbetas.loc[one], (other.params - fit.params) / other.bse, rtol=1e-3, atol=1e-4)
    shift = (other.params - fit.params).to_numpy()
    J, p = len(found.params), len(shift)
    cooks = shift @ np.linalg.solve(fit.vcov, shift) * (J - p) / (J * p)
    assert found.cooks[one] == pytest.approx(cooks, rel=1e-3)
    assert found.converged.all()


def test_rows_with_what_the_fit_says_of_them(kind):
    name, fit, _ = kind
    data = KINDS[name][2]
    table = fit.augment(data)
    assert_allclose(table[".fitted"], np.asarray(fit.fittedvalues))
    independent = name in ("residual", "structured")
    assert (".hat" in table) == independent
    if name != "structured":
        assert_allclose(table[".normalized"], fit.residuals("normalized"))
    if independent:
        assert_allclose(fit.influence()["leverage"], table[".hat"])
    else:
        with pytest.raises(ArgumentError, match="correlate"):
            fit.augment(influence=True)
        with pytest.raises(ArgumentError, match="correlate have no"):
            fit.leverage()


def test_nlme_drops_the_same():
    """nlme 3.1-162: anova of two gls() by ML, coefficients of gls() without M13."""
    fit = ranef.gls("distance ~ age * Sex", ORTHODONT, **CAR)
    assert fit.drop1().chisq["age:Sex"] == pytest.approx(2.499868, abs=1e-5)
    found = fit.influence()
    assert_allclose(
        found.params.loc["M13"], [17.6405785624, 0.6828280754, -0.3214021764, -0.1989066557], rtol=1e-5
    )
    with pytest.raises(ArgumentError, match="there is no group 'Sex'; the fit has 'Subject'"):
        fit.influence("Sex")
