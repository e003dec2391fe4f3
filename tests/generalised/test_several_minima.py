"""Small generalised models with several minima: no random restart ends below a fit that says converged."""

import pytest
import ranef

from benchmarks.studies import generalised_optima

# where one search ended above a restart: crossed, nested
ONCE_ABOVE = (50105, 50380)


@pytest.mark.parametrize("number", [*ONCE_ABOVE, *range(50000, 50010, 3)])
def test_no_random_restart_ends_lower(number):
    assert generalised_optima.behind(number) == pytest.approx(0, abs=1e-6)


def test_the_lowest_end_counts_and_the_certificate_says_how_many_agreed():
    fit = generalised_optima.draw(50380).fit()
    search, one = fit.optimum.search, fit.model.fit(start=fit.model.start())
    assert fit.converged and fit.objective < one.objective - 1e-3
    assert 0 < search.agreed < search.starts
    assert f"{search.agreed} of them end here" in str(fit.optimum)


def test_one_search_where_the_criterion_is_curved():
    data = ranef.datasets.load("cbpp")
    fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    assert fit.optimum.search is None


@pytest.mark.study
def test_no_random_restart_ends_lower_in_more_fits():
    found = [generalised_optima.behind(number) for number in range(400)]
    assert not [one for one in found if one is not None and one > generalised_optima.ABOVE]
