"""The core's sums against dense matrices of n rows."""

import numpy as np
import pytest
import ranef
from inference.kenward_roger_oracle import derivatives
from inference.made_up import FORMULAS, dense_crossing, made_up_data
from oracle import one_blas_thread, relative_covariance
from oracle_design import oracle_design
from ranef import _core
from ranef.inference.differences import difference_derivatives
from ranef.inference.satterthwaite import exact_derivatives
from ranef.theta import covariance_curvature, covariance_jacobian


@one_blas_thread
def dense_information(design, theta):
    inverse = np.linalg.inv(relative_covariance(design, theta))
    X, y = design.X, design.y
    C = np.linalg.inv(X.T @ inverse @ X)
    P = inverse - inverse @ X @ C @ X.T @ inverse
    G = derivatives(design)
    whole, projected = [inverse @ g for g in G], [P @ g for g in G]
    to_beta = C @ X.T @ inverse
    return {
        "trace": [np.trace(a) for a in whole],
        "trace_projected": [np.trace(a) for a in projected],
        "product": [[np.sum(a * b.T) for b in whole] for a in whole],
        "product_projected": [[np.sum(a * b.T) for b in projected] for a in projected],
        "slope": [to_beta @ g @ to_beta.T for g in G],
        "bend": [[to_beta @ g @ P @ h @ to_beta.T for h in G] for g in G],
        "rss_slope": [y @ P @ g @ P @ y for g in G],
        "rss_bend": [[y @ P @ g @ P @ h @ P @ y for h in G] for g in G],
    }


SECOND_ORDER = ("product", "product_projected", "bend", "rss_bend")


def in_user_coordinates(model, found):
    """The core's parameters are a linear map of the user's; the sums transform as derivatives do."""
    to = found["to_internal"]
    found |= {name: model.coordinates.covariance(found[name]) for name in ("slope", "bend")}
    out = {name: np.tensordot(to, value, axes=(0, 0)) for name, value in found.items()}
    for name in SECOND_ORDER:
        out[name] = np.moveaxis(np.tensordot(to, out[name], axes=(0, 1)), 0, 1)
    return out


def agree(model, design, theta):
    found = in_user_coordinates(model, _core.information(model.problem, model.response, theta))
    for name, wanted in dense_information(design, theta).items():
        # small elements are what large ones leave of each other, here and there
        smallest = 1e-8 * np.abs(wanted).max()
        np.testing.assert_allclose(found[name], wanted, rtol=1e-7, atol=smallest, err_msg=name)


@pytest.mark.parametrize("singular", [False, True])
@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("formula", FORMULAS)
def test_sums_are_those_of_dense_matrices(formula, weights, singular):
    frame = made_up_data()
    model = ranef.Model(formula, frame, weights=weights, allow_saturated=True)
    theta = np.random.default_rng(len(formula)).normal(0, 0.7, model.n_theta)
    if singular:
        theta[-1] = 0.0
    agree(model, oracle_design(formula, frame, weights=weights), theta)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("formula", ["y ~ x + (1 | a) + (1 | b)", "y ~ x + (x | a) + (x | b)"])
def test_levels_that_meet_most_of_the_rest(formula, weights):
    frame = dense_crossing()
    model = ranef.Model(formula, frame, weights=weights)
    theta = np.random.default_rng(1).normal(0, 0.7, model.n_theta)
    agree(model, oracle_design(formula, frame, weights=weights), theta)


@pytest.mark.parametrize("schur", ["dense", "sparse"])
def test_the_kind_of_schur_complement_does_not_matter(schur):
    frame = made_up_data(200)
    formula = "y ~ x + (1 | many) + (1 | big)"
    model = ranef.Model(formula, frame, leading="groups", schur=schur)
    agree(model, oracle_design(formula, frame), np.array([0.6, 1.2]))


def test_nested_factors_fall_apart():
    """No dense matrix is larger than what one level of the outermost factor connects."""
    frame = made_up_data()
    assert _core.information_cost(ranef.Model("y ~ x + (1 | part / a)", frame).problem)[0] == 1
    assert _core.information_cost(ranef.Model("y ~ x + (1 | a)", frame).problem)[0] == 0
    assert _core.information_cost(ranef.Model("y ~ x + (1 | a) + (1 | b)", frame).problem)[0] == 6


@pytest.mark.parametrize("formula", FORMULAS)
def test_chain_rule_to_theta(formula):
    """Against differences of D = Lambda Lambda', which is quadratic in theta: central ones are exact."""
    model = ranef.Model(formula, made_up_data(), allow_saturated=True)
    random = np.random.default_rng(2)
    theta, weights = random.normal(size=(2, model.n_theta))

    def elements(at):
        factors = model.covariance_factors(at)
        return np.concatenate([(f @ f.T)[np.triu_indices(len(f))] for f in factors])

    eye = np.eye(model.n_theta)
    jacobian = np.column_stack([(elements(theta + u) - elements(theta - u)) / 2 for u in eye])
    np.testing.assert_allclose(covariance_jacobian(model.term_widths, theta), jacobian, atol=1e-12)
    curvature = [
        [weights @ (elements(u + v) - elements(u - v) - elements(v - u) + elements(-u - v)) / 4 for u in eye]
        for v in eye
    ]
    np.testing.assert_allclose(covariance_curvature(model.term_widths, weights), curvature, atol=1e-12)


def test_root_of_the_gram_matrix_of_x():
    frame = made_up_data().assign(far=lambda f: f["x"] + 1e6)
    for formula in ("y ~ far + c + (1 | a)", "y ~ 0 + c + x + (1 | a)", "y ~ 0 + x + (1 | a)"):
        model = ranef.Model(formula, frame)
        root = _core.fixed_factor(model.cross.design)
        np.testing.assert_allclose(root.T @ root, model.design.X.T @ model.design.X, rtol=1e-12, atol=1e-7)


@pytest.mark.parametrize("formula", ["y ~ x + (1 | a) + (1 | b)", "y ~ x + (1 | a) + (x | b)"])
def test_many_light_levels_are_summed_pair_by_pair(formula):
    """Exact second derivatives against differences of exact first ones, where levels meet few others."""
    random = np.random.default_rng(3)
    n, a, b = 900, random.integers(0, 300, 900), random.integers(0, 120, 900)
    x = random.normal(size=n)
    y = x + random.normal(size=300)[a] + random.normal(size=120)[b] * (1 + x) + random.normal(size=n)
    data = {"y": y, "x": x, "a": a.astype(str), "b": b.astype(str)}
    fit = ranef.lmer(formula, data, schur="dense")
    for found, wanted in zip(exact_derivatives(fit, True), difference_derivatives(fit, True), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9 * np.abs(wanted).max())
