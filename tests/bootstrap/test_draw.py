"""Draws of cross-products against explicit rows: mean and covariance exactly, the rest in distribution."""

from functools import cache

import numpy as np
import pytest
from bootstrap.standin import KINDS, Workspaces, gram_multiply, make_design, response_from_rows
from ranef._core import RandomStream
from ranef.bootstrap.draws.gram import gram_draw
from ranef.bootstrap.draws.level_factors import triangular_factor
from ranef.bootstrap.draws.rows import row_draw
from ranef.bootstrap.draws.streams import stream_key
from ranef.bootstrap.loop.engine import run
from ranef.bootstrap.loop.work import Task
from scipy import stats

LEAST_P = 1e-4


def prepared(design):
    return gram_draw(design.gram_factor(), design.levels, design.lambdas, design.sigma, design.mean, design.n)


def task_for(design, route):
    columns = design.C.shape[1] + 2
    core = design.core(Workspaces())
    if route == "gram":
        arguments = prepared(design).arguments()
        return Task(core, "refit_gram_draws", gram_multiply.address, arguments, np.zeros(1), columns)
    draw = row_draw(
        design.factors,
        design.lambdas,
        design.sigma,
        design.X @ design.beta,
        design.C.shape[1] + 1,
        design.weights,
    )
    arguments = draw.arguments()
    return Task(core, "refit_row_draws", response_from_rows.address, arguments, np.zeros(1), columns)


def draws(design, route, count, seed=1):
    """Responses, one a row: C'y and y'y."""
    outcome = run(task_for(design, route), stream_key(seed)[0], count, threads=2, progress=False)
    return outcome.table[:, :-1]


def coefficient_factor(draw):
    """The linear map from standard normals to [d; b_2], read off the arrays the core gets."""
    effects = draw.effects
    factor = np.zeros((effects.starts[-1],) * 2)
    offset = 0
    for t, width in enumerate(effects.widths):
        for first in range(effects.starts[t], effects.starts[t + 1], width):
            block = effects.values[offset : offset + width * width].reshape(width, width)
            factor[first : first + width, first : first + width] = block
            offset += effects.steps[t]
        offset += width * width if effects.steps[t] == 0 else 0
    return factor


@pytest.mark.parametrize("kind", KINDS)
def test_mean_and_covariance_are_those_of_the_rows(kind):
    design = make_design(kind)
    draw, C, n = prepared(design), design.C, design.n
    # weighted rows sqrt(w) y have covariance sigma^2 (W^(1/2) Z D Z' W^(1/2) + I)
    ZL = C[:, : -len(design.beta)] @ design.effects_factor
    V = design.sigma**2 * (ZL @ ZL.T + np.eye(n))
    gram = C.T @ C
    L = coefficient_factor(draw)
    R = np.zeros_like(draw.lower)
    R[draw.order] = draw.lower
    spread = gram[:, : len(L)] @ L
    covariance = spread @ spread.T
    first = draw.effects.starts[1]
    covariance[first:, first:] += R @ R.T
    expected = C.T @ V @ C
    assert np.allclose(covariance, expected, atol=1e-9 * abs(expected).max())
    # E y'y = mean'C'C mean + tr(C'C Cov[d; b_2]) + 2 E c'Rxi (= 0) + sigma^2 (rank S_2 + n - rank C)
    squares = draw.mean @ gram @ draw.mean + np.trace(L.T @ gram[: len(L), : len(L)] @ L)
    squares += design.sigma**2 * (draw.lower.shape[1] + draw.df)
    fixed = C @ design.mean
    assert squares == pytest.approx(fixed @ fixed + np.trace(V), rel=1e-10)


def stream_of_gram_draw(key, replicate, effects, rest, df):
    stream = RandomStream(key, replicate)
    u, xi = np.empty(effects), np.empty(rest)
    stream.fill_normal(u)
    stream.fill_normal(xi)
    return u, xi, stream.chi_squares(1, df)[0]


@pytest.mark.parametrize("kind", KINDS)
def test_loop_computes_the_formula(kind):
    design = make_design(kind)
    draw, gram, key = prepared(design), design.C.T @ design.C, stream_key(1)[0]
    for replicate, response in enumerate(draws(design, "gram", 3)):
        u, xi, chi2 = stream_of_gram_draw(
            key, replicate, draw.effects.starts[-1], draw.lower.shape[1], draw.df
        )
        coef = draw.mean.copy()
        coef[: len(u)] += coefficient_factor(draw) @ u
        noise = np.zeros(len(coef))
        noise[draw.effects.starts[1] + draw.order] = draw.lower @ xi
        squares = coef @ gram @ coef + 2 * coef @ noise + design.sigma**2 * (xi @ xi + chi2)
        assert np.allclose(
            response[:-1], gram @ coef + noise, rtol=1e-11, atol=1e-11 * abs(response[:-1]).max()
        )
        assert response[-1] == pytest.approx(squares, rel=1e-11)


@cache
def many_draws(kind, route):
    """For the moments and for the residual sum of squares; do not change them."""
    return draws(make_design(kind), route, 20_000, seed=3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("route", ["gram", "rows"])
def test_draws_have_the_moments_of_the_rows(kind, route):
    design, sample = make_design(kind), many_draws(kind, route)
    count = len(sample)
    C = design.C
    ZL = C[:, : -len(design.beta)] @ design.effects_factor
    V = design.sigma**2 * (ZL @ ZL.T + np.eye(design.n))
    fixed = C @ design.mean
    mean = np.append(C.T @ fixed, fixed @ fixed + np.trace(V))
    covariance = np.empty((len(mean),) * 2)
    covariance[:-1, :-1] = C.T @ V @ C
    covariance[-1, :-1] = covariance[:-1, -1] = 2 * C.T @ V @ fixed
    covariance[-1, -1] = 2 * np.sum(V * V) + 4 * fixed @ V @ fixed
    sd = np.sqrt(np.diag(covariance))
    # Up to 150 means and 10**4 covariances: limits that a right draw passes for all but one seed in 10**4.
    assert abs((sample.mean(axis=0) - mean) / sd).max() < 5.0 / np.sqrt(count)
    scatter = np.cov(sample.T)
    assert abs((scatter - covariance) / np.outer(sd, sd)).max() < 6.5 * np.sqrt(2.0 / count)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("route", ["gram", "rows"])
def test_residual_sum_of_squares_is_chi_square(kind, route):
    # y'y - (C'y)'(C'C)^+ C'y = sigma^2 chi2(n - rank C): off by one degree of freedom, and this fails.
    design = make_design(kind)
    sample = many_draws(kind, route)
    C = design.C
    U, s, _ = np.linalg.svd(C.T @ C)
    rank = np.linalg.matrix_rank(C)
    root = U[:, :rank] / np.sqrt(s[:rank])
    residual = sample[:, -1] - np.sum((sample[:, :-1] @ root) ** 2, axis=1)
    law = stats.chi2(design.n - rank, scale=design.sigma**2)
    assert stats.kstest(residual, law.cdf).pvalue > LEAST_P


@pytest.mark.parametrize("kind", ["crossed", "nested", "weighted"])
def test_routes_agree_in_distribution(kind):
    # Not only moments: quantiles of y'y, of the fixed effects by least squares, and of a random direction.
    design = make_design(kind)
    gram, rows = draws(design, "gram", 20_000, seed=5), draws(design, "rows", 20_000, seed=6)
    directions = np.random.default_rng(0).normal(size=(gram.shape[1], 5)) / np.std(gram, axis=0)[:, None]
    for a, b in zip((gram @ directions).T, (rows @ directions).T, strict=True):
        assert stats.ks_2samp(a, b).pvalue > LEAST_P
    assert stats.ks_2samp(gram[:, -1], rows[:, -1]).pvalue > LEAST_P


def test_triangular_factor_of_singular_sums():
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(7, 3, 3)), np.outer([1.0, 2.0, 3.0], [1.0, 0.0, 0.0])
    A[2:, :, 1:] = 0.0
    A[6] = 0.0
    L = triangular_factor(B, A)
    assert L.shape == (7, 3, 3)
    assert np.allclose(L @ L.swapaxes(1, 2), B @ B.T + A @ A.swapaxes(1, 2))
    assert np.all(np.diagonal(L, axis1=1, axis2=2) >= 0.0)
    assert np.array_equal(L, np.tril(L))
