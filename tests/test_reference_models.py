"""The battery: every model of lme4's reference answers through the public face, at DESIGN's tolerances."""

import functools

import numpy as np
import oracle
import pytest
from conftest import fitted, unfitted
from reference_battery import all_models, canonical, load_model, load_refits

MODELS = all_models()
every_model = pytest.mark.parametrize("model", MODELS, ids=str)

# Values are never above lme4's best by more than this; lower is a win.
CRITERION = 1e-6
# (1 | Worker) + (0 + Machine | Worker), as lme4's || leaves it: only the sum of the two covariances counts.
OVERPARAMETERISED = {"mach_dbar"}
MOST_EVALUATIONS = 30
SMALL = [model for model in MODELS if model.raw["dims"]["n"] <= 10_000]


def identified(model):
    return model.theta_unique and model.model not in OVERPARAMETERISED


@every_model
def test_criterion_is_never_above_lme4(model):
    assert fitted(model.name).objective <= model.criterion + CRITERION


@every_model
def test_criterion_at_given_theta(model):
    unfit = unfitted(model.name)
    for theta, value in model.criterion_at:
        assert unfit.objective(theta) == pytest.approx(value, rel=1e-8)


@every_model
def test_fixed_effects(model):
    fit = fitted(model.name)
    beta, se = model.align(fit.params.index, model.beta), model.align(fit.params.index, model.se)
    assert np.array_equal(np.isnan(fit.params), np.isnan(beta))
    kept = ~np.isnan(beta)
    assert np.abs((fit.params - beta) / se)[kept].max() < 1e-5
    assert np.abs(fit.bse / se - 1)[kept].max() < 1e-5
    vcov = model.align(fit.params.index, model.vcov)[np.ix_(kept, kept)]
    correlation = (fit.cov_params().to_numpy()[np.ix_(kept, kept)] - vcov) / np.outer(se[kept], se[kept])
    assert np.abs(correlation).max() < 2e-5


@every_model
def test_sigma(model):
    assert fitted(model.name).sigma == pytest.approx(model.sigma, rel=1e-5)


@every_model
def test_theta_and_covariances(model):
    fit = fitted(model.name)
    if identified(model):
        assert np.abs(fit.theta - model.theta).max() < 1e-3 * max(1.0, np.abs(model.theta).max())
        for ours, theirs in zip(fit.varcorr, model.terms, strict=True):
            size = np.abs(np.diag(theirs["cov"])).max()
            order = [[canonical(c) for c in ours.columns].index(name) for name in theirs["columns"]]
            assert ours.group == theirs["group"]
            error = np.abs(ours.cov[np.ix_(order, order)] - theirs["cov"]).max()
            assert error <= 1e-3 * max(size, model.sigma**2)
    else:  # only the covariance a factor's terms add up to is identified
        for group in {term["group"] for term in model.terms}:
            assert total_covariance(model, fit, group) < 2e-3 * model.sigma**2


def total_covariance(model, fit, group):
    """Largest difference of Z_j D Z_j' over the levels' rows, between our fit and the reference."""
    design = fit.model.design
    worst = 0.0
    for level in range(min(5, next(f.n_levels for f in design.factors if f.name == group))):
        ours = theirs = 0.0
        for term, component, expected in zip(design.terms, fit.varcorr, model.terms, strict=True):
            if term.group != group:
                continue
            rows = term.basis[term.factor.codes == level]
            order = [expected["columns"].index(canonical(c)) for c in component.columns]
            ours = ours + rows @ component.cov @ rows.T
            theirs = theirs + rows @ expected["cov"][np.ix_(order, order)] @ rows.T
        worst = max(worst, np.abs(ours - theirs).max())
    return worst


@every_model
def test_conditional_modes(model):
    if not identified(model):
        pytest.skip("the split of the modes between the terms is not identified")
    fit = fitted(model.name)
    for number, expected in enumerate(model.modes):
        term = fit.model.design.terms[number]
        assert term.group == expected["group"]
        rows = level_positions(term.factor.levels, expected["levels"])
        order = [[canonical(c) for c in term.columns].index(name) for name in expected["columns"]]
        size = column_size(term)[order]
        modes = fit.term_modes[number][np.ix_(rows, order)]
        assert np.abs((modes - expected["modes"]) * size).max() < 1e-4 * model.sigma
        if expected["cond_var"] is not None:
            variances = conditional_variances(fit, number)[np.ix_(rows, order, order)]
            error = (variances - expected["cond_var"]) * size[:, None] * size
            assert np.abs(error).max() < 1e-4 * model.sigma**2


def column_size(term):
    return np.sqrt(np.mean(term.basis**2, axis=0))


def level_positions(levels, wanted):
    place = {str(label): position for position, label in enumerate(levels.tolist())}
    place |= {label.removesuffix(".0"): position for label, position in place.items()}
    return [place[label] for label in wanted]


def conditional_variances(fit, number):
    """The blocks of one term out of its factor's."""
    for factor in fit.model.cross.factors:
        if number in factor.terms:
            part = factor.slices[factor.terms.index(number)]
            return fit.ranef.cond_var[factor.group][:, part, part]
    raise AssertionError(number)


@every_model
def test_fitted_values_and_residuals(model):
    fit = fitted(model.name)
    for ours, key in ((fit.fittedvalues, "fitted"), (fit.resid, "resid")):
        expected = model.raw.get(key)
        if expected:
            assert np.abs(ours[: len(expected)] - expected).max() < 1e-4 * model.sigma


@every_model
def test_information(model):
    fit = fitted(model.name)
    raw = model.raw
    assert fit.df_model_total == raw["n_par"]
    assert fit.df_resid == raw["df_resid"]
    assert [fit.llf, fit.aic, fit.bic] == pytest.approx([raw["logLik"], raw["AIC"], raw["BIC"]], abs=2e-6)
    assert fit.nobs == raw["dims"]["n"]
    assert fit.ngroups == raw["dims"]["n_levels"]


@every_model
def test_certificate_holds(model):
    fit = fitted(model.name)
    assert fit.converged, fit.optimum.message
    assert fit.optimum.evaluations <= MOST_EVALUATIONS
    assert fit.optimum.gradient_norm < 1e-4
    assert fit.singular == model.singular
    assert fit.singular == bool(fit.optimum.multipliers)
    assert all(value > -1e-6 for value in fit.optimum.multipliers.values())


def test_median_of_the_evaluations():
    assert np.median([fitted(model.name).optimum.evaluations for model in MODELS]) <= 10


@pytest.mark.parametrize("model", SMALL, ids=str)
def test_differences_of_the_criterion_confirm_the_certificate(model):
    """The criterion rises along random directions of the covariance matrices, feasible ones only."""
    fit = fitted(model.name)
    rng = np.random.default_rng(1)
    factors = fit.model.covariance_factors(fit.theta)
    for _ in range(6):
        moved = []
        for factor, term in zip(factors, fit.model.design.terms, strict=True):
            size = column_size(term)
            step = rng.normal(size=factor.shape) * 10.0 ** rng.uniform(-4, -1)
            moved.append(lower_triangular(np.column_stack([factor, step / size[:, None]])))
        theta = np.concatenate([f[np.triu_indices(len(f))[::-1]] for f in moved])
        assert fit.model.objective(theta) >= fit.objective - 1e-9 * abs(fit.objective)


def lower_triangular(wide):
    """L with L L' = wide wide'."""
    return np.linalg.qr(wide.T, mode="r").T


@pytest.mark.parametrize("model", SMALL, ids=str)
def test_gradient_agrees_with_differences(model):
    unfit = unfitted(model.name)
    rng = np.random.default_rng(0)
    interior = model.theta + 0.1 * rng.normal(size=unfit.n_theta)
    for theta in (interior, np.where(rng.random(unfit.n_theta) < 0.5, 0.0, interior)):
        expected = oracle.difference_gradient(unfit.objective, theta)
        assert np.abs(unfit.gradient(theta) - expected).max() < 1e-6 * max(1.0, np.abs(expected).max())


def test_false_boundary_of_lme4_is_left():
    """chem_slope: default lmer stops with a zero variance of the lea intercepts, 7.88 above the optimum."""
    fit, model = fitted("chem_slope_reml"), load_model("chem_slope_reml")
    assert model.raw["default"]["criterion"] - fit.objective > 7.8
    assert fit.varcorr["lea"].sd[0] > 0.1


def test_no_column_is_dropped_but_those_lme4_drops():
    for model in MODELS:
        fit = fitted(model.name)
        dropped = {canonical(name) for name in fit.params.index[fit.params.isna()]}
        assert dropped == set(model.dropped_coefficients), model.name


# ---------------------------------------------------------------- refits
REFITS = ["dye", "gap_slope", "pen", "ss_slope", "ss_slope_ml"]


@functools.cache
def base_model(name):
    return unfitted(load_refits(name)[0].name)


@pytest.mark.parametrize("name", REFITS)
def test_refits(name):
    _, responses, expected = load_refits(name)
    model = base_model(name)
    for y, answer in zip(responses.T, expected, strict=True):
        fit = model.fit(y)
        assert fit.objective <= answer["criterion"] + CRITERION
        assert fit.sigma == pytest.approx(answer["sigma"], rel=1e-5)
        se = np.atleast_1d(answer["se"])
        assert np.abs((fit.params.to_numpy() - answer["beta"]) / se).max() < 1e-5
        assert np.abs(fit.bse.to_numpy() / se - 1).max() < 1e-5
        assert np.abs(fit.theta - answer["theta"]).max() < 1e-3
        assert fit.singular == answer["is_singular"]
        assert fit.converged
