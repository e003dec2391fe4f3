"""The summary of a fit with residuals of its own: that of any fit, and the residuals' parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..report.brief import brief as plain_brief
from ..report.brief import brief_html as plain_brief_html
from ..report.broom import component_columns as plain_columns
from ..report.summary import Shown
from ..report.summary import summary_of as plain_summary
from ..show import Document, Printed


@dataclass(frozen=True, eq=False, repr=False)
class ResidualSummary(Printed):
    """A summary with the residuals' parameters below."""

    plain: Any = field(repr=False)
    residual: Any = field(repr=False)

    def document(self) -> Document:
        """Return the parts."""
        return [*self.plain.document(), *self.residual.document()]

    def __str__(self) -> str:
        return f"{self.plain}\n\n{self.residual}"


def summary_of(fit: Any, shown: Shown) -> ResidualSummary:
    """Return the summary of a fit with random effects, and what is the residuals' or the structures' own."""
    return ResidualSummary(plain_summary(fit, shown), fit.residual)


def component_columns(fit: Any) -> dict[str, Any]:
    """Return the columns of a tidy table: standard deviations and correlations, the residuals' parameters."""
    plain, own = plain_columns(fit), fit.residual.parameters
    return {
        "effect": [*plain["effect"], *["ran_pars"] * len(own)],
        "group": [*plain["group"], *["Residual"] * len(own)],
        "term": [*plain["term"], *own.parameter],
        "estimate": [*plain["estimate"], *own.estimate],
        "std_error": [*[float("nan")] * len(plain["term"]), *own.se],
    }


def brief(fit: Any) -> str:
    """Return the short form as text."""
    return f"{plain_brief(fit)}\n{fit.residual}"


def brief_html(fit: Any) -> str:
    """Return the short form as HTML."""
    return f"{plain_brief_html(fit)}{fit.residual.to_html()}"
