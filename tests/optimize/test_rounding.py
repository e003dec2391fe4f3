"""The criterion of unevenly weighted data beside dense algebra in 40 digits."""

import mpmath as mp
import numpy as np
import oracle
import pytest
from oracle_design import oracle_design

from benchmarks.studies import optima


def digits(matrix):
    """Numbers with 40 digits."""
    return np.vectorize(lambda value: mp.mpf(float(value)), otypes=[object])(matrix)


def exact(design, theta, reml):
    """The criterion by the oracle's formulas: one elimination of V, X and y."""
    n, p = design.X.shape
    with mp.workdps(40):
        V = np.diag(1 / digits(design.weights))
        for term, factor in zip(design.terms, oracle.covariance_factors(design.terms, theta), strict=True):
            rows = digits(term.basis).dot(digits(factor))
            V = V + np.where(term.codes[:, None] == term.codes, rows.dot(rows.T), mp.mpf(0))
        C = digits(np.column_stack([design.X, design.y]))
        whole = np.block([[V, C], [C.T, np.full((p + 1, p + 1), mp.mpf(0))]])
        pivots = []
        for k in range(n + p):
            pivots.append(abs(whole[k, k]))
            touched = k + 1 + np.flatnonzero(whole[k, k + 1 :])
            whole[np.ix_(touched, touched)] -= np.outer(whole[touched, k] / whole[k, k], whole[k, touched])
        rows = n - p if reml else n
        dets = sum(mp.log(pivot) for pivot in (pivots if reml else pivots[:n]))
        return dets + rows * (1 + mp.log(-2 * mp.pi * whole[-1, -1] / rows))


# Weights from 0.001 to 1,000 and variances hundreds of times the residual's: as y'y less what is explained,
# r^2 was off by 2e-5 and 1e-7 of the criterion; of 334, with crossed factors, the determinants by 3e-6.
@pytest.mark.parametrize("number", [334, 5202, 5560])
def test_unevenly_weighted_data_lose_no_digits(number):
    small = optima.draw(number)
    model = small.model()
    design = oracle_design(small.formula, small.data, weights="w")
    fit = model.fit()
    for theta in (fit.theta, 1.0001 * fit.theta):
        assert float(model.objective(theta) - exact(design, theta, small.reml)) == pytest.approx(0, abs=1e-8)
