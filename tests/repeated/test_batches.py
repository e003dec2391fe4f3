"""Repeated measures in batches and as sums of parts: the answers of the fit in memory."""

import pickle

import numpy as np
import pandas as pd
import pytest
import ranef
from ranef.errors import DataError, FormulaError, RowsNotKeptError
from repeated.trial_rows import table
from stream.batching import cut

FIXED = "y ~ arm * C(visit) + base"
US = f"{FIXED} + us(visit | id)"


@pytest.fixture(scope="module")
def frame():
    return table(subjects=40).sort_values(["id", "visit"], ignore_index=True)


def same(one, other):
    """Answers equal to twelve digits."""
    assert one.objective == pytest.approx(other.objective, rel=1e-12)
    np.testing.assert_allclose(one.params, other.params, rtol=1e-9, atol=1e-9 * other.bse.max())
    np.testing.assert_allclose(one.theta, other.theta, atol=1e-7)
    at = other.theta
    points = [fit.model.measures(fit.structure).at(at) for fit in (one, other)]
    assert points[0].value == pytest.approx(points[1].value, rel=1e-12)
    size = np.sqrt(np.diag(points[1].covariance))
    difference = (points[0].covariance - points[1].covariance) / np.outer(size, size)
    assert np.abs(difference).max() < 1e-12
    pd.testing.assert_frame_equal(one.coef_table(), other.coef_table(), rtol=1e-7)


CASES = [
    (US, {}),
    (f"{FIXED} + us(visit | id)", {"weights": "w", "reml": False}),
    ("y ~ arm + visit + base:arm + arh(visit | arm / id)".replace("arh", "ar1h"), {}),
    ("y ~ 0 + arm + log(base) + sp_exp(week | id)", {"offset": "visit"}),
    ("y ~ arm + base + I(2 * base) + toeph(visit | id:arm)", {}),
]


@pytest.mark.parametrize(("formula", "options"), CASES)
def test_batches_give_the_fit_in_memory(frame, formula, options):
    whole = ranef.mmrm(formula, frame, **options)
    for edges in ([50], [1, 2, 2, 3, 57, 58, 59, 100]):  # within subjects, and empty batches
        fit = ranef.mmrm(formula, cut(frame, edges), **options)
        same(fit, whole)
        assert fit.nsubjects == whole.nsubjects and fit.nobs == whole.nobs
        np.testing.assert_array_equal(fit.residual.parameters.parameter, whole.residual.parameters.parameter)


def test_levels_met_late(frame):
    """The first batch knows one arm, two visits and three subjects."""
    late = pd.concat([frame[(frame.arm == "b") & (frame.visit < 3)][:5], frame[frame.arm == "a"]])
    late = late.drop_duplicates(["id", "visit"])
    rest = frame[(frame.arm == "b") & ~frame.id.isin(late.id)]
    both = pd.concat([late, rest], ignore_index=True)
    same(ranef.mmrm(US, cut(both, [4])), ranef.mmrm(US, both))


def test_sums_travel_and_merge(frame):
    whole = ranef.mmrm(f"{FIXED} + toeph(visit | arm / id)", frame, weights="w")
    ids = frame.id.unique()
    formula = f"{FIXED} + us(visit | arm / id)"
    parts = [ranef.sums(formula, frame[frame.id.isin(ids[k::3])], weights="w") for k in range(3)]
    parts = [ranef.Sums.from_bytes(part.to_bytes()) for part in parts]
    total = parts[2] + ranef.merge(parts[:2])
    assert total.levels == {"id": 40, "visit": 4} and total.n == len(frame)
    same(ranef.mmrm(f"{FIXED} + toeph(visit | arm / id)", total), whole)
    assert ranef.fit(total, reml=False).objective == pytest.approx(
        ranef.mmrm(formula, frame, weights="w", reml=False).objective, rel=1e-12
    )


def test_a_subject_in_two_batches_is_named(frame):
    mixed = frame.sample(frac=1, random_state=1)
    with pytest.raises(DataError, match=r"subject 's\d\d' of 'id' is back in row \d+.*sort the data by id"):
        ranef.mmrm(US, cut(mixed, [60]))
    same(ranef.mmrm(US, cut(mixed, [])), ranef.mmrm(US, frame))  # within one batch any order will do
    parts = [ranef.sums(US, frame[:50]), ranef.sums(US, frame[50:])]
    with pytest.raises(DataError, match=r"subject 's\d\d' has rows in 'part 0', 'part 1'"):
        ranef.merge(parts)


def test_rows_that_cannot_be(frame):
    twice = pd.concat([frame[:7], frame[6:]], ignore_index=True)
    with pytest.raises(DataError, match=rf"subject '{frame.id[6]}' has two rows at visit .* \(rows 6 and 7"):
        ranef.mmrm(US, cut(twice, [7]))
    row = int(np.flatnonzero((frame.id == frame.id.shift()) & (frame.arm == "a"))[3])
    divided = frame.assign(arm=np.where(frame.index == row, "b", frame.arm))
    with pytest.raises(DataError, match=rf"'{frame.id[row]}' is in two groups of 'arm', 'a', 'b'"):
        ranef.mmrm("y ~ base + us(visit | arm / id)", cut(divided, [row]))
    with pytest.raises(FormulaError, match="mean of all rows"):
        ranef.mmrm("y ~ scale(base) + us(visit | id)", cut(frame, [50]))
    with pytest.raises(DataError, match="the fixed part of the sums"):
        ranef.mmrm("y ~ arm + us(visit | id)", ranef.sums(US, frame))


def test_what_needs_rows_says_so(frame):
    fit = ranef.mmrm(US, cut(frame, [50]))
    whole = ranef.mmrm(US, frame)
    for ask in (
        lambda f: f.fittedvalues,
        lambda f: f.residuals(),
        lambda f: f.simulate(1),
        lambda f: f.acf(),
    ):
        with pytest.raises(RowsNotKeptError):
            ask(fit)
    with pytest.raises(RowsNotKeptError):
        fit.coef_table("CR2")
    np.testing.assert_allclose(fit.predict(frame), whole.predict(frame), rtol=1e-9)
    means = [ranef.emmeans(one, "arm", by="visit").to_frame() for one in (fit, whole)]
    pd.testing.assert_frame_equal(*means, rtol=1e-6)
    pd.testing.assert_frame_equal(fit.anova(), whole.anova(), rtol=1e-5)
    assert "40 subjects" in str(fit.summary())
    again = pickle.loads(pickle.dumps(fit))
    assert again.coef_table().equals(fit.coef_table())
