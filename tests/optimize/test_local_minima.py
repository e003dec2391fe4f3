"""Small data with several minima: the default fit ends at the lowest that lme4 or a random start finds."""

import re

import numpy as np
import pytest
import ranef

from benchmarks.studies import optima

# number of the fit in benchmarks/studies/optima.py -> lme4's criterion (optima.R); a single start from the
# moments of the data ends between 0.46 and 13 higher
LME4 = {
    70: 117.958621,
    161: 325.684215,
    268: 198.261374,
    273: 38.839017,
    294: 113.111520,
}


@pytest.fixture(scope="module", params=LME4)
def found(request):
    small = optima.draw(request.param)
    return small.model().fit(), LME4[request.param]


def test_the_optimum_is_not_above_lme4(found):
    fit, lme4 = found
    assert fit.converged
    assert fit.objective <= lme4 + 1e-6


def test_the_certificate_counts_the_starts(found):
    fit, _ = found
    search = fit.optimum.search
    assert search.starts > 2
    assert 0 < search.agreed < search.starts
    assert abs(search.next) > 0.1
    assert f"{search.agreed} of them end here" in str(fit.optimum)


# where a random restart once ended lower, by 0.001 to 2.4
HARD = (1810, 2054, 3265, 3485, 3668, 5071, 6036, 6872)


def test_no_random_restart_ends_lower():
    for number in (*range(0, 2000, 80), *HARD):
        found = optima.missed(optima.draw(number), number)
        assert found is None or found["behind"] <= optima.BEHIND, found


def test_a_criterion_that_falls_without_end_has_no_optimum():
    """11 rows, 5 covariance parameters: lme4's default stops at 26.8235 on the way; a minimum is 28.02."""
    model = optima.draw(20171).model()
    fit = model.fit()
    assert model.objective(np.array([589.4, 745.8, -2575.8, 0.3578, 1541.6])) < 21.2
    assert fit.optimum.search.falls
    words = " ".join(str(fit.optimum).split())
    assert re.search(r"elsewhere the criterion falls at least 7\.0\d lower, to no minimum", words)


@pytest.mark.parametrize("number", [884, 1714])
def test_a_residual_variance_that_goes_to_zero_is_no_minimum(number):
    """17 and 10 rows, more random effects: no restart "converges" on the way down."""
    small = optima.draw(number)
    model = small.model()
    fit = model.fit()
    assert not fit.converged
    assert "falls without end as the residual variance goes to zero" in fit.optimum.message
    values = [fit.objective, *(model.objective(scale * fit.theta) for scale in (2, 4, 8))]
    assert np.all(np.diff(values) < -1e-7)
    assert optima.missed(small, number)["behind"] <= optima.BEHIND


@pytest.mark.study
def test_no_random_restart_ends_lower_in_more_fits():
    found = [optima.missed(optima.draw(number), number) for number in range(400)]
    assert not [row for row in found if row and row["behind"] > optima.BEHIND]


def test_one_start_is_enough_where_the_criterion_is_curved():
    data = ranef.datasets.load("sleepstudy")
    fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", data)
    assert (fit.optimum.search.starts, fit.optimum.search.scans) == (1, 0)
    assert "one start: the criterion is curved in every direction" in str(fit.optimum)
    few = data[data["Subject"].isin(data["Subject"].unique()[:4])]
    assert ranef.lmer("Reaction ~ Days + (Days | Subject)", few).optimum.search.starts > 5


def test_one_variance_is_scanned():
    """The criterion of one standard deviation has two minima; lme4 finds the lower."""
    small = optima.draw(934)
    model = small.model()
    fit = model.fit()
    grid = np.geomspace(1e-3, 1e3, 400)
    assert fit.objective <= min(model.objective(np.array([size])) for size in grid)


def test_a_start_of_ones_own_is_the_only_one():
    fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"), start=[1.0])
    assert fit.optimum.search is None


def test_allfit_starts_its_optimisers_apart():
    found = ranef.allfit(ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff")))
    assert found.llik["start"].nunique() > 3
    assert found.agree


def test_what_is_read_after_a_scan_is_of_the_optimum():
    """The scan of a large model ends elsewhere; standard deviations of modes are those without a scan."""
    data = ranef.datasets.load("InstEval")
    formula = "y ~ 1 + (1 | s) + (1 | d) + (1 | studage)"
    fit = ranef.lmer(formula, data)
    assert (fit.optimum.search.starts, fit.optimum.search.scans) == (1, 1)
    other = ranef.lmer(formula, data, start=fit.theta)
    assert other.optimum.search is None
    for one, two in zip(fit.ranef["studage"].to_numpy(), other.ranef["studage"].to_numpy(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-4)
    sd, expected = (one.ranef.to_frame()["sd"].to_numpy() for one in (fit, other))
    np.testing.assert_allclose(sd, expected, rtol=1e-5)
