"""Schemes that are made of the data's residuals and groups."""

import numpy as np
import pytest
import ranef
from bootstrap.standin import ratio
from ranef.bootstrap.draws.streams import stream_key
from ranef.bootstrap.schemes.cases import CaseDraw
from ranef.bootstrap.schemes.group_products import group_members
from ranef.bootstrap.schemes.independent import is_nested
from ranef.bootstrap.schemes.residuals import reflated, residual_rows, semiparametric_rows, wild_rows
from ranef.bootstrap.schemes.scheme import replicate_generator
from ranef.errors import ArgumentError
from reference_battery import load_model

ROWS = ("residual", "wild", "semiparametric")


def drawn(fit, rows, count=3000):
    one, key = rows(fit), stream_key(1)[0]
    return np.stack([one(replicate_generator(key, i)) for i in range(count)])


@pytest.mark.parametrize("name", ["ss_slope_reml", "ss_weights_reml", "ss_offset_reml"])
def test_moments_of_resampled_residuals(fit_of, name):
    fit = fit_of(name)
    weights = np.ones(fit.nobs) if fit.model.design.weights is None else fit.model.design.weights
    offset = 0.0 if fit.model.design.offset is None else fit.model.design.offset
    Y = drawn(fit, semiparametric_rows) + offset
    residuals = fit.resid * np.sqrt(weights)
    error = residuals.std() / np.sqrt(weights * 3000)
    centre = fit.fittedvalues + residuals.mean() / np.sqrt(weights)
    assert np.all(abs(Y.mean(axis=0) - centre) < 5 * error)
    assert np.allclose(Y.var(axis=0) * weights, residuals.var(), rtol=0.25)


def test_reflated_draws_have_the_estimated_covariance(fit_of):
    fit = fit_of("ss_slope_reml")
    Y = drawn(fit, residual_rows, 10_000)
    design = fit.model.design
    term = design.terms[0]
    D = fit.varcorr[0].cov
    rows = np.flatnonzero(term.factor.codes == 3)
    expected = term.basis[rows] @ D @ term.basis[rows].T + fit.sigma**2 * np.eye(len(rows))
    assert np.allclose(np.cov(Y[:, rows].T), expected, atol=0.06 * expected.max())
    assert np.allclose(Y.mean(axis=0), design.X @ fit.params, atol=5 * np.sqrt(expected.max() / 10_000))


def test_reflation():
    rng = np.random.default_rng(0)
    modes = rng.normal(size=(40, 3)) @ rng.normal(size=(3, 3)) + 2.0
    L = np.tril(rng.normal(size=(3, 3)))
    values = reflated(modes, L)
    assert np.allclose(values.mean(axis=0), 0, atol=1e-12)
    assert np.allclose(values.T @ values / 40, L @ L.T)
    L[2] = 0.0  # a singular fit
    modes[:, 2] = 0.0
    assert np.allclose(reflated(modes, L).T @ reflated(modes, L) / 40, L @ L.T)
    assert not reflated(np.zeros((5, 2)), np.zeros((2, 2))).any()


def test_wild_draws(fit_of):
    fit = fit_of("ss_slope_reml")
    Y = drawn(fit, wild_rows, 20_000)
    centre = fit.model.design.X @ fit.params
    basis = np.linalg.qr(fit.model.design.X)[0]
    residuals = (fit.y - centre) / np.sqrt(1 - np.sum(basis**2, axis=1))
    assert np.allclose(Y.mean(axis=0), centre, atol=5 * abs(residuals).max() / np.sqrt(20_000))
    assert np.allclose(Y.var(axis=0), residuals**2, rtol=0.05)
    scaled = (Y[0] - centre) / residuals  # one number a group, of two
    codes = fit.model.design.terms[0].factor.codes
    for group in range(18):
        assert np.ptp(scaled[codes == group]) < 1e-9
    assert np.allclose(np.unique(scaled.round(9)), [(1 - 5**0.5) / 2, (1 + 5**0.5) / 2])
    with pytest.raises(ArgumentError, match="'sample' is crossed with 'plate'"):
        fit_of("pen_reml").bootstrap(10, seed=1, scheme="wild", progress=False)


@pytest.mark.parametrize("scheme", ROWS)
def test_replicates_are_fits_to_the_drawn_rows(fit_of, scheme):
    fit = fit_of("ss_offset_reml")
    result = fit.bootstrap(4, seed=1, scheme=scheme, progress=False)
    rows = {"residual": residual_rows, "wild": wild_rows, "semiparametric": semiparametric_rows}[scheme]
    Y = drawn(fit, rows, 4) + fit.model.design.offset
    for replicate in range(4):
        refit = fit.refit(Y[replicate])
        assert result.part("objective")[replicate, 0] == pytest.approx(refit.objective, abs=1e-6)
    assert result.scheme == scheme and scheme.capitalize() in str(result)


def sampled(fit, model, by, key, replicate):
    """The data frame of a case replicate, made of rows: copies get levels of their own."""
    design = fit.model.design
    draw = CaseDraw(design, by)
    picks = draw.picks(replicate_generator(key, replicate))
    members = group_members(draw.factor)
    rows = np.concatenate([members[group] for group in picks])
    copies = np.repeat(np.arange(len(picks)), [len(members[group]) for group in picks])
    sample = model.frame().iloc[rows].copy()
    for factor in design.factors:
        if not is_nested(factor.codes, draw.factor.codes, factor.n_levels):
            continue
        own = [f"{copy}-{level}" for copy, level in zip(copies, factor.codes[rows], strict=True)]
        sample[factor.name] = own
    given = model.arguments.items()
    return sample, {name: value[rows] if isinstance(value, np.ndarray) else value for name, value in given}


@pytest.mark.parametrize(
    ("name", "by"),
    [
        ("ss_slope_reml", None),
        ("ss_slope_ml", "Subject"),
        ("ss_weights_reml", None),
        ("ss_offset_reml", None),
        ("pen_reml", None),
        ("pen_reml", "sample"),
        ("pastes_reml", "batch"),
        ("pastes_reml", "sample"),
    ],
)
def test_cases_are_fits_to_drawn_groups(fit_of, name, by):
    model = load_model(name)
    fit = fit_of(name)
    result = fit.bootstrap(3, seed=4, scheme="cases", group=by, progress=False)
    key = stream_key(4)[0]
    for replicate in range(3):
        sample, arguments = sampled(fit, model, by, key, replicate)
        refit = ranef.lmer(model.formula, sample, **arguments)
        assert result.part("objective")[replicate, 0] == pytest.approx(refit.objective, abs=1e-5)
        assert result.part("sigma")[replicate, 0] == pytest.approx(refit.sigma, rel=1e-4)
        assert np.allclose(result.part("coefficients")[replicate], refit.params, rtol=1e-5)
        assert np.allclose(result.part("se")[replicate], refit.bse, rtol=1e-4)


def test_cases_within_their_level(fit_of):
    fit = fit_of("pastes_reml")
    draw = CaseDraw(fit.model.design, "sample")
    batch = next(f for f in fit.model.design.factors if f.name == "batch")
    of = np.zeros(draw.factor.n_levels, int)
    of[draw.factor.codes] = batch.codes
    picks = np.stack([draw.picks(replicate_generator(stream_key(1)[0], i)) for i in range(2000)])
    assert np.array_equal(np.bincount(of[picks[0]]), np.bincount(of))
    shares = np.bincount(picks.ravel(), minlength=len(of)) / picks.size
    assert np.allclose(shares, 1 / len(of), rtol=0.1)
    assert "within the levels they are nested in" in draw.reason


def test_cases_cost_nothing_that_grows_with_the_rows():
    # The groups' products are as large for a hundred times the rows.
    import pickle

    rng = np.random.default_rng(0)
    sizes = []
    for per in (20, 2000):
        n = 30 * per
        data = {"y": rng.normal(size=n), "x": rng.normal(size=n), "g": np.repeat(np.arange(30), per)}
        fit = ranef.lmer("y ~ x + (x | g)", data)
        from ranef.bootstrap.schemes.group_products import all_groups

        design, _, full_rank = all_groups(fit).products.sum(np.zeros(30, int))
        assert full_rank
        sizes.append(len(pickle.dumps(design)))
    assert sizes[0] == sizes[1]


def test_resumed_cases(fit_of, tmp_path):
    fit = fit_of("pastes_reml")
    whole = fit.bootstrap(20, seed=2, scheme="cases", group="sample", progress=False)
    part = fit.bootstrap(8, seed=2, scheme="cases", group="sample", progress=False)
    assert np.array_equal(part.append(12, progress=False).records, whole.records)
    part.save(tmp_path / "cases.parquet")
    options = {"scheme": "cases", "progress": False, "resume": tmp_path / "cases.parquet"}
    with pytest.raises(ArgumentError, match=r"by is 'sample' there and 'batch' here"):
        fit.bootstrap(20, seed=2, group="batch", **options)
    again = fit.bootstrap(20, seed=2, group="sample", **options)
    assert np.array_equal(again.records, whole.records)


@pytest.mark.parametrize("scheme", [*ROWS, "cases"])
def test_same_for_any_threads_and_chunks(fit_of, scheme):
    fit = fit_of("ss_slope_reml")
    whole = fit.bootstrap(40, seed=2, scheme=scheme, n_threads=1, progress=False)
    again = fit.bootstrap(15, seed=2, scheme=scheme, n_threads=3, progress=False).append(25, progress=False)
    assert np.array_equal(again.records, whole.records)
    assert whole.n_failed == 0
    assert whole.conf_int(method="basic").notna().all(axis=None)


@pytest.mark.parametrize("scheme", [*ROWS, "cases"])
def test_statistic(fit_of, scheme):
    fit = fit_of("ss_slope_reml")
    frame = fit.bootstrap(10, seed=2, scheme=scheme, statistic=ratio, progress=False).to_frame()
    assert np.array_equal(frame["ratio"], frame["Days"] / frame["sigma"])
    if scheme != "cases":
        plain = fit.bootstrap(10, seed=2, scheme=scheme, statistic=lambda refit: refit.sigma, progress=False)
        assert np.allclose(plain.to_frame()["statistic"], frame["sigma"], rtol=1e-9)


def test_bad_schemes(fit_of):
    fit = fit_of("ss_slope_reml")
    with pytest.raises(ArgumentError, match=r"scheme= must be one of 'parametric', .*'jackknife'"):
        fit.bootstrap(10, scheme="jackknife")
    with pytest.raises(ArgumentError, match=r"are for scheme='parametric'"):
        fit.bootstrap(10, scheme="wild", sigma=2.0)
    with pytest.raises(ArgumentError, match=r"group= is the factor whose groups scheme='cases' draws"):
        fit.bootstrap(10, group="Subject")
    with pytest.raises(ArgumentError, match=r"group= must be a grouping factor, of 'Subject'; got 'Days'"):
        fit.bootstrap(10, scheme="cases", group="Days")
    with pytest.raises(ArgumentError, match=r"scheme='cases'.*compiled"):
        fit.bootstrap(10, scheme="cases", statistic=lambda refit: refit.sigma)
    with pytest.raises(ArgumentError, match=r"scheme='cases'.*modes"):
        fit.bootstrap(10, scheme="cases", columns="modes")
