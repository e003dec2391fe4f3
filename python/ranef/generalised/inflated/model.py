"""The unfitted model of counts with more zeros than their family has."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...arrays import FloatArray
from ...design import Functions, with_functions
from ...errors import ArgumentError
from ...formula import parse_formula
from ...frame.native import library_name
from ...pickles import weak_reference
from ...stream import source_of
from ..families import choose_family
from ..integration import checked_nodes
from ..model import GlmerModel
from ..reading import read_design
from ..responses import first_predictor
from .zero_part import ZeroPart, read_zero_part, require_inflatable, zero_columns


class ZeroInflatedModel(GlmerModel):
    """A generalised linear mixed model whose rows are zero for certain with a probability of their own.

    P(y = 0) = p + (1 - p) f(0) and P(y) = (1 - p) f(y) elsewhere, where f is the family's at its mean, and
    log(p / (1 - p)) = W gamma.

    Parameters
    ----------
    formula, data, family, link, weights, offset, agq, functions, prior
        As of `ranef.glmer`.
    zero : str
        A one-sided formula, the columns W.

    Attributes
    ----------
    zero : ZeroPart

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> ZeroInflatedModel("incidence ~ period + (1 | herd)", data, zero="~ size").zero.names
    ('Intercept', 'size')
    """

    zero: ZeroPart
    saved = (*GlmerModel.saved, "zero")

    def __init__(
        self,
        formula: str,
        data: Any,
        family: str = "poisson",
        link: str | None = None,
        *,
        zero: str = "~ 1",
        weights: str | npt.ArrayLike | None = None,
        offset: str | npt.ArrayLike | None = None,
        agq: int = 1,
        functions: Functions | None = None,
        prior: Any = None,
    ) -> None:
        chosen, nodes = choose_family(family, link), checked_nodes(agq)
        require_inflatable(chosen)
        if source_of(data) is not None:
            raise ArgumentError("zero= needs rows in memory: sums of batches keep no second linear predictor")
        parsed = with_functions(parse_formula(formula), functions)
        also = zero_columns(zero, data, parsed.functions)
        design, sums = read_design(parsed, data, chosen, weights, offset, also)
        if not (sums.y == 0).any():
            raise ArgumentError(
                f"zero={zero!r}: the response '{design.response_name}' is never zero; leave zero= out"
            )
        vars(self).update(
            _source=weak_reference(data),
            data_library=library_name(data),
            zero=read_zero_part(zero, data, np.asarray(design.rows), parsed.functions),
        )
        self.of(parsed, chosen, nodes, "observed", design, sums, prior, weights=weights, offset=offset)

    @property
    def core_family(self) -> str:
        """What the core calls the family."""
        return f"inflated_{self.family.name}"

    @property
    def core_zero(self) -> FloatArray:
        """W as the core has it, a column a row."""
        return self.zero.internal

    @property
    def further_names(self) -> tuple[str, ...]:
        """The core's parameters beside theta and beta, in its order."""
        return (*(f"zero: {name}" for name in self.zero.names), *super().further_names)

    @property
    def further_coefficients(self) -> tuple[tuple[str, ...], FloatArray]:
        """Names of the coefficients of the zero part, and the map to them of those the core has."""
        return tuple(f"zero[{name}]" for name in self.zero.names), self.zero.to_user

    def further_values(self, internal: FloatArray) -> FloatArray:
        """Return the coefficients of the zero part, (..., m)."""
        return self.zero.coefficients(internal)

    def start(self) -> FloatArray:
        """Return where a search begins, in the core's coordinates: the model without random effects."""
        count, first, second = self.core.kept
        return np.asarray(self.core.start(first_predictor(self.family, np.ones_like(count), first, second)))

    def objective(
        self,
        theta: npt.ArrayLike,
        beta: npt.ArrayLike | None = None,
        dispersion: float | None = None,
        zero: npt.ArrayLike = (),
    ) -> float:
        """Return -2 log L, see `GlmerModel.objective`; `zero`: the coefficients of the zero part, (m,)."""
        return self._evaluate(self.internal(theta, beta, dispersion, zero))[0]

    def gradient(
        self,
        theta: npt.ArrayLike,
        beta: npt.ArrayLike | None = None,
        dispersion: float | None = None,
        zero: npt.ArrayLike = (),
    ) -> FloatArray:
        """Return the exact gradient in (theta, beta, zero, log dispersion), in the core's coordinates."""
        return self._evaluate(self.internal(theta, beta, dispersion, zero))[1]

    def internal(
        self,
        theta: npt.ArrayLike,
        beta: npt.ArrayLike | None,
        dispersion: float | None = None,
        zero: npt.ArrayLike = (),
    ) -> FloatArray:
        """Return parameters in the core's coordinates; `zero`: the coefficients of the zero part, (m,)."""
        gamma = np.asarray(zero, dtype=np.float64)
        if gamma.shape != (len(self.zero.names),) or not np.isfinite(gamma).all():
            raise ArgumentError(f"zero must be {len(self.zero.names)} finite numbers, not {zero!r}")
        out = super().internal(theta, beta, dispersion)
        first = self.n_theta + len(self.cross.columns)
        out[first : first + len(gamma)] = np.linalg.solve(self.zero.to_user, gamma)
        return out
