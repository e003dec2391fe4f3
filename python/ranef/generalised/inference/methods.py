"""How a generalised model is tested: by the normal distribution, or Kenward and Roger's way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import ArgumentError
from ...inference.linear import LinearTest
from ...inference.linear import test as linear_test
from ...inference.testing import KnownDf, Method
from ..fit import GlmerFit
from .kenward_roger import WorkingKenwardRoger
from .uncertainty import coefficient_covariance

_NO_DEGREES = (
    "ddf={name!r} is of linear models: the tests of a generalised model are ddf='normal', or "
    "'kenward-roger' on its working linear model. See also fit.conf_int(method='profile') or 'bootstrap', "
    "and ranef.pbtest()"
)


def test_methods(fit: GlmerFit) -> dict[str, Callable[[Any], Method]]:
    """Return the methods by name; those of linear models alone say so."""

    def refused(name: str) -> Callable[[Any], Method]:
        def refuse(fit: Any) -> Method:
            raise ArgumentError(_NO_DEGREES.format(name=name))

        return refuse

    def normal(fit: Any) -> Method:
        return KnownDf(coefficient_covariance(fit), float("inf"), fit.model.coordinates)

    refusals = {name: refused(name) for name in ("satterthwaite", "residual")}
    return {"normal": normal, "kenward-roger": WorkingKenwardRoger, **refusals}


def test(
    fit: GlmerFit, L: Any, ddf: str = "normal", alternative: str = "two-sided", rhs: Any = 0.0
) -> LinearTest:
    """Test L beta = rhs by Wald's z; several at once by Wald's chi-squared over its degrees of freedom.

    Parameters
    ----------
    fit : GlmerFit
    L, alternative, rhs
        As of a linear fit, see `ranef.Fit.test`.
    ddf : {"normal", "kenward-roger"}
        Or t and F tests with the covariance and degrees of freedom of the working linear model, an
        approximation for few groups.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("cbpp")
    >>> fit = ranef.glmer("cbind(incidence, size - incidence) ~ period + (1 | herd)", data)
    >>> round(fit.test("period[T.2] - period[T.3] = 0").t, 3)
    0.358
    """
    return linear_test(fit, L, ddf, alternative, rhs)
