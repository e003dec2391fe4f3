"""The parametric bootstrap end to end: against plain refits one by one, against bootMer in distribution."""

import subprocess
import sys

import numpy as np
import pytest
import ranef
from bootstrap.standin import filled
from ranef.bootstrap import bootstrap
from ranef.bootstrap.draws.streams import stream_key
from ranef.errors import ArgumentError
from reference_battery import load_bootstrap
from scipy import stats

LEAST_P = 1e-4
# One of each structure: vector-valued, crossed, nested, weights, offset, dropped column, uncorrelated,
# crossed with slopes.
MODELS = [
    "ss_slope_reml",
    "ss_slope_ml",
    "pen_reml",
    "pastes_reml",
    "ss_weights_reml",
    "ss_offset_reml",
    "ss_rankdef_reml",
    "ss_uncorr_reml",
    "ss_crossed_reml",
    "mach_0_reml",
    "gap_slope_reml",
]


def drawn_rows(fit, seed, replicate):
    """The response that the rows route draws, from its normals, spelled out; offset included."""
    design, state = fit.model.design, fit
    sizes = [term.factor.n_levels * len(term.columns) for term in design.terms]
    u, e = filled(stream_key(seed)[0], replicate, sum(sizes), design.nobs)
    y = design.X[:, fit.model.cross.columns] @ state.solution["beta"]
    first = 0
    for term, factor, size in zip(design.terms, fit.model.covariance_factors(fit.theta), sizes, strict=True):
        # Lambda up to the signs of its columns, as the engine's QR leaves it
        factor = factor * np.where(np.diag(factor) < 0, -1, 1)
        b = fit.sigma * u[first : first + size].reshape(-1, len(term.columns)) @ factor.T
        y = y + np.sum(term.basis * b[term.factor.codes], axis=1)
        first += size
    weights = 1.0 if design.weights is None else design.weights
    y = y + fit.sigma * e / np.sqrt(weights)
    return y if design.offset is None else y + design.offset


def components(row, kind):
    return row[[name for name in row.index if name.startswith(f"{kind}[")]].astype(float).to_numpy()


def refit_components(fit):
    """Standard deviations and correlations as `fit.varcorr` has them, in the order of theta."""
    corr = [c.corr[np.triu_indices(len(c.columns), 1)] for c in fit.varcorr]
    return np.concatenate([c.sd for c in fit.varcorr]), np.concatenate(corr)


@pytest.mark.parametrize("name", MODELS)
def test_replicates_are_refits_of_drawn_rows(fit_of, name):
    fit = fit_of(name)
    result = bootstrap(fit, 8, seed=5, progress=False, route="rows")
    frame = result.to_frame()
    for replicate in range(8):
        refit = fit.refit(drawn_rows(fit, 5, replicate))
        row = frame.loc[replicate]
        assert row["objective"] == pytest.approx(refit.objective, abs=1e-6)
        assert row["sigma"] == pytest.approx(refit.sigma, rel=1e-5)
        assert bool(row["singular"]) == refit.singular
        assert row["converged"]
        coefficients = row[list(fit.params.index)].astype(float).to_numpy()
        assert np.array_equal(np.isnan(coefficients), np.isnan(fit.params))
        kept = ~np.isnan(coefficients)
        errors = row[[f"se[{column}]" for column in fit.params.index]].astype(float).to_numpy()
        assert np.allclose(errors, refit.bse, rtol=1e-4, equal_nan=True)
        assert np.allclose(components(row, "sd"), refit_components(refit)[0], atol=1e-4 * refit.sigma)
        assert np.all(abs(coefficients - refit.params)[kept] < 1e-4 * refit.bse[kept])


@pytest.mark.parametrize("name", MODELS)
def test_routes_agree_in_distribution(fit_of, name):
    fit = fit_of(name)
    gram = bootstrap(fit, 4000, seed=1, progress=False, route="gram")
    rows = bootstrap(fit, 4000, seed=2, progress=False, route="rows")
    assert bootstrap(fit, 1, seed=1, progress=False).route == "gram"
    for result in (gram, rows):
        assert result.n_failed == 0
        assert result.n_unconverged <= 4
    a, b = gram.to_frame(), rows.to_frame()
    for column in a.columns.drop(["objective", "evaluations", "singular", "converged", "failed"]):
        if not a[column].isna().all():
            assert stats.ks_2samp(a[column], b[column]).pvalue > LEAST_P, column
    shares = [[r.n_singular, 4000 - r.n_singular] for r in (gram, rows)]
    if np.min(np.sum(shares, axis=0)) > 0:
        assert stats.chi2_contingency(shares).pvalue > LEAST_P


@pytest.mark.parametrize("name", ["dye", "gap_slope", "pen", "ss_slope"])
def test_distributions_are_those_of_boot_mer(fit_of, name):
    about, theirs = load_bootstrap(name)
    fit = fit_of(f"{name}_reml")
    ours = bootstrap(fit, 10_000, seed=20, progress=False).to_frame()
    # The statistics are the fixed effects, theta, sigma, in the order of our columns but for sigma.
    ours = ours[[*fit.params.index, *(f"theta{i + 1}" for i in range(len(fit.theta))), "sigma"]]
    for statistic, column in zip(about["statistics"], ours.columns, strict=True):
        expected = theirs[statistic]
        assert stats.ks_2samp(ours[column], expected).pvalue > LEAST_P, statistic
        error = np.hypot(expected.std() / np.sqrt(len(expected)), ours[column].std() / 100)
        assert abs(ours[column].mean() - expected.mean()) < 4 * error, statistic


def test_percentile_interval_of_the_lecture(fit_of):
    # 6.45 to 14.26 from 100 replicates: each limit within 4 Monte Carlo errors, sqrt(a (1 - a) / 100) /
    # density.
    interval = fit_of("gap_slope_reml").bootstrap(20_000, seed=3, progress=False).conf_int().iloc[1]
    sd = (interval["upper"] - interval["lower"]) / (2 * 1.96)
    error = sd * np.sqrt(0.025 * 0.975 / 100) / stats.norm.pdf(1.96)
    assert abs(interval["lower"] - 6.45) < 4 * error
    assert abs(interval["upper"] - 14.26) < 4 * error


def test_same_replicates_for_any_threads_and_number(fit_of):
    fit = fit_of("pen_reml")
    whole = bootstrap(fit, 300, seed=9, n_threads=1, progress=False)
    for threads in (2, 4):
        again = bootstrap(fit, 300, seed=9, n_threads=threads, progress=False)
        assert np.array_equal(again.records, whole.records)
    assert np.array_equal(bootstrap(fit, 50, seed=9, progress=False).records, whole.records[:50])
    assert not np.array_equal(bootstrap(fit, 50, seed=10, progress=False).records, whole.records[:50])


def test_no_seed_is_reported_and_can_be_used_again(fit_of):
    fit = fit_of("dye_reml")
    first, second = (fit.bootstrap(20, progress=False) for _ in range(2))
    assert not np.array_equal(first.records, second.records)
    assert np.array_equal(fit.bootstrap(20, seed=first.seed, progress=False).records, first.records)


def test_seed_sequence(fit_of):
    fit = fit_of("dye_reml")
    children = np.random.SeedSequence(4).spawn(2)
    a, b = (fit.bootstrap(20, seed=child, progress=False) for child in children)
    assert not np.array_equal(a.records, b.records)
    assert np.array_equal(fit.bootstrap(20, seed=a.seed, progress=False).records, a.records)


def test_dropped_coefficient_is_not_a_number(fit_of):
    fit = fit_of("ss_rankdef_reml")
    dropped = fit.params.index[fit.params.isna()]
    result = fit.bootstrap(20, seed=1, progress=False)
    assert len(dropped) == 1
    assert result.to_frame()[dropped].isna().all(axis=None)
    assert result.conf_int().loc[dropped].isna().all(axis=None)
    assert result.conf_int().drop(dropped).notna().all(axis=None)


def test_ill_conditioned_design_draws_rows():
    # Pairs of measurements so close in x that squares cannot tell the slope's column from the constant's.
    rng = np.random.default_rng(0)
    g = np.repeat(np.arange(20), 4)
    x = rng.normal(size=20)[g] + 3e-7 * rng.normal(size=80)
    data = {"y": rng.normal(size=80) + x, "x": x, "g": g}
    result = ranef.lmer("y ~ x + (x | g)", data).bootstrap(20, seed=1, progress=False)
    assert result.route == "rows" and "collinear" in result.route_reason
    assert result.n_failed == 0


@pytest.mark.parametrize("n", [0, -1, 2.5, "10", None, True, [10]])
def test_bad_n(fit_of, n):
    with pytest.raises(ArgumentError, match=r"n is the number of replicates"):
        fit_of("dye_reml").bootstrap(n)


@pytest.mark.parametrize("seed", [-1, 1.5, "1", False, [1, 2]])
def test_bad_seed(fit_of, seed):
    with pytest.raises(ArgumentError, match=r"seed must be a whole number"):
        fit_of("dye_reml").bootstrap(10, seed=seed)


@pytest.mark.parametrize("n_threads", [0, -2, 1.0, "all", True])
def test_bad_n_threads(fit_of, n_threads):
    with pytest.raises(ArgumentError, match=r"n_threads is the number of threads"):
        fit_of("dye_reml").bootstrap(10, seed=1, n_threads=n_threads)


def test_bad_route(fit_of):
    with pytest.raises(ArgumentError, match="route"):
        fit_of("dye_reml").bootstrap(10, seed=1, route="columns")


def test_numpy_integers_are_integers(fit_of):
    result = fit_of("dye_reml").bootstrap(np.int32(5), seed=np.int64(3), n_threads=np.int8(2), progress=False)
    assert len(result) == 5 and result.seed == 3


def test_works_in_a_forked_process(tmp_path):
    script = tmp_path / "fork.py"
    script.write_text(
        "import multiprocessing, sys, warnings\n"
        f"sys.path[:0] = {[p for p in sys.path if p]!r}\n"
        "warnings.simplefilter('ignore')\n"
        "import ranef\n"
        "data = {'y': [1.0, 2.0, 4.0, 3.0, 5.0, 9.0, 2.5, 3.5], 'g': list('aabbccdd')}\n"
        "fit = ranef.lmer('y ~ 1 + (1 | g)', data)\n"
        "def records(seed):\n"
        "    return fit.bootstrap(200, seed=seed, n_threads=2, progress=False).records.tobytes()\n"
        "here = records(1)\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "    there = pool.map_async(records, [1, 1]).get(60)\n"
        "assert there == [here, here]\n"
    )
    subprocess.run([sys.executable, script], check=True, timeout=120)
