"""A model for repeated measures with its data: design, visits, pair sums; the criterion at any theta."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..arrays import FloatArray
from ..cached import cached_property
from ..coordinates import Coordinates
from ..cross_products import EstimatedColumns, require_sizes
from ..design import Functions, GroupingFactor, build_design, with_functions
from ..errors import ArgumentError, RowsNotKeptError, require_choice, require_flag
from ..formula.visit_term import SPATIAL, STRUCTURES, read_term
from ..frame.native import library_name
from ..residual.rows_model import RowsModel
from ..stream import source_of
from ..sufficient.finishing_visits import finish_visits, read_visits, require_own_model
from ..sufficient.sums import Sums
from .plan import MOST_SUMS, VisitPlan
from .visits import find_visits, require_identified, require_single_rows, summed_visits


class VisitModel(RowsModel):
    """A linear model whose rows of one subject have a covariance matrix over visits.

    The data are read once, here, into sums of products by pattern of missing visits: nothing after that
    costs more for more subjects.

    Parameters
    ----------
    formula : str
        With one term for the covariance, ``"fev1 ~ base + arm * visit + us(visit | arm / id)"``.
    data : pandas, polars or pyarrow table, or dict of arrays
        Or a source of batches, or sums, as `ranef.Model` takes them.
    reml : bool
    weights, offset : column name or array, optional
    check : bool
        Require visits that identify the structure of the formula; without, another structure may still do.

    Attributes
    ----------
    formula : Formula
        Without the covariance term.
    term : VisitTerm
    design : Design
    visits : Visits
    reml : bool
    """

    _parts: dict[str, Any] | None = None  # what the sums are made of, where rows are not kept
    # The core's objects follow from the design, at the price of one pass over its rows.
    _FOLLOWS = ("X", "sums", "_measures", "coordinates", "cross", "plan")

    def __init__(
        self,
        formula: str,
        data: Any,
        *,
        reml: bool = True,
        weights: str | npt.ArrayLike | None = None,
        offset: str | npt.ArrayLike | None = None,
        check: bool = True,
        functions: Functions | None = None,
    ) -> None:
        self.term, parsed = read_term(formula)
        self.formula = with_functions(parsed, functions)
        self.reml = require_flag("reml", reml)
        self.data_library = library_name(data)  # tables return as they came
        source = source_of(data)
        if source is not None:
            self.data_library = source.library
            data = read_visits(self.formula, self.term, source, weights, offset)
        elif isinstance(data, Sums):
            self.data_library = ""
            require_own_model(data, self.formula, self.term, weights, offset)
        if isinstance(data, Sums):
            found = finish_visits(data, self.formula, self.term)
            self.design, self._parts = found.design, found.parts
            self.visits = summed_visits(self.term, found)
        else:
            self.design = build_design(self.formula, data, weights, offset, also=self.term.columns)
            require_sizes(self.design)
            self.visits = find_visits(self.term, data, self.design.kept)
            require_single_rows(self.visits, self.sums, self.term, self.design.rows)
        self.design.require_more_rows(self.cross.rank)
        if check:
            require_identified(self.visits, self.sums, self.term.structure)

    @property
    def streamed(self) -> bool:  # type: ignore[override]
        """Whether the rows were read in batches, or are elsewhere, and are not in memory."""
        return self._parts is not None

    @property
    def subjects(self) -> GroupingFactor:
        """Whose rows correlate."""
        visits = self.visits
        return GroupingFactor(":".join(self.term.subject), visits.subject, visits.subject_levels)

    @cached_property
    def sums(self) -> Any:
        """The core's sums of products by pattern of missing visits."""
        if self._parts is not None:
            return _core.pair_sums_of_parts(**self._parts)
        design, visits = self.design, self.visits
        return _core.PairSums(
            design.X,
            design.constant,
            self.y,
            design.weights,
            visits.subject,
            visits.visit,
            visits.arm,
            len(visits.subject_levels),
            len(visits.visit_levels),
            len(visits.arms),
            MOST_SUMS,
        )

    def checked_response(self, y: npt.ArrayLike) -> FloatArray:
        """Return another response on the used rows, see `Design.checked_response`.

        Raises RowsNotKeptError: the rows were read in batches.
        """
        if self.streamed:
            raise RowsNotKeptError(
                "the rows of this model were read in batches and are not kept, so that no other response can "
                "be brought in: put it into the data as a column, and fit that"
            )
        return super().checked_response(y)

    def _of_rows(self, rows: npt.NDArray[np.bool_]) -> dict[str, Any]:
        return {"visits": self.visits.some(rows)}

    def _changed(self, **parts: Any) -> VisitModel:
        if self.streamed:
            raise RowsNotKeptError(
                "this needs the rows, which were read in batches and are not kept: fit the smaller model to "
                "the same batches with reml=False and compare the two by ranef.anova(small, large)"
            )
        return super()._changed(**parts)

    @cached_property
    def cross(self) -> EstimatedColumns:
        """Which columns of X have a coefficient."""
        return EstimatedColumns(np.asarray(self.sums.kept, dtype=np.intp))

    @cached_property
    def coordinates(self) -> Coordinates:  # type: ignore[override]
        """The core's, in which quadratic forms are made."""
        shift, scale, constant = (np.array(part) for part in self.sums.coordinates)
        constant = constant if constant.size else np.zeros(shift.size)
        return Coordinates(shift, scale, constant, (), self.cross.columns)

    @cached_property
    def plan(self) -> VisitPlan:
        """How the criterion is computed."""
        return VisitPlan.of(self)

    @cached_property
    def _measures(self) -> dict[str, Any]:
        return {}

    def measures(self, structure: str) -> Any:
        """Return the core's problem with a structure."""
        require_choice("structure", structure, tuple(STRUCTURES))
        if structure not in self._measures:
            times = self.visits.times if structure in SPATIAL else None
            if structure in SPATIAL and times is None:
                raise ArgumentError(f"{structure}() needs times as numbers, '{self.term.visit}' holds text")
            given = [] if times is None else times.tolist()
            self._measures[structure] = _core.RepeatedMeasures(self.sums, structure, given, self.reml)
        return self._measures[structure]

    def checked_theta(self, theta: npt.ArrayLike, structure: str, argument: str = "theta") -> FloatArray:
        """Return theta as an array, or raise an ArgumentError.

        Parameters
        ----------
        theta : array
            Parameters of the structure.
        structure : str
        argument : str
            What messages call it.
        """
        size = self.measures(structure).n_theta
        try:
            values = np.array(theta, dtype=np.float64)
        except (TypeError, ValueError):
            raise ArgumentError(f"{argument} must be {size} numbers, not {theta!r}") from None
        if values.shape != (size,) or not np.isfinite(values).all():
            raise ArgumentError(
                f"{argument} must have {size} finite entries for {structure}, it has shape {values.shape}"
            )
        return values

    def objective(self, theta: npt.ArrayLike, structure: str | None = None) -> float:
        """Return the criterion at theta, infinity where a covariance matrix is not positive definite.

        Parameters
        ----------
        theta : array
            Parameters of the structure.
        structure : str, optional
            By default the formula's.
        """
        name = structure or self.term.structure
        values = self.checked_theta(theta, name)
        try:
            return float(self.measures(name).at(values).value)
        except RuntimeError:
            return float("inf")

    def __repr__(self) -> str:
        return f"VisitModel({self.formula.text!r}, {self.nobs} rows, {'REML' if self.reml else 'ML'})"
