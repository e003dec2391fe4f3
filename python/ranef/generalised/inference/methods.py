"""How a generalised model is tested: by the normal distribution, or Kenward and Roger's way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import ArgumentError
from ...inference.methods import KNOWN_DF
from ...inference.testing import Method
from ..fit import GlmerFit
from .kenward_roger import WorkingKenwardRoger

_NO_DEGREES = (
    "ddf={name!r} is of linear models: the tests of a generalised model are ddf='normal', or "
    "'kenward-roger' on its working linear model. See also fit.conf_int(method='profile') or 'bootstrap', "
    "and ranef.pbtest()"
)


def test_methods(fit: GlmerFit) -> dict[str, Callable[[Any], Method]]:
    """Return the methods by name; those of linear models alone say so."""

    def refused(message: str) -> Callable[[Any], Method]:
        def refuse(fit: Any) -> Method:
            raise ArgumentError(message)

        return refuse

    working = refused(fit.no_working_model) if fit.no_working_model else WorkingKenwardRoger
    refusals = {name: refused(_NO_DEGREES.format(name=name)) for name in ("satterthwaite", "residual")}
    return {"normal": KNOWN_DF["normal"], "kenward-roger": working, **refusals}
