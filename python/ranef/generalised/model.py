"""The unfitted generalised linear mixed model: design, cells, -2 log L and its gradient at any parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _core
from ..arrays import FloatArray
from ..cached import cached_property
from ..cross_products import cross_products
from ..design import Functions, with_functions
from ..errors import ArgumentError, DataError
from ..formula import parse_formula
from ..frame.native import library_name
from ..model import Model
from ..pickles import restoring, weak_reference
from ..stream import source_of
from ..verbs import Answer, Verb
from .families import Family, choose_family
from .integration import checked_nodes, require_information, require_quadrature
from .prior import checked_prior, internal_precision
from .reading import read_design
from .responses import Response, first_predictor, make_response
from .second.part import SecondPart, part_columns, read_part


class Places(NamedTuple):
    """Parts of the core's parameters; the logarithm of a dispersion, where there is one, is the last."""

    theta: slice
    beta: slice
    gamma: slice  # coefficients of a second linear predictor


class GlmerModel(Model):
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

    absolute_theta = (
        True  # theta are standard deviations themselves: there is no residual one to compare with
    )

    by_cells = False  # whether the rows are those of sums
    second: SecondPart | None = None  # of a model with a second linear predictor beside that of the mean
    _from_batches = (
        "GlmerModel() is of rows in memory: ranef.glmer(formula, data, family) reads batches and "
        "fits their different rows, as ranef.fit(ranef.sums(formula, data, family=family)) does"
    )

    family: Family
    agq: int
    information: str
    sums: Response
    saved: tuple[str, ...] = (
        *("formula", "family", "agq", "information", "data_library", "weights_argument", "offset_argument"),
        *("reml", "leading", "schur", "design", "sums", "prior"),
    )
    prior: Any
    core: Any

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

    coordinates = Answer[Any]("coordinates:coordinates_of")

    def _open(self) -> None:
        cross = cross_products(replace(self.design, weights=None))
        core = _core.Glmm(
            *(cross.rows, cross.design, self.core_family, self.family.link.name),
            *self.sums.arrays,
            offset=self.design.offset,
            expected=self.information == "expected",
            nodes=self.agq,
            zeta=self.core_zeta,
            zeta_offset=self.core_zeta_offset,
        )
        if self.sums.kept is not None:
            core = self.sums.given_to(core)
        if self.prior is not None:
            precision = internal_precision(core, cross, self.design.column_names, self.prior)
            core = core.variant(self.information == "expected", self.agq, precision)
        vars(self).update(cross=cross, core=core)

    @property
    def core_family(self) -> str:
        """What the core calls the family."""
        return self.family.name

    @property
    def core_zeta(self) -> FloatArray | None:
        """Columns of a second linear predictor, a column a row; None without."""
        return None

    @property
    def core_zeta_offset(self) -> bool:
        """Whether the last of them is an offset."""
        return False

    @property
    def further_names(self) -> tuple[str, ...]:
        """The core's parameters beside theta and beta, in its order."""
        return (self.family.kind.dispersion,) if self.family.dispersed else ()

    @property
    def has_sigma(self) -> bool:
        """Whether the family has a dispersion, which `GlmerFit.sigma` tells of."""
        return self.family.dispersed

    @property
    def further_coefficients(self) -> tuple[tuple[str, ...], FloatArray]:
        """Coefficients that are not the mean's: their names, and T with T g of those the core has."""
        return (), np.zeros((0, 0))

    def further_values(self, internal: FloatArray) -> FloatArray:
        """Return those coefficients of what the core has of them, (..., m)."""
        return internal

    @cached_property
    def places(self) -> Places:
        """Where the core has what among its parameters."""
        k, p, m = self.n_theta, len(self.cross.columns), len(self.further_coefficients[0])
        return Places(slice(0, k), slice(k, k + p), slice(k + p, k + p + m))

    def row_kernels(self, point: Mapping[str, Any], eta: FloatArray) -> dict[str, Any]:
        """Return derivatives of each row's log-likelihood at a linear predictor and a point of the core."""
        family = self.family
        sums = self.sums.sums_by_row(family)
        return _core.family_kernels(
            family.name, family.link.name, point["psi"], *sums, np.ascontiguousarray(eta)
        )

    @property
    def constant(self) -> float:
        """The part of the log-likelihood that depends on the data alone."""
        return self.core.constant

    def start(self) -> FloatArray:
        """Return where a search begins, in the core's coordinates: the model without random effects."""
        return np.asarray(self.core.start(first_predictor(self.family, *self.core.kept)))

    def start_without_effects(self) -> FloatArray:
        """Return the parameters of the model without random effects, in the core's coordinates."""
        at = self.start()
        at[self.places.theta] = 0.0
        return at

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

    def value_without_random_effects(self, response: Any = None) -> float:
        """Return -2 log L of the model without random effects."""
        return self._evaluate(self.start_without_effects())[0]

    def __copy__(self) -> GlmerModel:
        return self.with_response(self.sums)

    def __getstate__(self) -> dict[str, Any]:
        return {name: vars(self)[name] for name in self.saved}

    @restoring
    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._open()

    @property
    def n_theta(self) -> int:
        """Number of covariance parameters."""
        return sum(r * (r + 1) // 2 for r in self.term_widths)

    @property
    def n_cells(self) -> int:
        """Number of different rows, see the class."""
        return self.core.n_cells

    @property
    def n_parameters(self) -> int:
        """Number of parameters: fixed effects (without dropped ones), theta, the dispersion if any."""
        return len(self.cross.columns) + self.n_theta + len(self.further_names)

    @property
    def plan(self) -> Any:
        """Not there: a generalised model chooses its elimination by itself."""
        raise ArgumentError(
            "a generalised model has no plan to show; fit.model.n_cells says what it works on"
        )

    # ------------------------------------------------------------ the criterion
    def objective(
        self, theta: npt.ArrayLike, beta: npt.ArrayLike | None = None, dispersion: float | None = None
    ) -> float:
        """Return -2 log L by Laplace's approximation, constants included.

        Parameters
        ----------
        theta : (n_theta,) array
            Covariance factors in the order of `theta_names`.
        beta : (p,) array
            Fixed effects of the columns kept.
        dispersion : float, optional
            For a family that has one; see `GlmerFit.dispersion`.
        """
        return self._evaluate(self.internal(theta, beta, dispersion))[0]

    def gradient(
        self, theta: npt.ArrayLike, beta: npt.ArrayLike | None = None, dispersion: float | None = None
    ) -> FloatArray:
        """Return the exact gradient in (theta, beta, log dispersion), in the core's coordinates.

        See also
        --------
        internal : the parameters in those coordinates, for differences.
        """
        return self._evaluate(self.internal(theta, beta, dispersion))[1]

    def internal(
        self, theta: npt.ArrayLike, beta: npt.ArrayLike | None, dispersion: float | None = None
    ) -> FloatArray:
        """Return parameters in the core's coordinates, where all columns have unit size."""
        values = np.asarray(beta, dtype=np.float64)
        if values.shape != (len(self.cross.columns),) or not np.isfinite(values).all():
            raise ArgumentError(
                f"beta must be {len(self.cross.columns)} finite numbers, one per column kept, not {beta!r}"
            )
        psi = 0.0
        if self.family.dispersed:
            if dispersion is None or not 0 < dispersion < np.inf:
                raise ArgumentError(f"dispersion must be positive, not {dispersion!r}")
            psi = float(np.log(dispersion))
        return np.asarray(self.core.to_internal(self.checked_theta(theta), values, psi))

    def _evaluate(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        try:
            value, gradient = self.core.evaluate(parameters, 1e-16)
        except RuntimeError as error:
            raise ArgumentError(f"the criterion has no value at these parameters: {error}") from None
        return value - 2 * self.constant, np.asarray(gradient)

    # ------------------------------------------------------------ fitting
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
