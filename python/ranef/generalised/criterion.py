"""-2 log L of a generalised model and its gradient at any parameters: what the core is given, and answers."""

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
from ..errors import ArgumentError
from ..model import Model
from .families import Family
from .prior import internal_precision
from .responses import Response, first_predictor
from .second.part import SecondPart


class Places(NamedTuple):
    """Parts of the core's parameters; the logarithm of a dispersion, where there is one, is the last."""

    theta: slice
    beta: slice
    gamma: slice  # coefficients of a second linear predictor


class GlmerCriterion(Model):
    """The part of a `GlmerModel` that knows the core: its cells, its parameters, the criterion."""

    absolute_theta = True  # standard deviations themselves: there is no residual one to compare with
    second: SecondPart | None = None  # of a model with a second linear predictor beside that of the mean
    family: Family
    agq: int
    information: str
    sums: Response
    prior: Any
    core: Any

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

    def value_without_random_effects(self, response: Any = None) -> float:
        """Return -2 log L of the model without random effects."""
        return self._evaluate(self.start_without_effects())[0]

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
