"""The closed forms of `nist` against the dense oracle, the certified table and each other."""

import nist
import numpy as np
import oracle
import pytest
from oracle_design import oracle_design


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("name", ["SmLs01", "SmLs02"])
def test_closed_forms_agree_with_the_dense_oracle(name, reml):
    layout = nist.one_way(name)
    design, answer = oracle_design("y ~ 1 + (1 | group)", layout.frame()), layout.certified()
    fit = oracle.solve(design, [answer.theta(reml)], reml)
    assert fit.criterion == pytest.approx(answer.criterion(reml), rel=1e-11)
    assert fit.sigma == pytest.approx(answer.sigma(), rel=1e-10)
    assert np.sqrt(fit.vcov[0, 0]) == pytest.approx(answer.se(reml), rel=1e-10)
    assert oracle.gradient(design, [answer.theta(reml)], reml) == pytest.approx(0, abs=1e-7)


def test_certified_sums_of_squares():  # as printed by NIST
    table = {"SmLs01": (1.68, 1.8), "SmLs05": (16.08, 18.0), "SmLs09": (160.08, 180.0)}
    for name, (between, within) in table.items():
        answer = nist.one_way(name).certified()
        assert (answer.between, answer.within) == pytest.approx((between, within), rel=1e-14)
        assert answer.f_statistic == pytest.approx(answer.replicates, rel=1e-14)


@pytest.mark.parametrize("layout", nist.all_layouts()[:8], ids=str)
def test_stored_numbers_are_close_to_the_certified_ones(layout):
    digits = {1: 1e-13, 10**6: 1e-8, 10**12: 1e-2}[layout.shift]
    stored, certified = layout.stored(), layout.certified()
    assert stored.f_statistic == pytest.approx(certified.f_statistic, rel=digits)
    assert stored.criterion() == pytest.approx(certified.criterion(), rel=digits)
