"""The unfitted model: design, cross-products, problem; the criterion and its gradient at any theta."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _core
from .arrays import FloatArray
from .cross_products import cross_products
from .design import build_design
from .errors import ArgumentError, DataError, RowsNotKeptError, require_choice
from .formula import parse_formula
from .memory import available_memory
from .plan import Plan
from .stream import read_stream, source_of
from .verbs import Verb

_SMALL, _NARROW = 1000, 20  # coefficients, columns of a term: up to these no plan fills a machine
LEADING = ("auto", "classes", "groups")
SCHUR = ("auto", "dense", "sparse")


class Model:
    """A linear mixed model with its data, not yet fitted: for refits, and for those who bring an optimiser.

    The data are read once, here. Nothing after that costs more for more rows, except a new response.

    Parameters
    ----------
    formula : str
        In the language of lme4, such as ``"reaction ~ days + (days | subject)"``.
    data : pandas, polars or pyarrow table, or dict of arrays
        One row per observation; rows with a missing value in a used column are dropped. Or a source of
        batches that need not fit in memory: `ranef.batches`, a pyarrow Dataset, a polars LazyFrame.
    reml : bool
        REML criterion (default) or maximum likelihood.
    weights : column name or array, optional
        Prior weights: the residual variance of a row is sigma^2 / weight.
    offset : column name or array, optional
        Added to the offsets of the formula.
    allow_saturated : bool
        Accept a random term with as many random effects as rows.
    leading : {"auto", "classes", "groups"}
        How to eliminate the leading term: by classes of equal groups, or group by group.
    schur : {"auto", "dense", "sparse"}
        How to factor the Schur complement of the rest.

    Attributes
    ----------
    formula : Formula
    design : Design
        Response, X, random terms, weights, offset; ``design.spec`` replays on new data.
    cross : CrossProducts
    problem : _core.Problem
    response : _core.ResponseCross
        Of the data's own response.
    reml : bool

    Raises
    ------
    FormulaError, DataError, ArgumentError
        The message names the column, level or argument and the remedy.

    Examples
    --------
    >>> import ranef
    >>> data = {"y": [1.0, 2.0, 4.0, 3.0, 5.0, 9.0], "g": list("aabbcc")}
    >>> model = ranef.Model("y ~ 1 + (1 | g)", data)
    >>> model.n_theta, model.theta_names
    (1, ('g.Intercept',))
    >>> fit = model.fit()
    >>> bool(model.objective(fit.theta) == fit.objective)
    True
    """

    whitened: bool = False  # whether the cross-products are of other rows than the design's

    def __init__(
        self,
        formula: str,
        data: Any,
        *,
        reml: bool = True,
        weights: str | npt.ArrayLike | None = None,
        offset: str | npt.ArrayLike | None = None,
        allow_saturated: bool = False,
        leading: str = "auto",
        schur: str = "auto",
    ) -> None:
        require_choice("leading", leading, LEADING)
        require_choice("schur", schur, SCHUR)
        if leading == "classes" and schur == "sparse":
            raise ArgumentError("leading='classes' makes the Schur complement dense: use schur='auto'")
        self.formula = parse_formula(formula)
        self.data_library = type(data).__module__.partition(".")[0]  # tables return as they came
        self.weights_argument = weights if isinstance(weights, str) else None
        self.offset_argument = offset if isinstance(offset, str) else None
        self.reml = _checked_flag("reml", reml)
        source = source_of(data)
        if source is None:
            self.design = build_design(self.formula, data, weights, offset, allow_saturated)
            self.cross = cross_products(self.design)
            self.response = self.cross.response(self._without_offset(self.design.response))
        else:
            self.data_library = source.library
            streamed = read_stream(self.formula, source, weights, offset, allow_saturated)
            self.design, self.cross, self.response = streamed.design, streamed.cross, streamed.response
        self._require_degrees_of_freedom()
        self.leading, self.schur = leading, schur
        try:
            self.problem = self._problem()
        except ValueError as error:  # a plan that was asked for and cannot be carried out
            raise ArgumentError(f"leading='{leading}', schur='{schur}': {error}") from None

    def _problem(self) -> Any:
        cross = self.cross.design
        large = cross.q + cross.p > _SMALL or max(width for _, width in cross.shapes) > _NARROW
        limit = (available_memory() if large else None) or 0.0  # 0: what the core knows of the machine
        return _core.Problem(
            cross, self.reml, leading=self.leading, schur=self.schur, memory_limit=float(limit)
        )

    # The core's objects stay behind: they follow from the design, at the price of one pass over its rows. Of
    # rows that were read in batches the cross-products are all there is.
    def __getstate__(self) -> dict[str, Any]:
        ours = {"problem", "plan"} if self.streamed else {"cross", "response", "problem", "plan"}
        return {name: value for name, value in self.__dict__.items() if name not in ours}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if not self.streamed:
            self.cross = cross_products(self.design)
            self.response = self.cross.response(self._without_offset(self.design.response))
        self.problem = self._problem()

    def __copy__(self) -> Model:
        other = type(self).__new__(type(self))
        other.__dict__.update(self.__dict__)
        return other

    # ------------------------------------------------------------ sizes and names
    @property
    def streamed(self) -> bool:
        """Whether the rows were read in batches and are not in memory."""
        return self.design.moments is not None

    @property
    def n_theta(self) -> int:
        """Number of covariance parameters."""
        return self.problem.n_theta

    @property
    def n_parameters(self) -> int:
        """Number of parameters: fixed effects (without dropped ones), theta and sigma."""
        return len(self.cross.kept) + self.n_theta + 1

    @property
    def nobs(self) -> int:
        """Number of rows used."""
        return self.cross.design.n

    @property
    def term_widths(self) -> tuple[int, ...]:
        """Random effects of each term."""
        return tuple(len(term.columns) for term in self.design.terms)

    @cached_property
    def term_labels(self) -> tuple[str, ...]:
        """A label per random term: its group, numbered if terms share it: ``"subject"``, ``"subject.1"``."""
        seen: dict[str, int] = {}
        labels = []
        for term in self.design.terms:
            count = seen.get(term.group, 0)
            labels.append(f"{term.group}.{count}" if count else term.group)
            seen[term.group] = count + 1
        return tuple(labels)

    @cached_property
    def theta_names(self) -> tuple[str, ...]:
        """lme4's names of theta, such as ``"subject.Intercept"``, ``"subject.days.Intercept"``."""
        names = []
        for term in self.design.terms:
            for column, above in enumerate(term.columns):
                names.append(f"{term.group}.{above}")
                names += [f"{term.group}.{below}.{above}" for below in term.columns[column + 1 :]]
        return tuple(names)

    @cached_property
    def plan(self) -> Plan:
        """How the criterion is computed: leading term, classes, Schur complement."""
        return Plan.of(self.problem.plan, self.design.terms, self.cross.factors)

    # ------------------------------------------------------------ the criterion
    def objective(self, theta: npt.ArrayLike) -> float:
        """Return the REML criterion or the deviance at theta.

        Parameters
        ----------
        theta : (n_theta,) array
            Relative covariance factors in the order of `theta_names`: the lower triangle of each term by
            column. Any sign: the criterion is smooth and has no bounds.

        Raises
        ------
        ArgumentError
            Wrong length or not finite.
        """
        return self.problem.value(self.response, self.checked_theta(theta))

    def gradient(self, theta: npt.ArrayLike) -> FloatArray:
        """Return the exact gradient of the criterion, (n_theta,); also right where a variance is zero."""
        return self.problem.gradient(self.response, self.checked_theta(theta))[1]

    def covariance_factors(self, theta: npt.ArrayLike) -> list[FloatArray]:
        """Return the relative covariance factor Lambda of each term, (r, r) lower triangular."""
        values, first, factors = self.checked_theta(theta), 0, []
        for r in self.term_widths:
            columns, rows = lower_places(r)
            factor = np.zeros((r, r))
            factor[rows, columns] = values[first : first + rows.size]
            first += rows.size
            factors.append(factor)
        return factors

    # ------------------------------------------------------------ fitting
    fit = Verb("fitting:fit")

    def checked_theta(self, theta: npt.ArrayLike, argument: str = "theta") -> FloatArray:
        """Return theta as an array.

        Raises
        ------
        ArgumentError
            Wrong length, not finite or not numeric.
        """
        try:
            values = np.array(theta, dtype=np.float64)
        except (TypeError, ValueError):
            raise ArgumentError(f"{argument} must be {self.n_theta} numbers, not {theta!r}") from None
        if values.shape != (self.n_theta,):
            raise ArgumentError(
                f"{argument} must have {self.n_theta} entries ({', '.join(self.theta_names)}), "
                f"it has shape {values.shape}"
            )
        if not np.isfinite(values).all():
            raise ArgumentError(f"{argument} must be finite, it is {values}")
        return values

    def checked_response(self, y: npt.ArrayLike) -> FloatArray:
        """Return another response on the used rows.

        Raises
        ------
        DataError
            Wrong length, not numeric, not finite or constant.
        RowsNotKeptError
            The model's rows were read in batches.
        """
        if self.streamed:
            raise RowsNotKeptError(
                "the rows of this model were read in batches and are not kept, so that no other response can "
                "be brought in: put it into the data as a column, and fit that"
            )
        n, n_total = self.design.nobs, self.design.nobs + self.design.n_dropped
        try:
            values = np.ascontiguousarray(y, dtype=np.float64)
        except (TypeError, ValueError):
            raise DataError(f"y must be an array of {n} numbers, not {type(y).__name__}") from None
        if values.shape == (n_total,) and n_total != n:
            values = values[self.design.rows]
        if values.shape != (n,):
            every = f", or {n_total}, one per row of the data" if n_total != n else ""
            raise DataError(f"y must have {n} values, one per used row{every}; it has shape {values.shape}")
        total = values.sum()
        if not np.isfinite(total) and not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values)))
            raise DataError(f"y is {values[row]} in used row {row} (rows count from 0): it must be finite")
        return values

    def response_of(self, y: FloatArray) -> Any:
        """Return the core's cross-products of a checked response."""
        values = self._without_offset(y)
        if values.min() == values.max():
            raise DataError(f"y is constant ({values[0]:g} in each row): there is no variation to model")
        return self.cross.response(values)

    def _without_offset(self, y: FloatArray) -> FloatArray:
        return y if self.design.offset is None else y - self.design.offset

    def _require_degrees_of_freedom(self) -> None:
        n, p = self.design.nobs, len(self.cross.kept)
        if n <= p:
            raise DataError(
                f"the {p} fixed effects reproduce the {n} rows used exactly: nothing is left for variances; "
                "take fewer fixed effects"
            )

    def __repr__(self) -> str:
        return f"Model({self.formula.text!r}, {self.design.nobs} rows, {'REML' if self.reml else 'ML'})"


def _checked_flag(argument: str, value: Any) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise ArgumentError(f"{argument}= must be True or False, not {value!r}")
    return bool(value)


@lru_cache
def lower_places(width: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return columns and rows of a lower triangle's entries, column by column: the order of theta."""
    columns, rows = np.triu_indices(width)
    return columns, rows
