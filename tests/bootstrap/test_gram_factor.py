"""The factor of the Gram matrix against dense linear algebra, and its ranks where they are hard to see."""

import numpy as np
import pytest
from bootstrap.standin import KINDS, make_design
from ranef.bootstrap.draws.gram_factor import factor_gram, factor_leading, factor_rest


def rest_matrix(rest):
    R = np.zeros_like(rest.lower)
    R[rest.order] = rest.lower
    return R


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("seed", range(5))
def test_rank_is_that_of_the_rows(kind, seed):
    design = make_design(kind, seed)
    factor = design.gram_factor()
    assert factor.rank == np.linalg.matrix_rank(design.C)
    assert factor.certain


@pytest.mark.parametrize("kind", KINDS)
def test_blocks_reproduce_the_gram_matrix(kind):
    # C'C = [G 0; A' R] [H H' 0; 0 1] [G A; 0 R'] : every way noise enters, at once
    design = make_design(kind)
    factor = design.gram_factor()
    gram = design.C.T @ design.C
    width = factor.leading.shape[1]
    leading = width * len(factor.leading)
    noise = np.zeros((len(gram), leading + factor.rest.rank))
    for j, H in enumerate(factor.leading):
        place = slice(j * width, (j + 1) * width)
        noise[:, place] = gram[:, place] @ H
    noise[leading:, leading:] = rest_matrix(factor.rest)
    assert np.allclose(noise @ noise.T, gram, atol=1e-9 * gram.max())


def test_leading_factor_is_a_reflexive_inverse():
    rng = np.random.default_rng(1)
    rows = rng.normal(size=(30, 6, 3))
    rows[5:10, :, 2] = rows[5:10, :, 1] * 2  # rank 2
    rows[10:15, 1:] = rows[10:15, :1]  # rank 1
    rows[15] = 0.0
    rows *= np.array([1e-6, 1.0, 1e8])  # columns of any scale
    blocks = rows.swapaxes(1, 2) @ rows
    H, eigenvalues = factor_leading(blocks)
    assert list((eigenvalues > 1e-10).sum(axis=1)) == [3] * 5 + [2] * 5 + [1] * 5 + [0] + [3] * 14
    scale = 1.0 / np.array([1e-6, 1.0, 1e8])
    inverse = H @ H.swapaxes(1, 2)
    for product in (blocks @ inverse @ blocks - blocks) * scale[:, None] * scale:
        assert abs(product).max() < 1e-10


def test_rounding_of_long_sums_is_no_rank():
    # Two columns that are multiples of each other, summed naively over many rows, in every order of
    # magnitude.
    rng = np.random.default_rng(2)
    for n in (10, 1_000, 100_000):
        x = rng.normal(size=n) + 100.0
        rows = np.column_stack([x, 0.1 * x * 3])
        block = np.array([[np.cumsum(u * v)[-1] for u in rows.T] for v in rows.T])
        assert factor_leading(block[None])[1][0, 0] < 1e-10


@pytest.mark.parametrize("levels", [10, 100, 500])
def test_weakly_connected_levels_keep_their_rank(levels):
    # A chain a1 b1 a2 b2 ...: connected, so [Z X] lacks one dimension per factor only, but its smallest
    # eigenvalue is tiny.
    a = np.repeat(np.arange(levels), 2)
    b = a.copy()
    b[1::2] += 1
    Z1, Z2 = np.eye(levels)[a], np.eye(levels + 1)[b]
    C2 = np.hstack([Z2, np.ones((2 * levels, 1))])
    A = Z1.T @ C2
    W = C2.T @ C2
    rest = factor_rest(W - A.T @ A / 2.0, np.diag(W))
    assert rest.rank == levels and rest.certain


@pytest.mark.parametrize("degree", [3, 5, 7])
def test_raw_polynomials_keep_their_rank(degree):
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 1, 2000)
    X = np.column_stack([x**k for k in range(degree + 1)])
    W = X.T @ X
    rest = factor_rest(W, np.diag(W))
    assert rest.rank == degree + 1 and rest.certain
    X = np.column_stack([X, X @ rng.normal(size=degree + 1)])
    W = X.T @ X
    assert factor_rest(W, np.diag(W)).rank == degree + 1


def test_doubt_is_admitted():
    # Two columns apart by 3e-6 of their length: their squares differ in the eleventh digit.
    rng = np.random.default_rng(5)
    x = rng.normal(size=100)
    X = np.column_stack([x, x + 3e-6 * rng.normal(size=100)])
    assert not factor_rest(X.T @ X, np.sum(X * X, axis=0)).certain
    X[:, 1] = x + 1e-2 * rng.normal(size=100)
    assert factor_rest(X.T @ X, np.sum(X * X, axis=0)).certain
    # The same columns as the slope of one group
    Z = np.column_stack([np.ones(100), 1.0 + 3e-6 * x])
    blocks = (Z.T @ Z)[None]
    assert not factor_gram(blocks, lambda H: np.zeros((0, 0)), np.zeros(0), 100).certain
    assert factor_gram(np.eye(2)[None], lambda H: np.zeros((0, 0)), np.zeros(0), 100).certain


def test_rest_factor_reproduces_the_matrix():
    rng = np.random.default_rng(4)
    rows = rng.normal(size=(30, 8)) * 10.0 ** np.arange(-4, 4)
    rows[:, 3] = rows[:, 2] + rows[:, 1]
    S = rows.T @ rows
    rest = factor_rest(S, np.diag(S))
    scale = np.sqrt(np.diag(S))
    R = rest_matrix(rest)
    assert rest.rank == 7
    assert np.allclose((R @ R.T) / scale / scale[:, None], S / scale / scale[:, None], atol=1e-12)
    assert np.array_equal(rest.lower, np.tril(rest.lower))


def test_nothing_left():
    assert factor_rest(np.zeros((0, 0)), np.zeros(0)).rank == 0
    rest = factor_rest(np.full((2, 2), 3e-16), np.ones(2))
    assert rest.rank == 0 and rest.lower.shape == (2, 0) and rest.certain


def test_not_a_number_is_refused():
    with pytest.raises(ValueError, match="NaN or infinity"):
        factor_rest(np.full((2, 2), np.nan), np.ones(2))
