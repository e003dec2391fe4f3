"""The unfitted generalised linear mixed model: made of formula and data, of another response, of a pickle."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..design import Functions, with_functions
from ..errors import ArgumentError, DataError
from ..formula import parse_formula
from ..frame.native import library_name
from ..pickles import restoring, weak_reference
from ..stream import source_of
from ..verbs import Verb
from .criterion import GlmerCriterion
from .families import Family, choose_family
from .integration import checked_nodes, require_information, require_quadrature
from .prior import checked_prior
from .reading import read_design
from .responses import Response, make_response
from .second.part import part_columns, read_part


class GlmerModel(GlmerCriterion):
    """A generalised linear mixed model with its data, not yet fitted.

    Rows that are equal in X, in the columns and levels of the random terms and in the offset are merged to
    cells; nothing behind them grows with the number of rows.

    Parameters
    ----------
    formula, data, family, link, weights, offset, agq, information
        As of `ranef.glmer`.

    Attributes
    ----------
    family : Family
    sums : Response
        The response as the family sums it.
    design : Design
    cross : CrossProducts
        Gives the names of the factors and the columns kept; its products are not used.
    core : _core.Glmm

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> model = GlmerModel("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> model.n_cells, model.n_theta
    (56, 1)
    """

    by_cells = False  # whether the rows are those of sums
    _from_batches = (
        "GlmerModel() is of rows in memory: ranef.glmer(formula, data, family) reads batches and "
        "fits their different rows, as ranef.fit(ranef.sums(formula, data, family=family)) does"
    )

    saved: tuple[str, ...] = (
        *("formula", "family", "agq", "information", "data_library", "weights_argument", "offset_argument"),
        *("reml", "leading", "schur", "design", "sums", "prior"),
    )

    def __init__(
        self,
        formula: str,
        data: Any,
        family: str = "binomial",
        link: str | None = None,
        *,
        weights: str | npt.ArrayLike | None = None,
        offset: str | npt.ArrayLike | None = None,
        agq: int = 1,
        information: str = "observed",
        functions: Functions | None = None,
        prior: Any = None,
    ) -> None:
        chosen = choose_family(family, link)
        options: Any = {"weights": weights, "offset": offset, "agq": agq, "functions": functions}
        self._read(formula, data, chosen, information=information, prior=prior, **options)

    def _read(
        self,
        formula: str,
        data: Any,
        family: Family,
        second: tuple[str, str] | None = None,
        *,
        weights: str | npt.ArrayLike | None,
        offset: str | npt.ArrayLike | None,
        agq: int,
        functions: Functions | None,
        prior: Any,
        information: str = "observed",
    ) -> None:
        """Become the model of a formula and data; `second`: argument and formula of a second predictor."""
        nodes = checked_nodes(agq)
        require_information(information, nodes, family)
        parsed = with_functions(parse_formula(formula), functions)
        if source_of(data) is not None:
            raise ArgumentError(self._from_batches)
        also = () if second is None else part_columns(*second, data, parsed.functions)
        design, sums = read_design(parsed, data, family, weights, offset, also)
        vars(self).update(_source=weak_reference(data), data_library=library_name(data))
        if second is not None:
            rows = np.asarray(design.rows)
            vars(self).update(second=read_part(*second, data, rows, parsed.functions))
        self.of(parsed, family, nodes, information, design, sums, prior, weights=weights, offset=offset)

    def of(
        self, formula: Any, family: Family, agq: int, information: str, design: Any, sums: Response,
        prior: Any, *, weights: Any, offset: Any,
    ) -> GlmerModel:  # fmt: skip
        """Become the model of a design and a response, both checked; for those who make models."""
        vars(self).update(
            formula=formula,
            family=family,
            agq=agq,
            information=information,
            weights_argument=weights if isinstance(weights, str) else None,
            offset_argument=offset if isinstance(offset, str) else None,
            reml=False,
            leading="auto",
            schur="auto",
            design=design,
            sums=sums,
            prior=checked_prior(prior, agq),
        )
        if agq > 1:
            require_quadrature(agq, [factor.name for factor in design.factors], sum(self.term_widths))
        self._open()
        return self

    def with_response(self, sums: Response) -> GlmerModel:
        """Return the model of another response of the same rows, whose cells are found already."""
        return self._with_core(sums, sums.given_to(self.core))

    def with_values(self, y: npt.ArrayLike) -> GlmerModel:
        """Return the model of other values of the response, proportions where there are trials.

        Raises
        ------
        DataError
            For values the family cannot have.
        """
        values, sums = self.design.shaped_response(y), self.sums
        given = replace(sums, y=values)
        core = self.core.with_response(*given.arrays)
        if core.good:
            return self._with_core(given, core)
        values = self.design.checked_response(values)  # says what is wrong, or rounds
        trials = sums.trials if self.family.kind.trials else None
        successes = values if trials is None else values * trials
        rows = np.asarray(self.design.rows)
        name = self.design.response_name
        found = make_response(self.family, successes, trials, sums.weights, name, rows.__getitem__)
        return self.with_response(found)

    def _with_core(self, sums: Response, core: Any) -> GlmerModel:
        other = type(self).__new__(type(self))
        same = {name: vars(self)[name] for name in ("cross", "problem") if name in vars(self)}
        vars(other).update(self.__getstate__(), **same, sums=sums, core=core)
        return other

    def variant(self, *, reml: bool | None = None, design: Any = None, **other: Any) -> GlmerModel:
        """Return the model with another design of the same rows: fewer columns, other random terms."""
        if reml:
            raise ArgumentError(
                "a generalised model is fitted by maximum likelihood: it has no REML criterion"
            )
        if design is None:
            return self
        found = type(self).__new__(type(self))
        vars(found).update(self.__getstate__(), design=design)
        found._open()
        return found

    def fit_like(self, fit: Any) -> Any:
        """Fit the model to the response of a fit, which is its own."""
        return self.with_response(fit.response).fit()

    def __copy__(self) -> GlmerModel:
        return self.with_response(self.sums)

    def __getstate__(self) -> dict[str, Any]:
        return {name: vars(self)[name] for name in self.saved}

    @restoring
    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()

    @property
    def plan(self) -> Any:
        """Not there: a generalised model chooses its elimination by itself."""
        raise ArgumentError(
            "a generalised model has no plan to show; fit.model.n_cells says what it works on"
        )

    fit = Verb("generalised.fitting:fit_model")
    fitted = Verb("generalised.fit:GlmerFit", shown=False)

    def without_start(self) -> DataError:
        """Return the error of a model whose mean cannot be kept in its range."""
        return DataError(
            f"the mean leaves the range of the {self.family.kind.label} family with the "
            f"{self.family.link.name} link wherever the search begins: use "
            f"link='{self.family.kind.links[0]}', or check offset= and the columns of the fixed part for "
            "large values"
        )

    def __repr__(self) -> str:
        return (
            f"GlmerModel({self.formula.text!r}, {self.design.nobs} rows, {self.n_cells} cells, {self.family})"
        )
