"""The unfitted model whose dispersion has a linear predictor of its own."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from ...arrays import FloatArray
from ...design import Functions
from ...errors import ArgumentError, quote_list
from ...verbs import Verb
from ..families import FAMILIES, Family, choose_family, kind_of
from ..families.links import LINKS
from ..second.model import SecondModel

MODELLED = tuple(name for name in FAMILIES if kind_of(name).dispersion and not kind_of(name).truncated)


class DispersedModel(SecondModel):
    """A generalised linear mixed model with a dispersion of every row, log dispersion = W gamma.

    Parameters
    ----------
    formula, data, family, link, weights, offset, agq, functions, prior
        As of `ranef.glmer`.
    dispersion : str
        A one-sided formula, the columns W.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> formula = "cbind(incidence, size - incidence) ~ period + (1 | herd)"
    >>> DispersedModel(formula, data, "betabinomial", dispersion="~ size").second.names
    ('Intercept', 'size')
    """

    argument = "dispersion"
    second_link = LINKS["log"]
    endless = (
        "some rows have no variation beyond that of a simpler family, or no two responses; merge "
        "levels, or leave the column out of dispersion="
    )
    fitted = Verb("generalised.dispersed.fit:DispersedFit", shown=False)

    def __init__(
        self,
        formula: str,
        data: Any,
        family: str = "gamma",
        link: str | None = None,
        *,
        dispersion: str = "~ 1",
        weights: str | npt.ArrayLike | None = None,
        offset: str | npt.ArrayLike | None = None,
        agq: int = 1,
        functions: Functions | None = None,
        prior: Any = None,
    ) -> None:
        chosen = choose_family(family, link)
        require_modelled(chosen)
        options: Any = {"weights": weights, "offset": offset, "agq": agq, "functions": functions}
        second = self.argument, dispersion
        self._read(formula, data, replace(chosen, modelled=True), second, prior=prior, **options)

    @property
    def core_family(self) -> str:
        """What the core calls the family."""
        return f"modelled_{self.family.name}"

    @property
    def second_title(self) -> str:
        """The heading of the table of the dispersion's coefficients."""
        kind = self.family.kind
        return f"Dispersion model (log {kind.dispersion}, variance {kind.meaning}), {self.second.text}"

    def beyond_none(self, limits: int) -> tuple[int, int] | None:
        """Return what one dispersion of all rows leaves out, or a family without one."""
        m, one = len(self.second.names), np.ones((len(self.second.columns), 1))
        if limits:
            return 0, m
        return (m - 1, 0) if not self.second.offsets and self.second.spans(one) else None

    def internal(self, theta: npt.ArrayLike, beta: npt.ArrayLike | None, dispersion: Any = ()) -> FloatArray:
        """Return parameters in the core's coordinates; `dispersion`: the coefficients of its part, (m,)."""
        return self.with_second(super().internal(theta, beta), dispersion)


def require_modelled(family: Family) -> None:
    """Raise an ArgumentError for a family that has no dispersion of rows."""
    if family.name in MODELLED:
        return
    kind = family.kind
    if kind.truncated and kind.dispersion:
        reason = "the mean of a truncated count moves with it"
    elif kind.name == "poisson":
        reason = "its variance is its mean; family='nbinom2' has a dispersion"
    else:
        reason = "it has none; family='betabinomial' has one" if kind.trials else "it has none"
    raise ArgumentError(
        f"dispersion= is for {quote_list(MODELLED)}, not for family='{family.name}': {reason}; leave "
        "dispersion= out"
    )
