# The extension module, for editors and type checkers; tests/test_stub.py compares it with the real one.
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

__version__: str
c_functions: dict[str, int]

def code_text(
    offsets: npt.NDArray[np.int32] | npt.NDArray[np.int64],
    bytes: npt.NDArray[np.uint8],
    valid: npt.NDArray[np.uint8] | None,
    first_bit: int,
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64]]: ...
def available_cores() -> int: ...
def thread_limit() -> int: ...
def set_thread_limit(threads: int) -> None: ...
def after_fork() -> None: ...

class Rows:
    def __init__(
        self,
        n: int,
        X: Sequence[npt.NDArray[Any] | None],
        constant: Any,
        factors: list[dict[str, Any]],
        weights: Any = None,
    ) -> None: ...
    @property
    def n(self) -> int: ...

class DesignCross:
    def __init__(self, rows: Rows) -> None: ...
    @property
    def n(self) -> int: ...
    @property
    def p(self) -> int: ...
    @property
    def q(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def q_rest(self) -> int: ...
    @property
    def kept(self) -> list[int]: ...
    @property
    def factor_order(self) -> list[int]: ...
    @property
    def coordinates(self) -> dict[str, Any]: ...
    @property
    def x_scale(self) -> list[float]: ...
    @property
    def farthest(self) -> float: ...
    @property
    def shapes(self) -> list[tuple[int, int]]: ...
    def leading_gram(self) -> Array: ...
    def remaining_gram(self, h: npt.ArrayLike) -> Array: ...

class ResponseCross:
    def __init__(self, rows: Rows, design: DesignCross, y: npt.ArrayLike) -> None: ...
    @property
    def values(self) -> Array: ...
    @property
    def shift(self) -> float: ...
    @property
    def scale(self) -> float: ...
    def with_values(self, values: npt.ArrayLike) -> ResponseCross: ...

class CrossSums:
    def __init__(
        self,
        shape: Rows,
        x: npt.ArrayLike,
        z: list[Array],
        y: npt.ArrayLike,
        first_shifted: int = 0,
    ) -> None: ...
    @property
    def n(self) -> int: ...
    @property
    def must_keep_origin(self) -> int: ...
    def add(self, rows: Rows, y: npt.ArrayLike) -> None: ...
    def merge(self, other: CrossSums) -> None: ...
    def finish(self) -> tuple[DesignCross, ResponseCross]: ...

class RowSums:
    def __init__(self, origins: npt.ArrayLike, z: list[list[int]]) -> None: ...
    def add(self, rows: Rows) -> None: ...
    def results(
        self,
    ) -> tuple[Array, list[Array], list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Array]]]: ...

def keep_independent(design: DesignCross) -> tuple[DesignCross, int]: ...

class BoundaryMultiplier:
    @property
    def factor(self) -> int: ...
    @property
    def block(self) -> int: ...
    @property
    def value(self) -> float: ...
    @property
    def direction(self) -> Array: ...

class Optimum:
    @property
    def theta(self) -> Array: ...
    @property
    def value(self) -> float: ...
    @property
    def multipliers(self) -> list[BoundaryMultiplier]: ...
    @property
    def status(self) -> str: ...
    @property
    def evaluations(self) -> int: ...
    @property
    def certificate_evaluations(self) -> int: ...
    @property
    def gradient_norm(self) -> float: ...
    @property
    def eigenvalues(self) -> Array: ...
    @property
    def escapes(self) -> int: ...
    @property
    def search(self) -> tuple[int, int, int, int, float]: ...
    @property
    def singular(self) -> bool: ...
    @property
    def converged(self) -> bool: ...
    @property
    def internal_theta(self) -> Array: ...

class Problem:
    def __init__(
        self,
        design: DesignCross,
        reml: bool = True,
        *,
        leading: str = "auto",
        schur: str = "auto",
        merge_classes: bool = True,
        memory_limit: float = 0.0,
    ) -> None: ...
    @property
    def n_theta(self) -> int: ...
    @property
    def reml(self) -> bool: ...
    @property
    def plan(self) -> dict[str, Any]: ...
    @property
    def may_be_flat(self) -> bool: ...
    def value(self, response: ResponseCross, theta: npt.ArrayLike) -> float: ...
    def gradient(self, response: ResponseCross, theta: npt.ArrayLike) -> tuple[float, Array]: ...
    def held_gradient(
        self, response: ResponseCross, theta: npt.ArrayLike, sigma: float
    ) -> tuple[float, Array, float]: ...
    def fit(
        self,
        response: ResponseCross,
        start: Any = None,
        *,
        tolerance: float = 1e-10,
        max_evaluations: int = 200,
        certify: bool = True,
    ) -> Optimum: ...
    def solve(self, response: ResponseCross, theta: npt.ArrayLike) -> dict[str, Any]: ...
    def internal_beta(self, response: ResponseCross, beta: npt.ArrayLike) -> Array: ...
    def conditional_variances(self, response: ResponseCross, theta: npt.ArrayLike) -> list[Array]: ...

class Profiler:
    def __init__(self, problem: Problem) -> None: ...
    def at(
        self,
        kind: str,
        theta_first: int,
        row: int,
        column: int,
        response: ResponseCross,
        value: float,
        theta: npt.ArrayLike,
        sigma: float,
    ) -> tuple[Any, ...]: ...

class HeldCombination:
    def __init__(self, problem: Problem, combination: Sequence[float]) -> None: ...
    def at(
        self, response: ResponseCross, value: float, theta: npt.ArrayLike, sigma: float
    ) -> tuple[Any, ...]: ...

class ReplicateLoop:
    def __init__(
        self,
        *,
        problem: int,
        draw: int,
        refit: int,
        workspace: int,
        key: npt.NDArray[np.uint64],
        origin: int,
        start: Array,
        batch: int,
        record_size: int,
        kept: npt.NDArray[np.int64],
        statistic: int,
        table: Array,
    ) -> None: ...
    def refit_gram_draws(
        self,
        first: int,
        stop: int,
        values: Array,
        starts: npt.NDArray[np.int64],
        widths: npt.NDArray[np.int64],
        steps: npt.NDArray[np.int64],
        mean: Array,
        order: npt.NDArray[np.int64],
        lower: Array,
        sigma: float,
        df: float,
    ) -> None: ...
    def sample_gram_draws(
        self,
        first: int,
        stop: int,
        values: Array,
        starts: npt.NDArray[np.int64],
        widths: npt.NDArray[np.int64],
        steps: npt.NDArray[np.int64],
        mean: Array,
        order: npt.NDArray[np.int64],
        lower: Array,
        sigma: float,
        df: float,
    ) -> None: ...
    def refit_row_draws(
        self,
        first: int,
        stop: int,
        values: Array,
        starts: npt.NDArray[np.int64],
        widths: npt.NDArray[np.int64],
        steps: npt.NDArray[np.int64],
        codes: npt.NDArray[np.int32],
        basis: Array,
        mean: Array,
        scale: Array,
        response_size: int,
    ) -> None: ...
    def sample_row_draws(
        self,
        first: int,
        stop: int,
        values: Array,
        starts: npt.NDArray[np.int64],
        widths: npt.NDArray[np.int64],
        steps: npt.NDArray[np.int64],
        codes: npt.NDArray[np.int32],
        basis: Array,
        mean: Array,
        scale: Array,
        response_size: int,
    ) -> None: ...
    def refit_given(self, first: int, stop: int, draws: Array) -> None: ...
    def fit_given_rows(self, first: int, stop: int, responses: Array) -> None: ...

class RandomStream:
    def __init__(self, key: npt.NDArray[np.uint64], replicate: int) -> None: ...
    def words(self, n: int) -> npt.NDArray[np.uint64]: ...
    def uniforms(self, n: int) -> Array: ...
    def normals(self, n: int) -> Array: ...
    def fill_normal(self, out: Array) -> None: ...
    def chi_squares(self, n: int, df: float) -> Array: ...

def philox_block(counter: Sequence[int], key: Sequence[int]) -> list[int]: ...
def ziggurat() -> tuple[Array, Array, Array]: ...

class RefitTarget:
    def __init__(
        self,
        problem: Problem,
        response: ResponseCross,
        rows: Any = None,
        modes: bool = False,
        start: npt.ArrayLike | None = None,
        contrast: npt.ArrayLike | None = None,
    ) -> None: ...
    @property
    def batch(self) -> int: ...
    @property
    def address(self) -> int: ...
    @property
    def record_size(self) -> int: ...

def information(problem: Problem, response: ResponseCross, theta: npt.ArrayLike) -> dict[str, Any]: ...
def covariance_products(problem: Problem) -> dict[str, Array]: ...
def first_derivatives(
    problem: Problem, response: ResponseCross, internal_theta: npt.ArrayLike
) -> tuple[Any, ...]: ...
def internal_theta(problem: Problem, theta: npt.ArrayLike) -> Array: ...

class GroupProducts:
    def __init__(
        self,
        rows: Rows,
        design: DesignCross,
        response: ResponseCross,
        y: npt.ArrayLike,
        start: npt.ArrayLike,
        row: npt.ArrayLike,
        own: Sequence[bool],
    ) -> None: ...
    def sum(self, picks: npt.ArrayLike) -> tuple[Any, ...]: ...
    def refit(self, picks: npt.ArrayLike, reml: bool, start: npt.ArrayLike) -> Array | None: ...

class WeightedSets:
    def __init__(
        self,
        rows: Rows,
        design: DesignCross,
        response: ResponseCross,
        y: npt.ArrayLike,
        row: npt.ArrayLike,
        other: npt.ArrayLike,
        first: npt.ArrayLike,
        by_rows: bool,
    ) -> None: ...
    @property
    def count(self) -> int: ...
    def combine(
        self, weights: npt.ArrayLike, sum_log_weights: float
    ) -> tuple[DesignCross, ResponseCross]: ...
    def slopes(
        self, problem: Problem, response: ResponseCross, theta: npt.ArrayLike, sigma: float = 0.0
    ) -> tuple[float, Array]: ...
    def squares(self, problem: Problem, response: ResponseCross, theta: npt.ArrayLike) -> Array: ...

def without_rows(
    rows: Rows, design: DesignCross, response: ResponseCross, y: npt.ArrayLike, removed: npt.ArrayLike
) -> tuple[Any, ...]: ...
def without_column(design: DesignCross, response: ResponseCross, column: int) -> tuple[Any, ...]: ...
def fixed_factor(design: DesignCross) -> Array: ...
def information_cost(problem: Problem) -> tuple[Any, ...]: ...

class PairSums:
    def __init__(
        self,
        x: Array,
        constant: npt.ArrayLike | None,
        y: npt.ArrayLike,
        weights: npt.ArrayLike | None,
        subject: npt.NDArray[np.int32],
        visit: npt.NDArray[np.int32],
        group: npt.NDArray[np.int32] | None,
        subjects: int,
        visits: int,
        groups: int,
        limit: int,
    ) -> None: ...
    @property
    def duplicate(self) -> tuple[int, int] | None: ...
    @property
    def divided(self) -> tuple[int, int] | None: ...
    @property
    def kept(self) -> list[int]: ...
    @property
    def coordinates(self) -> tuple[list[float], list[float], list[float]]: ...
    @property
    def by_rows(self) -> bool: ...
    @property
    def size(self) -> int: ...
    @property
    def patterns(self) -> list[tuple[int, list[int], int]]: ...

def pair_sums_of_parts(
    visits: int,
    groups: int,
    rows: int,
    sum_log_weights: float,
    kept: Sequence[int],
    patterns: list[tuple[int, list[int], int]],
    pairs: list[Array],
    x_shift: Sequence[float],
    x_scale: Sequence[float],
    constant: Sequence[float],
    y_shift: float,
    y_scale: float,
) -> PairSums: ...
def part_sums(
    columns: Array,
    weights: npt.ArrayLike | None,
    subject: npt.NDArray[np.int32],
    visit: npt.NDArray[np.int32],
    group: npt.NDArray[np.int32],
    subjects: int,
    visits: int,
    groups: int,
) -> dict[str, Any]: ...
def independent_columns(gram: Array) -> list[int]: ...

class RepeatedPoint:
    @property
    def theta(self) -> Array: ...
    @property
    def value(self) -> float: ...
    @property
    def gradient(self) -> Array: ...
    @property
    def hessian(self) -> Array: ...
    @property
    def beta(self) -> Array: ...
    @property
    def covariance(self) -> Array: ...
    @property
    def internal_covariance(self) -> Array: ...
    @property
    def internal_slopes(self) -> Array: ...
    @property
    def sigma(self) -> list[Array]: ...
    @property
    def jacobian(self) -> list[Array]: ...
    @property
    def natural(self) -> Array: ...
    @property
    def status(self) -> str: ...
    @property
    def evaluations(self) -> int: ...
    @property
    def gradient_norm(self) -> float: ...
    @property
    def eigenvalues(self) -> Array: ...
    @property
    def reached(self) -> Array: ...
    @property
    def singular(self) -> bool: ...
    @property
    def converged(self) -> bool: ...
    def adjustment(self, w: npt.ArrayLike) -> tuple[Array, Array]: ...

class RepeatedMeasures:
    def __init__(self, sums: PairSums, structure: str, times: Sequence[float], reml: bool) -> None: ...
    @property
    def n_theta(self) -> int: ...
    @property
    def linear_in_sas(self) -> bool: ...
    def fit(
        self, start: Any = None, *, tolerance: float = 1e-14, max_evaluations: int = 200
    ) -> RepeatedPoint: ...
    def at(self, theta: npt.ArrayLike) -> RepeatedPoint: ...
    def natural(self, theta: npt.ArrayLike) -> Array: ...

def family_kernels(
    family: str,
    link: str,
    psi: float,
    count: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    eta: npt.ArrayLike,
    zeta: npt.ArrayLike = (),
) -> dict[str, Array]: ...
def kept_rows(
    family: str, y: npt.ArrayLike, trials: npt.ArrayLike | None = None, weights: npt.ArrayLike | None = None
) -> tuple[Array, Array, Array, Array]: ...

class GlmmCriterion:
    def __init__(self, model: Glmm) -> None: ...
    def evaluate(self, parameters: npt.ArrayLike) -> tuple[float, Array]: ...
    def hessian_to_user(self, parameters: npt.ArrayLike, hessian: npt.ArrayLike) -> Array: ...

class Glmm:
    def __init__(
        self,
        rows: Rows,
        design: DesignCross,
        family: str,
        link: str,
        y: npt.ArrayLike,
        trials: npt.ArrayLike | None = None,
        weights: npt.ArrayLike | None = None,
        offset: npt.ArrayLike | None = None,
        expected: bool = False,
        nodes: int = 1,
        zeta: npt.ArrayLike | None = None,
        zeta_offset: bool = False,
    ) -> None: ...
    def with_response(
        self,
        y: npt.ArrayLike,
        trials: npt.ArrayLike | None = None,
        weights: npt.ArrayLike | None = None,
        recount: bool = False,
    ) -> Glmm: ...
    def with_sums(
        self, count: npt.ArrayLike, first: npt.ArrayLike, second: npt.ArrayLike, constant: float
    ) -> Glmm: ...
    def by_rows(self) -> Glmm: ...
    def variant(self, expected: bool, nodes: int, prior: npt.ArrayLike | None = None) -> Glmm: ...
    @property
    def constant(self) -> float: ...
    @property
    def good(self) -> bool: ...
    @property
    def sums(self) -> bool: ...
    @property
    def kept(self) -> tuple[Array, Array, Array]: ...
    @property
    def n_cells(self) -> int: ...
    @property
    def n_theta(self) -> int: ...
    def bootstrap(
        self,
        truth: npt.ArrayLike,
        key: int,
        first: int,
        count: int,
        threads: int,
        eta: npt.ArrayLike | None = None,
        correction: npt.ArrayLike | None = None,
    ) -> npt.NDArray[np.float64]: ...
    def bootstrap_both(
        self,
        other: Glmm,
        truth: npt.ArrayLike,
        start: npt.ArrayLike,
        larger: bool,
        key: int,
        first: int,
        count: int,
        threads: int,
        trials: npt.ArrayLike,
        correction: npt.ArrayLike | None = None,
    ) -> npt.NDArray[np.float64]: ...
    def second_order(self, parameters: npt.ArrayLike) -> float: ...
    def point(self, parameters: npt.ArrayLike, whole: bool = True) -> dict[str, Any]: ...
    @property
    def n_parameters(self) -> int: ...
    @property
    def cell_of(self) -> npt.NDArray[np.uint32]: ...
    def to_internal(
        self, theta: npt.ArrayLike, beta: npt.ArrayLike, psi: float, gamma: npt.ArrayLike = ()
    ) -> Array: ...
    def start(self, eta: npt.ArrayLike) -> Array: ...
    def fit(
        self,
        start: npt.ArrayLike,
        tolerance: float = 1e-8,
        max_evaluations: int = 200,
        certify: bool = True,
    ) -> dict[str, Any]: ...
    def evaluate(self, parameters: npt.ArrayLike, inner_tolerance: float = 1e-11) -> tuple[float, Array]: ...

def iterative_fit(
    problem: Problem,
    response: ResponseCross,
    start: Any = None,
    *,
    probes: int = 16,
    most_probes: int = 1024,
    seed: int = 0,
    error: float = 0.01,
    tolerance: float = 1e-10,
    probe_tolerance: float = 1e-3,
    most_iterations: int = 1000,
    most_steps: int = 40,
    progress: Callable[[int, int, int], None] | None = None,
) -> dict[str, Any]: ...
def iterative_value(
    problem: Problem,
    response: ResponseCross,
    theta: npt.ArrayLike,
    *,
    probes: int = 16,
    seed: int = 0,
    tolerance: float = 1e-10,
    most_iterations: int = 1000,
    progress: Callable[[int, int, int], None] | None = None,
) -> tuple[float, Array, bool]: ...
def iterative_random_solves(
    problem: Problem,
    response: ResponseCross,
    theta: npt.ArrayLike,
    rhs: npt.ArrayLike,
    *,
    tolerance: float = 1e-10,
    most_iterations: int = 1000,
    progress: Callable[[int, int, int], None] | None = None,
) -> tuple[Array, Array]: ...
def iterative_observed(
    problem: Problem,
    response: ResponseCross,
    internal_theta: npt.ArrayLike,
    small_are_exact: bool,
    *,
    probes: int = 16,
    seed: int = 0,
    tolerance: float = 1e-10,
    probe_tolerance: float = 1e-5,
    most_iterations: int = 1000,
    progress: Callable[[int, int, int], None] | None = None,
) -> tuple[Array, Array, bool]: ...
def iterative_parts(design: DesignCross) -> dict[str, Any]: ...
def iterative_costs(design: DesignCross) -> dict[str, float]: ...

class SparseFactor:
    def __init__(self, pointers: npt.ArrayLike, rows: npt.ArrayLike) -> None: ...
    def factor(self, values: npt.ArrayLike) -> float: ...
    def solve(self, right: npt.ArrayLike) -> Array: ...
    def solve_upper(self, right: npt.ArrayLike) -> Array: ...
    def selected_inverse(self) -> Array: ...

def sparse_factor_cost(pointers: npt.ArrayLike, rows: npt.ArrayLike) -> tuple[float, float]: ...
def inbreeding(sire: npt.ArrayLike, dam: npt.ArrayLike) -> Array: ...
