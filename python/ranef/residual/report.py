"""The summary of a fit with residuals of its own: that of any fit, and the residuals' parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..report.summary import summary as plain_summary
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


def summary(
    fit: Any,
    ddf: str | None = "satterthwaite",
    stars: bool = True,
    correlation: bool | None = None,
    conf_int: bool | float = False,
) -> ResidualSummary:
    """Return the summary, see `ranef.report.summary.summary`."""
    return ResidualSummary(plain_summary(fit, ddf, stars, correlation, conf_int), fit.residual)


def brief(fit: Any) -> str:
    """Return the short form as text."""
    from ..report.brief import brief as plain

    return f"{plain(fit)}\n{fit.residual}"


def brief_html(fit: Any) -> str:
    """Return the short form as HTML."""
    from ..report.brief import brief_html as plain

    return f"{plain(fit)}{fit.residual.to_html()}"
