"""The unfitted model with a second linear predictor."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ... import _core
from ...arrays import FloatArray
from ...design import Functions, with_functions
from ...errors import ArgumentError
from ...formula import parse_formula
from ...frame.native import library_name
from ...pickles import weak_reference
from ...stream import source_of
from ..families import Family
from ..integration import checked_nodes
from ..model import GlmerModel
from ..reading import read_design
from .part import SecondPart, part_columns, read_part


class SecondModel(GlmerModel):
    """A generalised linear mixed model of whose rows a second linear predictor, zeta, tells more."""

    second: SecondPart
    saved = (*GlmerModel.saved, "second")

    def read(
        self,
        argument: str,
        text: str,
        formula: str,
        data: Any,
        family: Family,
        *,
        weights: str | npt.ArrayLike | None,
        offset: str | npt.ArrayLike | None,
        agq: int,
        functions: Functions | None,
        prior: Any,
    ) -> None:
        """Become the model of a formula, data, and the formula of the second linear predictor."""
        nodes = checked_nodes(agq)
        if source_of(data) is not None:
            raise ArgumentError(
                f"{argument}= needs rows in memory: sums of batches keep no second linear predictor"
            )
        parsed = with_functions(parse_formula(formula), functions)
        also = part_columns(argument, text, data, parsed.functions)
        design, sums = read_design(parsed, data, family, weights, offset, also)
        vars(self).update(
            _source=weak_reference(data),
            data_library=library_name(data),
            second=read_part(argument, text, data, np.asarray(design.rows), parsed.functions),
        )
        self.of(parsed, family, nodes, "observed", design, sums, prior, weights=weights, offset=offset)

    @property
    def second_title(self) -> str:
        """The heading of the table of the second linear predictor's coefficients."""
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
        first = self.n_theta + len(self.cross.columns)
        internal[first : first + len(gamma)] = np.linalg.solve(second.to_user, gamma)
        return internal
