"""The bootstrap of fits whose covariance has a structure: beside simulate() and a new fit in a loop."""

import pickle
import warnings

import numpy as np
import pytest
import ranef
from ranef.bootstrap.by_refits.in_order import in_order
from ranef.bootstrap.replicates.acceleration import accelerations
from ranef.errors import ArgumentError, RowsNotKeptError

GROWTH = ranef.datasets.load("Orthodont")
MACHINES = ranef.datasets.load("Machines")
SLEEP = ranef.datasets.load("sleepstudy")
TRIAL = ranef.datasets.load("asthma")

# data, subject, response, how it is fitted
CASES = {
    "gls": (GROWTH, "Subject", "distance",
            lambda d: ranef.gls("distance ~ age + Sex", d, residual="ar1(age | Subject)")),
    "strata": (GROWTH, "Subject", "distance",
               lambda d: ranef.lmer("distance ~ age + (1 | Subject)", d, dispersion="~ Sex")),
    "time": (SLEEP, "Subject", "Reaction",
             lambda d: ranef.lmer("Reaction ~ Days + (1 | Subject)", d, residual="car1(Days | Subject)")),
    "cs": (MACHINES, "Worker", "score",
           lambda d: ranef.lmer("score ~ Machine + cs(0 + Machine | Worker, hom=True)", d)),
    "both": (MACHINES, "Worker", "score",
             lambda d: ranef.lmer("score ~ Machine + cs(0 + Machine | Worker, hom=True)", d,
                                  dispersion="~ Machine")),
    "visits": (TRIAL, "id", "fev1",
               lambda d: ranef.mmrm("fev1 ~ baseline + arm * visit + ar1h(visit | arm / id)", d)),
}  # fmt: skip


@pytest.fixture(scope="module")
def fits():
    return {name: fitted(data) for name, (data, _, _, fitted) in CASES.items()}


def estimates(fit):
    return np.concatenate([fit.params, fit.further_parameters()])


@pytest.mark.parametrize("case", CASES)
def test_a_refit_is_a_new_fit(fits, case):
    data, _, response, fitted = CASES[case]
    fit = fits[case]
    y = fit.simulate(1, seed=3)[0]
    whole = np.full(len(data), np.nan)
    whole[fit.model.design.rows] = y
    new, again = fitted(data.assign(**{response: whole})), fit.refit(y)
    assert again.converged and again.objective == pytest.approx(new.objective, abs=1e-6)
    np.testing.assert_allclose(estimates(again), estimates(new), rtol=1e-3, atol=1e-3)
    assert again.objective <= new.objective + 1e-6
    assert fit.refit(fit.model.design.response).objective == pytest.approx(fit.objective, abs=1e-7)


@pytest.mark.parametrize("case", ["gls", "strata", "cs", "visits"])
def test_same_seeds_same_replicates(fits, case):
    fit = fits[case]
    run = fit.bootstrap(6, seed=5, n_threads=1, progress=False)
    threads = fit.bootstrap(6, seed=5, n_threads=3, progress=False)
    assert run.to_frame().equals(threads.to_frame())
    later = fit.bootstrap(2, seed=5, first=4, progress=False)
    assert later.to_frame().equals(run.to_frame().iloc[4:])
    more = fit.bootstrap(4, seed=5, progress=False).append(2, progress=False)
    assert more.to_frame().equals(run.to_frame())
    table = run.to_frame()
    assert set(fit.params.index) | set(fit.further_parameters().index) <= set(table.columns)
    assert table.converged.all() and not table.failed.any()
    assert run.estimates.reindex(fit.params.index).equals(fit.params.rename(None))


def test_intervals_are_those_of_a_loop(fits, tmp_path):
    fit = fits["gls"]
    run = fit.bootstrap(19, seed=2, progress=False, statistic=lambda refit: refit.params["age"] / refit.sigma)
    table = run.to_frame()
    np.testing.assert_allclose(table.statistic, table.age / table.sigma)
    limits = run.conf_int(level=0.9)
    name = "ar1(age | Subject)"
    assert limits.loc[name].tolist() == [table[name].min(), table[name].max()]
    run.save(tmp_path / "run.npz")
    kept = ranef.bootstrap.load(tmp_path / "run.npz")
    assert kept.conf_int(level=0.9).equals(limits) and pickle.loads(pickle.dumps(run)).n_failed == 0
    for kind in ("basic", "normal", "shortest"):
        assert np.isfinite(run.conf_int(kind)).all(axis=None)
    studentised = run.conf_int("studentized")
    assert np.isfinite(studentised.loc["age"]).all() and np.isnan(studentised.loc[name]).all()
    assert "not converged 0, failed 0" in str(run)


@pytest.mark.parametrize("case", ["strata", "cs"])
def test_accelerations_leave_one_subject_out(fits, case):
    data, subject, _, fitted = CASES[case]
    run = fits[case].bootstrap(3, seed=1, progress=False)
    found = accelerations(run, list(run.estimates.index))
    without = np.array([estimates(fitted(data[data[subject] != one])) for one in data[subject].unique()])
    away = without.mean(axis=0) - without
    expected = (away**3).sum(axis=0) / (6 * (away**2).sum(axis=0) ** 1.5)
    names = [*fits[case].params.index, *fits[case].further_parameters().index]
    np.testing.assert_allclose(found[names], expected, atol=2e-3)
    assert np.isfinite(run.conf_int("bca").loc["sigma"]).all()


def test_line_searches_in_threads_do_not_warn():
    def as_scipy_does(number):
        with warnings.catch_warnings():  # which is not for threads: one that ends restores what it found
            warnings.simplefilter("ignore")
        warnings.warn("The line search algorithm did not converge", RuntimeWarning, stacklevel=2)
        return number

    before = list(warnings.filters)
    assert in_order(as_scipy_does, range(64), threads=4, progress=False) == list(range(64))
    assert list(warnings.filters) == before


def test_what_fails_is_counted(fits, monkeypatch):
    fit, whole = fits["gls"], type(fits["gls"]).refit

    def now_and_then(self, y):
        if y[0] > fit.fittedvalues.iloc[0]:
            raise np.linalg.LinAlgError("no")
        return whole(self, y)

    monkeypatch.setattr(type(fit), "refit", now_and_then)
    run = fit.bootstrap(8, seed=1, progress=False)
    assert 0 < run.n_failed < 8 and len(run.messages) == run.n_failed
    assert np.isnan(run.to_frame().age[run.failed]).all() and f"failed {run.n_failed}" in str(run)


def test_what_cannot_be(fits):
    with pytest.raises(ArgumentError, match="n is the number of replicates"):
        fits["gls"].bootstrap(0)
    with pytest.raises(ArgumentError, match="fails on the fit itself"):
        fits["gls"].bootstrap(2, statistic=lambda fit: fit.params["no"])
    data = TRIAL.sort_values("id")
    streamed = ranef.mmrm("fev1 ~ arm + ar1(visit | id)", ranef.batches(lambda: [data]))
    with pytest.raises(RowsNotKeptError):
        streamed.bootstrap(2, progress=False)


def test_likelihood_ratios_of_structures(fits):
    """Drawn from the small model and refitted by both, whichever of the two has the structure."""
    small = ranef.lmer("score ~ Machine + (1 | Worker)", MACHINES)
    large = fits["cs"]
    test = ranef.pbtest(small, large, 8, seed=1, progress=False)
    assert (test.df, test.fixed, len(test.reference)) == (1, False, 8) and test.p == 1 / 9
    again = ranef.pbtest(small, large, 8, seed=1, n_threads=3, progress=False)
    np.testing.assert_array_equal(test.reference, again.reference)
    us = ranef.lmer("score ~ Machine + (0 + Machine | Worker)", MACHINES)
    wider = ranef.pbtest(large, us, 4, seed=1, progress=False)
    assert wider.df == 4 and (wider.reference > 0.1).any()
    with pytest.raises(ArgumentError, match="with reml=False where their fixed effects differ"):
        ranef.pbtest(ranef.lmer("score ~ 1 + (1 | Worker)", MACHINES), large, 4)
    with pytest.raises(ArgumentError, match="not nested"):
        ranef.pbtest(us, large, 4)
    options = {"reml": False, "residual": "ar1(age | Subject)"}
    pair = [ranef.gls(f"distance ~ {one}", GROWTH, **options) for one in ("age", "age + Sex")]
    assert ranef.pbtest(*pair, 5, seed=1, progress=False).fixed


def test_replicates_do_not_depend_on_the_library_of_the_data(fits):
    polars = pytest.importorskip("polars")
    data, _, _, fitted = CASES["time"]
    own = fits["time"].bootstrap(3, seed=1, progress=False).to_frame()
    other = fitted(polars.from_pandas(data)).bootstrap(3, seed=1, progress=False).to_frame()
    assert isinstance(other, polars.DataFrame)
    for name in own.select_dtypes("number"):
        np.testing.assert_allclose(other[name].to_numpy(), own[name], rtol=1e-6)
