# The extension module, for editors and type checkers; tests/test_stub.py compares it with the real one.
# Properties are `Final`.
from collections.abc import Callable, Sequence
from typing import Any, Final, TypedDict

import numpy as np
import numpy.typing as npt
from typing_extensions import Unpack

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Words = npt.NDArray[np.uint64]
Numbers = npt.ArrayLike

__version__: str
c_functions: dict[str, int]

def code_text(
    offsets: Codes | Ints, bytes: npt.NDArray[np.uint8], valid: npt.NDArray[np.uint8] | None, first_bit: int
) -> tuple[Codes, Ints]: ...
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
    n: Final[int]

class DesignCross:
    def __init__(self, rows: Rows) -> None: ...
    n: Final[int]
    p: Final[int]
    q: Final[int]
    size: Final[int]
    q_rest: Final[int]
    kept: Final[list[int]]
    factor_order: Final[list[int]]
    coordinates: Final[dict[str, Any]]
    x_scale: Final[list[float]]
    farthest: Final[float]
    shapes: Final[list[tuple[int, int]]]
    def leading_gram(self) -> Array: ...
    def remaining_gram(self, h: Numbers) -> Array: ...

class ResponseCross:
    def __init__(self, rows: Rows, design: DesignCross, y: Numbers) -> None: ...
    values: Final[Array]
    shift: Final[float]
    scale: Final[float]
    def with_values(self, values: Numbers) -> ResponseCross: ...

class CrossSums:
    def __init__(
        self, shape: Rows, x: Numbers, z: list[Array], y: Numbers, first_shifted: int = 0
    ) -> None: ...
    n: Final[int]
    must_keep_origin: Final[int]
    def add(self, rows: Rows, y: Numbers) -> None: ...
    def merge(self, other: CrossSums) -> None: ...
    def finish(self) -> tuple[DesignCross, ResponseCross]: ...

class RowSums:
    def __init__(self, origins: Numbers, z: list[list[int]]) -> None: ...
    def add(self, rows: Rows) -> None: ...
    def results(self) -> tuple[Array, list[Array], list[tuple[Ints, Ints, Array]]]: ...

def keep_independent(design: DesignCross) -> tuple[DesignCross, int]: ...

class BoundaryMultiplier:
    factor: Final[int]
    block: Final[int]
    value: Final[float]
    direction: Final[Array]

class Optimum:
    theta: Final[Array]
    value: Final[float]
    multipliers: Final[list[BoundaryMultiplier]]
    status: Final[str]
    evaluations: Final[int]
    certificate_evaluations: Final[int]
    gradient_norm: Final[float]
    eigenvalues: Final[Array]
    escapes: Final[int]
    search: Final[tuple[int, int, int, int, float]]
    singular: Final[bool]
    converged: Final[bool]
    internal_theta: Final[Array]

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
    n_theta: Final[int]
    reml: Final[bool]
    plan: Final[dict[str, Any]]
    may_be_flat: Final[bool]
    def value(self, response: ResponseCross, theta: Numbers) -> float: ...
    def gradient(self, response: ResponseCross, theta: Numbers) -> tuple[float, Array]: ...
    def held_gradient(
        self, response: ResponseCross, theta: Numbers, sigma: float
    ) -> tuple[float, Array, float]: ...
    def fit(
        self,
        response: ResponseCross,
        start: Numbers | None = None,
        *,
        tolerance: float = 1e-10,
        max_evaluations: int = 200,
        certify: bool = True,
    ) -> Optimum: ...
    def solve(self, response: ResponseCross, theta: Numbers) -> dict[str, Any]: ...
    def internal_beta(self, response: ResponseCross, beta: Numbers) -> Array: ...
    def conditional_variances(self, response: ResponseCross, theta: Numbers) -> list[Array]: ...

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
        theta: Numbers,
        sigma: float,
    ) -> tuple[Any, ...]: ...

class HeldCombination:
    def __init__(self, problem: Problem, combination: Sequence[float]) -> None: ...
    def at(self, response: ResponseCross, value: float, theta: Numbers, sigma: float) -> tuple[Any, ...]: ...

class ReplicateLoop:
    def __init__(
        self,
        *,
        problem: int,
        draw: int,
        refit: int,
        workspace: int,
        key: Words,
        origin: int,
        start: Array,
        batch: int,
        record_size: int,
        kept: Ints,
        statistic: int,
        table: Array,
    ) -> None: ...
    def refit_gram_draws(
        self,
        first: int,
        stop: int,
        values: Array,
        starts: Ints,
        widths: Ints,
        steps: Ints,
        mean: Array,
        order: Ints,
        lower: Array,
        sigma: float,
        df: float,
    ) -> None: ...
    sample_gram_draws = refit_gram_draws
    def refit_row_draws(
        self,
        first: int,
        stop: int,
        values: Array,
        starts: Ints,
        widths: Ints,
        steps: Ints,
        codes: Codes,
        basis: Array,
        mean: Array,
        scale: Array,
        response_size: int,
    ) -> None: ...
    sample_row_draws = refit_row_draws
    def refit_given(self, first: int, stop: int, draws: Array) -> None: ...
    def fit_given_rows(self, first: int, stop: int, responses: Array) -> None: ...

class RandomStream:
    def __init__(self, key: Words, replicate: int) -> None: ...
    def words(self, n: int) -> Words: ...
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
        start: Numbers | None = None,
        contrast: Numbers | None = None,
    ) -> None: ...
    batch: Final[int]
    address: Final[int]
    record_size: Final[int]

def information(problem: Problem, response: ResponseCross, theta: Numbers) -> dict[str, Any]: ...
def covariance_products(problem: Problem) -> dict[str, Array]: ...
def first_derivatives(
    problem: Problem, response: ResponseCross, internal_theta: Numbers
) -> tuple[Any, ...]: ...
def internal_theta(problem: Problem, theta: Numbers) -> Array: ...

class GroupProducts:
    def __init__(
        self,
        rows: Rows,
        design: DesignCross,
        response: ResponseCross,
        y: Numbers,
        start: Numbers,
        row: Numbers,
        own: Sequence[bool],
    ) -> None: ...
    def sum(self, picks: Numbers) -> tuple[Any, ...]: ...
    def refit(self, picks: Numbers, reml: bool, start: Numbers) -> Array | None: ...

class WeightedSets:
    def __init__(
        self,
        rows: Rows,
        design: DesignCross,
        response: ResponseCross,
        y: Numbers,
        row: Numbers,
        other: Numbers,
        first: Numbers,
        by_rows: bool,
    ) -> None: ...
    count: Final[int]
    def combine(self, weights: Numbers, sum_log_weights: float) -> tuple[DesignCross, ResponseCross]: ...
    def slopes(
        self, problem: Problem, response: ResponseCross, theta: Numbers, sigma: float = 0.0
    ) -> tuple[float, Array]: ...
    def squares(self, problem: Problem, response: ResponseCross, theta: Numbers) -> Array: ...

def without_rows(
    rows: Rows, design: DesignCross, response: ResponseCross, y: Numbers, removed: Numbers
) -> tuple[Any, ...]: ...
def without_column(design: DesignCross, response: ResponseCross, column: int) -> tuple[Any, ...]: ...
def fixed_factor(design: DesignCross) -> Array: ...
def information_cost(problem: Problem) -> tuple[Any, ...]: ...

class PairSums:
    def __init__(
        self,
        x: Array,
        constant: Numbers | None,
        y: Numbers,
        weights: Numbers | None,
        subject: Codes,
        visit: Codes,
        group: Codes | None,
        subjects: int,
        visits: int,
        groups: int,
        limit: int,
    ) -> None: ...
    duplicate: Final[tuple[int, int] | None]
    divided: Final[tuple[int, int] | None]
    kept: Final[list[int]]
    coordinates: Final[tuple[list[float], list[float], list[float]]]
    by_rows: Final[bool]
    size: Final[int]
    patterns: Final[list[tuple[int, list[int], int]]]

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
    weights: Numbers | None,
    subject: Codes,
    visit: Codes,
    group: Codes,
    subjects: int,
    visits: int,
    groups: int,
) -> dict[str, Any]: ...
def independent_columns(gram: Array) -> list[int]: ...

class RepeatedPoint:
    theta: Final[Array]
    value: Final[float]
    gradient: Final[Array]
    hessian: Final[Array]
    beta: Final[Array]
    covariance: Final[Array]
    internal_covariance: Final[Array]
    internal_slopes: Final[Array]
    sigma: Final[list[Array]]
    jacobian: Final[list[Array]]
    natural: Final[Array]
    status: Final[str]
    evaluations: Final[int]
    gradient_norm: Final[float]
    eigenvalues: Final[Array]
    reached: Final[Array]
    singular: Final[bool]
    converged: Final[bool]
    def adjustment(self, w: Numbers) -> tuple[Array, Array]: ...

class RepeatedMeasures:
    def __init__(self, sums: PairSums, structure: str, times: Sequence[float], reml: bool) -> None: ...
    n_theta: Final[int]
    linear_in_sas: Final[bool]
    def fit(
        self, start: Numbers | None = None, *, tolerance: float = 1e-14, max_evaluations: int = 200
    ) -> RepeatedPoint: ...
    def at(self, theta: Numbers) -> RepeatedPoint: ...
    def natural(self, theta: Numbers) -> Array: ...

def family_kernels(
    family: str,
    link: str,
    psi: float,
    count: Numbers,
    first: Numbers,
    second: Numbers,
    eta: Numbers,
    zeta: Numbers = (),
) -> dict[str, Array]: ...
def kept_rows(
    family: str, y: Numbers, trials: Numbers | None = None, weights: Numbers | None = None
) -> tuple[Array, Array, Array, Array]: ...

class GlmmCriterion:
    def __init__(self, model: Glmm) -> None: ...
    def evaluate(self, parameters: Numbers) -> tuple[float, Array]: ...
    def hessian_to_user(self, parameters: Numbers, hessian: Numbers) -> Array: ...

class Glmm:
    def __init__(
        self,
        rows: Rows,
        design: DesignCross,
        family: str,
        link: str,
        y: Numbers,
        trials: Numbers | None = None,
        weights: Numbers | None = None,
        offset: Numbers | None = None,
        expected: bool = False,
        nodes: int = 1,
        zeta: Numbers | None = None,
        zeta_offset: bool = False,
    ) -> None: ...
    def with_response(
        self, y: Numbers, trials: Numbers | None = None, weights: Numbers | None = None, recount: bool = False
    ) -> Glmm: ...
    def with_sums(self, count: Numbers, first: Numbers, second: Numbers, constant: float) -> Glmm: ...
    def by_rows(self) -> Glmm: ...
    def variant(self, expected: bool, nodes: int, prior: Numbers | None = None) -> Glmm: ...
    constant: Final[float]
    good: Final[bool]
    sums: Final[bool]
    kept: Final[tuple[Array, Array, Array]]
    n_cells: Final[int]
    n_theta: Final[int]
    def bootstrap(
        self,
        truth: Numbers,
        key: int,
        first: int,
        count: int,
        threads: int,
        eta: Numbers | None = None,
        correction: Numbers | None = None,
    ) -> Array: ...
    def bootstrap_both(
        self,
        other: Glmm,
        truth: Numbers,
        start: Numbers,
        larger: bool,
        key: int,
        first: int,
        count: int,
        threads: int,
        trials: Numbers,
        correction: Numbers | None = None,
    ) -> Array: ...
    def second_order(self, parameters: Numbers) -> float: ...
    def point(self, parameters: Numbers, whole: bool = True) -> dict[str, Any]: ...
    n_parameters: Final[int]
    cell_of: Final[npt.NDArray[np.uint32]]
    def to_internal(self, theta: Numbers, beta: Numbers, psi: float, gamma: Numbers = ()) -> Array: ...
    def start(self, eta: Numbers) -> Array: ...
    def fit(
        self, start: Numbers, tolerance: float = 1e-8, max_evaluations: int = 200, certify: bool = True
    ) -> dict[str, Any]: ...
    def evaluate(self, parameters: Numbers, inner_tolerance: float = 1e-11) -> tuple[float, Array]: ...

class _Settings(TypedDict, total=False):
    probes: int
    most_probes: int
    seed: int
    error: float
    tolerance: float
    probe_tolerance: float
    most_iterations: int
    most_steps: int
    progress: Callable[[int, int, int], None] | None

def iterative_fit(
    problem: Problem, response: ResponseCross, start: Numbers | None = None, **settings: Unpack[_Settings]
) -> dict[str, Any]: ...
def iterative_value(
    problem: Problem, response: ResponseCross, theta: Numbers, **settings: Unpack[_Settings]
) -> tuple[float, Array, bool]: ...
def iterative_random_solves(
    problem: Problem, response: ResponseCross, theta: Numbers, rhs: Numbers, **settings: Unpack[_Settings]
) -> tuple[Array, Array]: ...
def iterative_observed(
    problem: Problem,
    response: ResponseCross,
    internal_theta: Numbers,
    small_are_exact: bool,
    **settings: Unpack[_Settings],
) -> tuple[Array, Array, bool]: ...
def iterative_parts(design: DesignCross) -> dict[str, Any]: ...
def iterative_costs(design: DesignCross) -> dict[str, float]: ...

class SparseFactor:
    def __init__(self, pointers: Numbers, rows: Numbers) -> None: ...
    def factor(self, values: Numbers) -> float: ...
    def solve(self, right: Numbers) -> Array: ...
    def solve_upper(self, right: Numbers) -> Array: ...
    def selected_inverse(self) -> Array: ...

def sparse_factor_cost(pointers: Numbers, rows: Numbers) -> tuple[float, float]: ...
def inbreeding(sire: Numbers, dam: Numbers) -> Array: ...
