"""Tests of a zero-inflated model, and what it has no room for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...errors import ArgumentError
from ..inference import methods as plain
from .fit import ZeroInflatedFit


def separation(fit: ZeroInflatedFit) -> None:
    """Return None: a zero may be no count, so that no combination of columns tells zeros from counts.

    An infinite estimate, of either part, is named by ``fit.optimum.message``.
    """
    return None


def test_methods(fit: ZeroInflatedFit) -> dict[str, Callable[[Any], Any]]:
    """Return the methods of testing: the normal distribution."""

    def refuse(fit: Any) -> Any:
        raise ArgumentError(
            "ddf='kenward-roger' is not available for a zero-inflated model: its working linear model "
            "would take certain zeros for counts; use ddf='normal', or compare fits by ranef.pbtest()"
        )

    return {**plain.test_methods(fit), "kenward-roger": refuse}
