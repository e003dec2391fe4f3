"""Value, gradient, Hessian and Kenward-Roger of every structure against the dense oracle."""

import numpy as np
import pytest
import ranef
from ranef.repeated.methods import METHODS
from repeated.trial_rows import WEEKS, dense, table
from repeated.visits_oracle import map_derivatives, sigma_of, unstructured

ORDER = 4
STRUCTURES = ["us", "toep", "toeph", "cs", "csh", "ar1", "ar1h", "ad", "adh", "diag", "diagh"]
STRUCTURES += ["sp_exp", "sp_gau"]
SAS_LINEAR = ("us", "cs", "toep", "diag", "diagh")


def fitted(structure, by_arm=False, weights=False, reml=True, **options):
    visit = "week" if structure.startswith("sp_") else "visit"
    group = "arm / id" if by_arm else "id"
    frame = table()
    fit = ranef.mmrm(
        f"y ~ arm + visit + base + {structure}({visit} | {group})",
        frame,
        reml=reml,
        weights="w" if weights else None,
        **options,
    )
    return fit, dense(frame, by_arm, weights, reml)


def us_map(theta):
    """Sigma = D C C' D, log scales and a unit lower triangle by columns."""
    C = np.eye(ORDER, dtype=complex)
    columns, rows = np.triu_indices(ORDER, 1)
    C[rows, columns] = theta[ORDER:]
    L = np.exp(theta[:ORDER])[:, None] * C
    return L @ L.T


def natural_map(structure):
    return lambda values: sigma_of(structure, ORDER, values, WEEKS)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize(
    "by_arm, weights, reml", [(False, False, True), (True, True, True), (False, True, False)]
)
def test_value_and_derivatives(structure, by_arm, weights, reml):
    """Away from the optimum, on the core's own scales."""
    fit, oracle = fitted(structure, by_arm, weights, reml)
    random = np.random.default_rng(1)
    theta = fit.theta + 0.1 * random.normal(size=fit.theta.size)
    problem = fit.model.measures(structure)
    point = problem.at(theta)
    own = fit.theta.size // (2 if by_arm else 1)
    arms = [slice(g * own, (g + 1) * own) for g in range(2 if by_arm else 1)]

    sigmas, first, second = [], [], [[None] * fit.theta.size for _ in fit.theta]
    natural = point.natural
    for g, part in enumerate(arms):
        if structure == "us":
            sigma, d1, d2 = us_map(theta[part]).real, *map_derivatives(us_map, theta[part])
        else:
            f = natural_map(structure)
            sigma = f(natural[part, 0])
            d1, d2 = map_derivatives(f, natural[part, 0])
        sigmas.append(sigma)
        zero = np.zeros_like(sigma)
        first += [[one if h == g else zero for h in range(len(arms))] for one in d1]
        for k in range(own):
            for j in range(own):
                second[part.start + k][part.start + j] = [
                    d2[k][j] if h == g else zero for h in range(len(arms))
                ]
    for k in range(fit.theta.size):
        for j in range(fit.theta.size):
            if second[k][j] is None:
                second[k][j] = [np.zeros((ORDER, ORDER))] * len(arms)
    np.testing.assert_allclose(point.sigma, sigmas, rtol=1e-10)
    value, beta, phi, _ = oracle.solve(sigmas)
    assert point.value == pytest.approx(value, abs=1e-8)
    np.testing.assert_allclose(point.beta, beta, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(point.covariance, phi, rtol=1e-7, atol=1e-10)

    gradient, hessian = oracle.derivatives(sigmas, first, second)
    if structure != "us":  # from natural parameters to theta
        slope = natural[:, 1]
        step = 1e-4
        bent = np.array(
            [
                (problem.at(theta + step * e).natural[k, 1] - problem.at(theta - step * e).natural[k, 1])
                / (2 * step)
                for k, e in enumerate(np.eye(theta.size))
            ]
        )
        hessian = hessian * np.outer(slope, slope) + np.diag(gradient * bent)
        gradient = gradient * slope
    np.testing.assert_allclose(point.gradient, gradient, rtol=1e-7, atol=1e-6 * np.abs(gradient).max())
    np.testing.assert_allclose(point.hessian, hessian, rtol=1e-6, atol=1e-6 * np.abs(hessian).max())


def sas_map(structure):
    """PROC MIXED's parameters: elements, or variances, then covariances, correlations or the range."""
    if structure == "us":
        return lambda eta: unstructured_of(eta)
    heterogeneous = structure.endswith("h")
    own = ORDER if heterogeneous else 1

    def f(eta):
        sd = np.sqrt(eta[:own])
        rest = eta[own:]
        if structure in ("cs", "toep"):
            rest = rest / eta[0]
        return sigma_of(structure, ORDER, np.concatenate([sd, rest]), WEEKS)

    return f


def unstructured_of(eta):
    columns, rows = np.triu_indices(ORDER)
    out = np.zeros((ORDER, ORDER), dtype=eta.dtype)
    out[rows, columns] = out[columns, rows] = eta
    return out


def sas_parameters(structure, fit):
    sigma = fit.point.sigma[0]
    columns, rows = np.triu_indices(ORDER)
    if structure == "us":
        return sigma[rows, columns]
    natural = fit.point.natural[:, 0]
    own = ORDER if structure.endswith("h") else 1
    eta = np.r_[natural[:own] ** 2, natural[own:]]
    if structure in ("cs", "toep"):
        eta[1:] *= eta[0]
    return eta


@pytest.mark.parametrize("structure", STRUCTURES)
def test_kenward_roger(structure):
    """As PROC MIXED, whose parameters the second derivatives depend on; W from the observed information."""
    fit, oracle = fitted(structure, weights=True)
    eta = sas_parameters(structure, fit)
    f = sas_map(structure)
    first, second = map_derivatives(f, eta)
    first, second = [[one] for one in first], [[[one] for one in row] for row in second]
    sigma = [f(eta)]
    gradient, hessian = oracle.derivatives(sigma, first, second)
    assert np.abs(gradient * np.abs(eta)).max() < 1e-4  # at the optimum
    W = 2 * np.linalg.inv(hessian)
    full = oracle.kenward_roger(sigma, first, second, W)
    linear = oracle.kenward_roger(sigma, first, None, W)
    np.testing.assert_allclose(METHODS["kenward-roger"](fit).covariance, full, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(METHODS["kenward-roger-linear"](fit).covariance, linear, rtol=1e-6, atol=1e-7)
    curved = np.abs(np.diag(full) / np.diag(linear) - 1).max()
    assert (curved < 1e-9) == (structure in SAS_LINEAR)


def test_unstructured_helper_agrees():
    elements = np.arange(1.0, 11.0)
    np.testing.assert_array_equal(unstructured(ORDER, elements), unstructured_of(elements))
