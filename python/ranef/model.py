"""The unfitted model: design, cross-products, problem; the criterion and its gradient at any theta."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _core
from .arrays import FloatArray
from .cached import cached_property
from .cross_products import CrossProducts, cross_products
from .design import Design, Functions, with_functions
from .digits import require_digits
from .errors import (
    ArgumentError,
    DataError,
    FitError,
    RowsNotKeptError,
    require_choice,
    require_flag,
    require_progress,
)
from .formula import Formula, parse_formula
from .guidance.arguments import guided
from .guidance.elsewhere import Explained, explained, of_a_model
from .guidance.words import OF_A_MODEL
from .guidance.words_of_arguments import OF_LINEAR_MODELS
from .independent_residuals import IndependentResiduals
from .pickled import WRITTEN_BY, take_version
from .pickles import restoring, weak_reference
from .plan import Plan
from .planning import planned, why_iterative
from .sufficient.finishing import require_own_formula
from .sufficient.reading import read_data
from .sufficient.sums import Sums
from .theta import checked, names, unpack
from .verbs import Answer, Verb

LEADING = ("auto", "classes", "groups")
SCHUR = ("auto", "dense", "sparse", "iterative", "any")


class Model(IndependentResiduals, metaclass=Explained):
    """A linear mixed model with its data, not yet fitted: for refits, and for those who bring an optimiser.

    The data are read once, here. Nothing after that costs more for more rows, except a new response.

    Parameters
    ----------
    formula : str
        In the language of lme4, such as ``"reaction ~ days + (days | subject)"``.
    data : pandas, polars or pyarrow table, or dict of arrays
        One row per observation; rows with a missing value in a used column are dropped. Or a source of
        batches that need not fit in memory: `ranef.batches`, a pyarrow Dataset, a polars LazyFrame. Or
        `ranef.sums` of the same formula.
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
    schur : {"auto", "dense", "sparse", "iterative", "any"}
        How to factor the Schur complement of the rest; ``"iterative"``: not at all, see
        `ranef.Iterations`; ``"any"``: exactly, or by iterations where that would not fit into memory or take
        long.
    functions : dict of str to function, optional
        Your own, by the names the formula calls them: ``functions={"half": lambda x: x / 2}`` for
        ``half(x)``. They get the columns of the rows as pandas Series, and give one value per row.
    progress : bool, optional
        Whether to show how far the reading of batches or partitions is; by default in a terminal, when it
        takes more than a second.

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

    formula: Formula
    data_library: str
    weights_argument: str | None
    offset_argument: str | None
    reml: bool
    design: Design
    cross: CrossProducts
    response: Any
    leading: str
    schur: str
    reading: str = ""  # how rows that are not in memory were read
    _source: Any = None  # does not keep the table alive, and stays behind in pickles
    absolute_theta = False  # whether theta are standard deviations themselves, not relative to sigma
    whitened: bool = False  # whether the cross-products are of other rows than the design's
    _words = OF_A_MODEL  # for messages
    _FIELDS: tuple[str, ...] = (
        *("formula", "data_library", "weights_argument", "offset_argument"),
        *("reml", "design", "cross", "response", "leading", "schur", "reading"),
    )

    @guided(**OF_LINEAR_MODELS)
    def __init__(
        self,
        formula: str | Formula,
        data: Any,
        *,
        reml: bool = True,
        weights: str | npt.ArrayLike | None = None,
        offset: str | npt.ArrayLike | None = None,
        allow_saturated: bool = False,
        leading: str = "auto",
        schur: str = "auto",
        functions: Functions | None = None,
        progress: bool | None = None,
    ) -> None:
        require_choice("leading", leading, LEADING)
        require_choice("schur", schur, SCHUR)
        require_flag("allow_saturated", allow_saturated)
        require_progress(progress)
        if leading == "classes" and schur in ("sparse", "iterative"):
            raise ArgumentError("leading='classes' makes the Schur complement dense: use schur='auto'")
        parsed = formula if isinstance(formula, Formula) else parse_formula(formula)
        parsed = with_functions(parsed, functions)
        if isinstance(data, Sums):
            require_own_formula(data, parsed, weights, offset)
            weights, offset = data.weights, data.offset
        vars(self).update(
            read_data(parsed, data, weights, offset, allow_saturated, progress),
            _source=weak_reference(data),
            formula=parsed,
            weights_argument=weights if isinstance(weights, str) else None,
            offset_argument=offset if isinstance(offset, str) else None,
            reml=require_flag("reml", reml),
            leading=leading,
            schur=schur,
        )
        self.design.require_more_rows(self.cross.rank)
        require_digits(self.design, self.cross, self.response)
        try:
            self.problem  # noqa: B018, planned here, where what was asked for can be refused
        except ValueError as error:
            raise ArgumentError(f"leading='{leading}', schur='{schur}': {error}") from None

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("a model", OF_A_MODEL, of_a_model)

    @property
    def source(self) -> Any:
        """The table the model was made from, as long as someone else holds it; else None."""
        return None if self._source is None else self._source()

    @cached_property
    def problem(self) -> Any:
        """The core's problem: cross-products, criterion, plan."""
        return planned(self.cross.design, self.reml, self.leading, self.schur)

    def variant(
        self,
        *,
        reml: bool | None = None,
        design: Design | None = None,
        cross: CrossProducts | None = None,
        response: Any = None,
    ) -> Model:
        """Return the model with another criterion or other data, planned as this one was asked to be.

        The only way from a model to a model; ``variants.py`` has those with fewer columns, terms or rows.

        Parameters
        ----------
        reml : bool, optional
        design : Design, optional
            Its rows are read, unless its cross-products are given too.
        cross : CrossProducts, optional
        response : _core.ResponseCross, optional
            With `cross`.
        """
        other = type(self).__new__(type(self))
        vars(other).update(self._parts(), _source=self._source)
        if design is not None and cross is None:
            cross, response = other._sums(design)
        changes = {"reml": reml, "design": design, "cross": cross, "response": response}
        vars(other).update({name: value for name, value in changes.items() if value is not None})
        return other

    def with_all_rows(self) -> Model:
        """Return the model with its rows: itself; for a study of another size one whose rows are made."""
        return self

    def _sums(self, design: Design) -> tuple[CrossProducts, Any]:
        """Return the cross-products of the rows of a design, and of its response."""
        cross = cross_products(design)
        return cross, cross.response(design.without_offset(design.response))

    def _parts(self) -> dict[str, Any]:
        """What the model consists of; the rest follows from it."""
        return {name: value for name, value in vars(self).copy().items() if name in self._FIELDS}

    def __copy__(self) -> Model:
        return self.variant()

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"a model does not change: {name} is set when it is made")

    # The core's objects stay behind: they follow from the design, at the price of one pass over its rows. Of
    # rows that were read in batches the cross-products are all there is.
    def __getstate__(self) -> dict[str, Any]:
        follow = set() if self.streamed else {"cross", "response"}
        parts = {name: value for name, value in self._parts().items() if name not in follow}
        return parts | WRITTEN_BY

    @restoring
    def __setstate__(self, state: dict[str, Any]) -> None:
        take_version(state, "a model")
        vars(self).update(state)
        if "cross" not in state:
            cross, response = self._sums(self.design)
            vars(self).update(cross=cross, response=response)

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
        return self.cross.rank + self.n_theta + 1

    @property
    def df_sigma(self) -> int:
        """Rows that sigma^2 is a mean over: less the fixed effects by REML."""
        return self.nobs - (self.cross.rank if self.reml else 0)

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
        return names([(term.group, term.columns) for term in self.design.terms])

    @cached_property
    def plan(self) -> Plan:
        """How the criterion is computed: leading term, classes, Schur complement."""
        plan = self.problem.plan
        if self.schur == "any" and plan["schur"] == "iterative":
            plan = plan | {"reason": why_iterative(self.cross.design)}
        return Plan.of(plan, self.design.terms, self.cross.factors, self.reading)

    @cached_property
    def covariance_products(self) -> dict[str, FloatArray] | None:
        """Traces of products of what the elements of D multiply; None where X'X has no Cholesky factor here.

        From them follows, whatever the response, which parameters have an estimate (``optimize/flat.py``).
        """
        try:
            return dict(_core.covariance_products(self.problem))
        except RuntimeError:
            return None

    @cached_property
    def by_iterations(self) -> bool:
        """Whether the plan is to solve by iterations, without an exact criterion."""
        return bool(self.problem.plan["schur"] == "iterative")

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
        ArgumentError, FitError
            Wrong length or not finite; the criterion has no value there.
        """
        return self._evaluated("value", theta)

    def gradient(self, theta: npt.ArrayLike) -> FloatArray:
        """Return the exact gradient of the criterion, (n_theta,); also right where a variance is zero."""
        return self._evaluated("gradient", theta)[1]

    def _evaluated(self, what: str, theta: npt.ArrayLike) -> Any:
        try:
            return getattr(self.problem, what)(self.response, self.checked_theta(theta))
        except RuntimeError as error:
            raise FitError(f"the criterion has no value at this theta: {error}") from None

    def value_without_random_effects(self, response: Any) -> float:
        """Return the criterion of the linear model with the same fixed part."""
        return float(self.problem.value(response, np.zeros(self.n_theta)))

    def covariance_factors(self, theta: npt.ArrayLike) -> list[FloatArray]:
        """Return the relative covariance factor Lambda of each term, (r, r) lower triangular."""
        return unpack(self.checked_theta(theta), self.term_widths)

    # ------------------------------------------------------------ fitting
    fit = Verb("fitting:fit")
    fit_like = Verb("inference.comparison.submodels:fit_like", shown=False)
    coordinates = Answer[Any]("coordinates:coordinates_of")

    def checked_theta(self, theta: npt.ArrayLike, argument: str = "theta") -> FloatArray:
        """Return theta as an array.

        Parameters
        ----------
        theta : (n_theta,) array
        argument : str
            What messages call it.

        Raises
        ------
        ArgumentError
            Wrong length, not finite or not numeric.
        """
        return checked(theta, self.theta_names, argument)

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
        return self.design.checked_response(y)

    def response_of(self, y: FloatArray) -> Any:
        """Return the core's cross-products of a checked response."""
        values = np.asarray(self.design.without_offset(y))
        if values[0] == values[-1] and values.min() == values.max():  # the first test is enough nearly always
            raise DataError(f"y is constant ({values[0]:g} in each row): there is no variation to model")
        return self.cross.response(values)

    def __repr__(self) -> str:
        return f"Model({self.formula.text!r}, {self.design.nobs} rows, {'REML' if self.reml else 'ML'})"
