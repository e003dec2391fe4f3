"""The unfitted model with a second linear predictor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ... import _core
from ...arrays import FloatArray
from ...errors import ArgumentError
from ..families.links import Link
from ..model import GlmerModel
from .part import SecondPart


class SecondModel(GlmerModel):
    """A generalised linear mixed model of whose rows a second linear predictor, zeta, tells more."""

    second: SecondPart
    saved = (*GlmerModel.saved, "second")
    argument: str  # of `ranef.glmer`, which has the formula of zeta
    second_link: Link  # of the value whose predictor is zeta
    endless: str  # why estimates of zeta's coefficients may be infinite, and what to do then

    @property
    def _from_batches(self) -> str:  # type: ignore[override]
        """Why rows that are not in memory are refused."""
        return f"{self.argument}= needs rows in memory: sums of batches keep no second linear predictor"

    @property
    def second_title(self) -> str:
        """The heading of the table of the second linear predictor's coefficients."""
        raise NotImplementedError

    @property
    def none_left(self) -> str:
        """What a search says that ended with zeta at minus infinity."""
        return ""

    def beyond_none(self, limits: int) -> tuple[int, int] | None:
        """Return how many parameters are free and how many at a limit without zeta, see `beyond`.

        limits: parameters at a limit in the family without zeta.
        """
        raise NotImplementedError

    @property
    def core_zeta(self) -> FloatArray:
        """The columns of zeta as the core has them, a column a row."""
        return self.second.internal

    @property
    def core_zeta_offset(self) -> bool:
        """Whether the last of them is an offset."""
        return bool(self.second.offsets)

    @property
    def further_names(self) -> tuple[str, ...]:
        """The core's parameters beside theta and beta, in its order."""
        second = self.second
        return (*(f"{second.argument}: {name}" for name in second.names), *super().further_names)

    @property
    def further_coefficients(self) -> tuple[tuple[str, ...], FloatArray]:
        """Names of the coefficients of zeta, and the map to them of those the core has."""
        second = self.second
        return tuple(f"{second.argument}[{name}]" for name in second.names), second.to_user

    def further_values(self, internal: FloatArray) -> FloatArray:
        """Return the coefficients of zeta, (..., m)."""
        return self.second.coefficients(internal)

    def row_kernels(self, point: Mapping[str, Any], eta: FloatArray) -> dict[str, Any]:
        """Return the derivatives of each row's log-likelihood, see `GlmerModel.row_kernels`."""
        family, zeta = self.family, self.second.predictor(self.second.columns, np.asarray(point["gamma"]))
        sums = self.sums.sums_by_row(family)
        return _core.family_kernels(
            self.core_family, family.link.name, point["psi"], *sums, np.ascontiguousarray(eta), zeta
        )

    def with_second(self, internal: FloatArray, given: npt.ArrayLike) -> FloatArray:
        """Return parameters in the core's coordinates with these coefficients of zeta, (m,)."""
        second = self.second
        gamma = np.asarray(given, dtype=np.float64)
        if gamma.shape != (len(second.names),) or not np.isfinite(gamma).all():
            raise ArgumentError(
                f"{second.argument} must be {len(second.names)} finite numbers, not {given!r}"
            )
        internal[self.places.gamma] = np.linalg.solve(second.to_user, gamma)
        return internal
