"""The unfitted model of counts with more zeros than their family has."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ...arrays import FloatArray
from ...design import Functions
from ...errors import ArgumentError, quote_list
from ...verbs import Verb
from ..families import Family, choose_family
from ..families.links import LINKS
from ..responses import first_predictor
from ..second.model import SecondModel

INFLATED = ("poisson", "nbinom1", "nbinom2")


class ZeroInflatedModel(SecondModel):
    """A generalised linear mixed model whose rows are zero for certain with a probability of their own.

    P(y = 0) = p + (1 - p) f(0) and P(y) = (1 - p) f(y) elsewhere, where f is the family's at its mean, and
    log(p / (1 - p)) = W gamma.

    Parameters
    ----------
    formula, data, family, link, weights, offset, agq, functions, prior
        As of `ranef.glmer`.
    zero : str
        A one-sided formula, the columns W.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> ZeroInflatedModel("incidence ~ period + (1 | herd)", data, zero="~ size").second.names
    ('Intercept', 'size')
    """

    argument = "zero"
    second_link = LINKS["logit"]
    endless = "in some rows every zero, or none, is a count; merge levels, or leave the column out of zero="
    fitted = Verb("generalised.inflated.fit:ZeroInflatedFit", shown=False)

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
        chosen = choose_family(family, link)
        require_inflatable(chosen)
        options: Any = {"weights": weights, "offset": offset, "agq": agq, "functions": functions}
        self._read(formula, data, chosen, (self.argument, zero), prior=prior, **options)
        if not (self.sums.y == 0).any():
            raise ArgumentError(
                f"zero={zero!r}: the response '{self.design.response_name}' is never zero; leave zero= out"
            )

    @property
    def second_title(self) -> str:
        """The heading of the table of the zero part."""
        return f"Zero-inflation model (logit), {self.second.text}"

    @property
    def core_family(self) -> str:
        """What the core calls the family."""
        return f"inflated_{self.family.name}"

    @property
    def none_left(self) -> str:
        """What a search says that left no zeros that are no counts."""
        return (
            "no zero inflation is left: the probability of a zero that is no count runs to zero, plain "
            f"{self.family.kind.label}; leave zero= out"
        )

    def beyond_none(self, limits: int) -> tuple[int, int]:
        """Return that all of zeta lies at a limit where no zero is inflated.

        The probability of a zero that is no count is then zero, at the edge of what it can be. With one
        probability for all rows the likelihood ratio is half chi2_0 and half chi2_1; of further coefficients
        the data say nothing there, and its distribution has no such form: `ranef.pbtest`.
        """
        return 0, limits + len(self.second.names)

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
        return self.with_second(super().internal(theta, beta, dispersion), zero)


def require_inflatable(family: Family) -> None:
    """Raise an ArgumentError for a family whose zeros cannot be inflated."""
    if family.name in INFLATED:
        return
    kind = family.kind
    if kind.truncated:
        reason = "a hurdle model's zeros are a binomial model of their own"
    elif kind.trials:
        reason = "zero= is for counts without an upper limit; a level of each row takes up such rows as well"
    else:
        reason = "its responses are no counts"
    raise ArgumentError(
        f"zero= is for {quote_list(INFLATED)}, not for family='{family.name}': {reason}; leave zero= out"
    )
