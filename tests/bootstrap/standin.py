"""A small mixed-model design with explicit rows, and a dense stand-in for the core's C interface over it.

The stand-in's refit copies the response into the record, so that draws can be looked at through the real
loops. Its functions are compiled by Numba, whose addresses are as good as the core's own.
"""

import ctypes
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numba import carray, cfunc, njit, types
from ranef._core import RandomStream
from ranef.bootstrap.draws.gram_factor import factor_gram
from ranef.bootstrap.loop.work import Core
from scipy.linalg import block_diag

_DOUBLES = types.CPointer(types.float64)
# The problem behind the address: [q + p, n | C'C row by row | for every row its square root of the weight,
# then C]


def filled(key, replicate, *counts):
    """Arrays of these sizes that a replicate's stream fills with normals in turn; of one size only it."""
    stream, arrays = RandomStream(key, replicate), [np.empty(count) for count in counts]
    for array in arrays:
        stream.fill_normal(array)
    return arrays if len(arrays) > 1 else arrays[0]


class Callback:
    """A function as C calls it, compiled when its address is first asked for: tests are collected without."""

    def __init__(self, signature, function):
        self.signature, self.function = signature, function

    @cached_property
    def compiled(self):
        return cfunc(self.signature)(self.function)

    @property
    def address(self):
        return self.compiled.address


def callback(*arguments):
    """For a function of these arguments that returns a status."""
    return partial(Callback, types.int32(*arguments))


@callback(_DOUBLES, _DOUBLES, _DOUBLES)
def gram_multiply(problem, coef, out):
    size = int(problem[0])
    gram = carray(problem, 2 + size * size)[2:]
    for i in range(size):
        out[i] = 0.0
        for k in range(size):
            out[i] += gram[i * size + k] * coef[k]
    return types.int32(0)


@callback(_DOUBLES, _DOUBLES, _DOUBLES)
def response_from_rows(problem, y, response):
    size, n = int(problem[0]), int(problem[1])
    rows = carray(problem, 2 + size * size + n * (size + 1))[2 + size * size :]
    for k in range(size + 1):
        response[k] = 0.0
    for i in range(n):
        weighted = rows[i * (size + 1)] * y[i]
        for k in range(size):
            response[k] += rows[i * (size + 1) + 1 + k] * weighted
        response[size] += weighted * weighted
    return types.int32(0)


@callback(_DOUBLES, _DOUBLES, _DOUBLES)
def broken(problem, first, second):
    return types.int32(-1)


@callback(_DOUBLES, _DOUBLES, _DOUBLES, types.CPointer(types.int64), _DOUBLES, _DOUBLES)
def copy_response(problem, workspace, responses, numbers, start, records):
    size = int(problem[0])
    for k in range(numbers[1] - numbers[0]):
        for i in range(size + 1):
            records[k * (size + 2) + i] = responses[k * (size + 1) + i]
        # How often the workspace was used, and that it converged.
        workspace[0] += 1.0
        records[k * (size + 2) + size + 1] = 1.0
    return types.int32(0)


class Workspaces:
    """Workspaces as the core would hand them out, counted."""

    def __init__(self, available=100):
        self.available, self.created, self.destroyed = available, [], []
        self.create = cfunc_like(self._create, returns=True)
        self.destroy = cfunc_like(self._destroy, returns=False)

    def _create(self, problem):
        if len(self.created) == self.available:
            return None
        self.created.append(np.zeros(1))
        return self.created[-1].ctypes.data

    def _destroy(self, workspace):
        self.destroyed.append(workspace)

    @property
    def uses(self):
        return sum(int(workspace[0]) for workspace in self.created)


def cfunc_like(function, returns):
    return ctypes.CFUNCTYPE(ctypes.c_void_p if returns else None, ctypes.c_void_p)(function)


def address(callback):
    return ctypes.cast(callback, ctypes.c_void_p).value


@dataclass
class Design:
    """Rows of a crossed design, factors as (codes, levels, basis), and what is formed densely from them."""

    factors: list
    X: np.ndarray
    lambdas: list
    beta: np.ndarray
    sigma: float
    weights: np.ndarray | None = None

    @property
    def n(self):
        return len(self.X)

    @property
    def levels(self):
        return [levels for _, levels, _ in self.factors]

    @property
    def Z(self):
        blocks = []
        for codes, levels, basis in self.factors:
            width = basis.shape[1]
            block = np.zeros((self.n, levels * width))
            for k in range(width):
                block[np.arange(self.n), codes * width + k] = basis[:, k]
            blocks.append(block)
        return np.hstack(blocks)

    @property
    def C(self):
        """[Z X], rows times the square root of their weights."""
        root = 1.0 if self.weights is None else np.sqrt(self.weights)[:, None]
        return np.hstack([self.Z, self.X]) * root

    @property
    def effects_factor(self):
        """Lambda of all random effects."""
        return block_diag(
            *(
                block_diag(*[block] * levels)
                for (_, levels, _), block in zip(self.factors, self.lambdas, strict=True)
            )
        )

    @property
    def mean(self):
        return np.concatenate([np.zeros(self.Z.shape[1]), self.beta])

    def gram_factor(self):
        """What ranef.bootstrap does with what the core exports."""
        C, (_, groups, basis) = self.C, self.factors[0]
        width = basis.shape[1]
        leading = groups * width
        gram = C.T @ C
        blocks = np.array([gram[j : j + width, j : j + width] for j in range(0, leading, width)])

        def schur_of(H):
            projected = np.einsum("jab,jac->jbc", H, gram[:leading, leading:].reshape(groups, width, -1))
            return gram[leading:, leading:] - np.einsum("jbc,jbd->cd", projected, projected)

        return factor_gram(blocks, schur_of, np.diag(gram)[leading:], self.n)

    def problem(self):
        """Memory of the stand-in's problem; its address is ``.ctypes.data``."""
        C = self.C
        rows = np.column_stack([np.ones(self.n) if self.weights is None else np.sqrt(self.weights), C])
        return np.concatenate([[C.shape[1], self.n], (C.T @ C).ravel(), rows.ravel()])

    def core(self, workspaces):
        memory = self.problem()
        return Core(
            problem=memory.ctypes.data,
            refit=copy_response.address,
            workspace_create=address(workspaces.create),
            workspace_destroy=address(workspaces.destroy),
            owner=(memory, workspaces),
        )


def make_design(kind, seed=0):
    """Unbalanced designs whose [Z X] is rank-deficient in the ways that occur."""
    rng = np.random.default_rng(seed)
    n = {"tiny": 40, "nested": 90, "pairs": 150}.get(kind, 120)
    x, w = rng.normal(size=n), rng.normal(size=n)
    ones = np.ones(n)
    a = np.concatenate([np.arange(12), rng.integers(0, 12, n - 12)]).astype(np.int32)
    b = np.concatenate([np.arange(5), rng.integers(0, 5, n - 5)]).astype(np.int32)
    if kind in ("tiny", "constant within"):
        x = x if kind == "tiny" else rng.normal(size=12)[a]  # the slope's column is one number in every group
        factors = [(a, 12, np.column_stack([ones, x]))]
    elif kind == "nested":
        factors = [
            (a, 12, np.column_stack([ones, x])),
            ((a // 3).astype(np.int32), 4, np.column_stack([ones, x])),
        ]
    elif kind == "pairs":  # most groups have as many rows as random effects, so nothing is left of them
        a = np.concatenate([np.repeat(np.arange(60), 2), rng.integers(0, 60, n - 120)]).astype(np.int32)
        factors = [(a, 60, np.column_stack([ones, x])), (b, 5, ones[:, None])]
    else:
        c = rng.integers(0, 3, n).astype(np.int32)
        factors = [
            (a, 12, np.column_stack([ones, x])),
            (b, 5, np.column_stack([ones, w, x])),
            (c, 3, ones[:, None]),
        ]
    widths = [basis.shape[1] for _, _, basis in factors]
    lambdas = [np.tril(rng.normal(size=(r, r))) for r in widths]
    if kind == "singular":
        lambdas = [np.zeros((2, 2)), np.outer([1.0, 0.5, 2.0], [1.0, 0, 0]), np.array([[0.7]])]
    weights = rng.uniform(0.3, 3.0, n) if kind == "weighted" else None
    X = np.column_stack([ones, x, w])
    return Design(factors, X, lambdas, np.array([3.0, -1.0, 0.5]), 1.3, weights)


KINDS = ("crossed", "tiny", "constant within", "nested", "pairs", "singular", "weighted")


@njit
def ratio(coefficients, sigma):
    """A user's statistic, compiled once for all the tests of a process."""
    return coefficients[1] / sigma
