"""Likelihood profiles of repeated measures: every point is a minimum of the dense deviance."""

import pickle

import numpy as np
import pytest
import ranef
from repeated.trial_rows import WEEKS, dense, table
from repeated.visits_oracle import sigma_of, unstructured

RISE = 3.841458820694124
FORMULA = "y ~ arm + visit + base + {}"
STRUCTURES = ["us(visit | id)", "cs(visit | id)", "csh(visit | arm / id)", "toep(visit | id)"]
STRUCTURES += ["adh(visit | id)", "sp_exp(week | id)", "sp_gau(week | id)"]


@pytest.fixture(scope="module")
def frame():
    return table(subjects=40)


def dense_deviance(oracle, structure, arms, values):
    """-2 log likelihood at coefficients and natural parameters."""
    beta, rest = values[:4], values[4:].reshape(arms, -1)
    matrices = [
        unstructured(4, own) if structure == "us" else sigma_of(structure, 4, own, WEEKS) for own in rest
    ]
    V, e = oracle.covariance(matrices), oracle.y - oracle.X @ beta
    return np.linalg.slogdet(V)[1] + e @ np.linalg.solve(V, e) + len(e) * np.log(2 * np.pi)


@pytest.mark.parametrize("term", STRUCTURES)
def test_points_are_minima_of_the_dense_deviance(frame, term):
    fit = ranef.mmrm(FORMULA.format(term), frame, reml=False)
    profile = fit.profile()
    ends = profile.conf_int()
    points = profile.to_frame()
    names = points.columns[4:]
    by_arm = "arm /" in term
    oracle, arms = dense(frame, by_arm=by_arm, reml=False), 2 if by_arm else 1
    assert list(ends.index) == list(names) and ends.notna().all(axis=None)
    for name in names:
        own = points[points["parameter"] == name]
        for end in ends.loc[name]:
            row = own.iloc[(own["value"] - end).abs().argmin()]
            assert row["zeta"] ** 2 == pytest.approx(RISE, rel=0.05)
            assert row[name] == pytest.approx(row["value"])
            values = row[names].to_numpy(float)
            at = dense_deviance(oracle, fit.structure, arms, values)
            assert at == pytest.approx(row["deviance"], rel=1e-9)
            assert row["deviance"] - fit.objective == pytest.approx(row["zeta"] ** 2, abs=1e-6)
            for other in np.flatnonzero(names != name):  # moved, the deviance only rises
                step = np.zeros(len(names))
                step[other] = 1e-3 * max(abs(values[other]), 1e-2)
                moved = [dense_deviance(oracle, fit.structure, arms, values + k * step) for k in (-1, 1)]
                slope, bend = (moved[1] - moved[0]) / 2, moved[1] + moved[0] - 2 * at
                assert slope**2 / (2 * bend) < 1e-6  # what a step along it alone would gain


def test_a_fit_by_reml_is_profiled_by_maximum_likelihood_and_says_so(frame):
    fits = [ranef.mmrm(FORMULA.format("cs(visit | id)"), frame, reml=reml) for reml in (True, False)]
    tables = [fit.conf_int("profile", "visit") for fit in fits]
    np.testing.assert_allclose(tables[0], tables[1], rtol=1e-6)
    assert "refitted by maximum likelihood" in str(fits[0].profile("visit"))


GROWTH = ranef.datasets.load("Orthodont")
OTHERS = {
    "mmrm": lambda: ranef.mmrm(FORMULA.format("cs(visit | id)"), table(subjects=40)),
    "gls": lambda: ranef.gls("distance ~ age", GROWTH, dispersion="~ Sex"),
    "structured": lambda: ranef.lmer("distance ~ age + cs(age | Subject)", GROWTH),
}


@pytest.mark.parametrize("kind", OTHERS)
def test_a_profile_comes_back_from_another_process_and_goes_on(kind):
    profile = OTHERS[kind]().profile("random", level=0.8)
    back = pickle.loads(pickle.dumps(profile))
    np.testing.assert_allclose(back.conf_int(level=0.95), profile.conf_int(level=0.95), rtol=1e-6)
    assert back.to_frame().notna().all(axis=None)
