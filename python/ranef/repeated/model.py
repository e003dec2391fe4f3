"""A model for repeated measures with its data: design, visits, pair sums; the criterion at any theta."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..arrays import FloatArray
from ..cached import cached_property
from ..coordinates import Coordinates
from ..cross_products import EstimatedColumns, require_sizes
from ..design import Functions, build_design, with_functions
from ..design.subset import columns_of, rows_of
from ..errors import ArgumentError, require_choice, require_flag
from ..formula.visit_term import SPATIAL, STRUCTURES, read_term
from ..frame.native import library_name
from ..stream import source_of
from ..sufficient.finishing_visits import finish_visits, read_visits, require_own_model
from ..sufficient.sums import Sums
from .plan import MOST_SUMS, VisitPlan
from .visits import find_visits, require_identified, require_single_rows, summed_visits


class VisitModel:
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

    whitened = True  # no cross-products of the rows as they are
    _parts: dict[str, Any] | None = None  # what the sums are made of, where rows are not kept

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

    # The core's objects follow from the design, at the price of one pass over its rows.
    def __getstate__(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in self.__dict__.copy().items()
            if name not in ("sums", "_measures", "coordinates")
        }

    @property
    def streamed(self) -> bool:
        """Whether the rows were read in batches, or are elsewhere, and are not in memory."""
        return self._parts is not None

    @property
    def y(self) -> FloatArray:
        """The response of the rows used, without the offset."""
        return self.design.without_offset(self.design.response)

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

    def with_response(self, y: FloatArray) -> VisitModel:
        """Return the model of another response of the rows used."""
        out = copy(self)
        out.design = replace(self.design, response=y)
        require_sizes(out.design)
        return out

    def with_rows(self, rows: npt.NDArray[np.bool_]) -> VisitModel:
        """Return the model of some subjects."""
        out = copy(self)
        out.design, out.visits = rows_of(self.design, rows), self.visits.some(rows)
        for name in ("cross", "plan"):
            vars(out).pop(name, None)
        return out

    def with_columns(self, columns: Sequence[int]) -> VisitModel:
        """Return the model of some columns of X."""
        out = copy(self)
        out.design = columns_of(self.design, columns)
        for name in ("cross", "plan"):
            vars(out).pop(name, None)
        return out

    def with_criterion(self, reml: bool) -> VisitModel:
        """Return the model by REML or maximum likelihood."""
        out = copy(self)
        out.reml = reml
        return out

    @cached_property
    def cross(self) -> EstimatedColumns:
        """Which columns of X have a coefficient."""
        return EstimatedColumns(np.asarray(self.sums.kept, dtype=np.intp))

    @cached_property
    def coordinates(self) -> Coordinates:
        """The core's, in which quadratic forms are made."""
        shift, scale, constant = (np.array(part) for part in self.sums.coordinates)
        constant = constant if constant.size else np.zeros(shift.size)
        return Coordinates(shift, scale, constant, (), self.cross.columns)

    @property
    def nobs(self) -> int:
        """Number of rows used."""
        return self.design.nobs

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
