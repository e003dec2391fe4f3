"""The summary of a fit by generalised least squares."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..report.tables import coefficient_parts
from ..show import Document, Line, Printed


@dataclass(frozen=True, eq=False, repr=False)
class GlsSummary(Printed):
    """The summary; ``ddf`` is the method of testing of its table."""

    fit: Any = field(repr=False)
    ddf: str
    digits: int = 4

    def document(self) -> Document:
        """Return the parts."""
        fit, by = self.fit, "REML" if self.fit.reml else "maximum likelihood"
        parts = [
            Line(f"Generalised least squares fit by {by}", "title"),
            Line(fit.formula, "code"),
            Line(
                f"{fit.nobs:,} rows; criterion {fit.objective:.4f}, AIC {fit.aic:.1f}; sigma {fit.sigma:.5g}"
            ),
            Line("converged" if fit.converged else "not converged: the parameters of the residuals run off"),
            *coefficient_parts(fit, self.ddf, f"Coefficients (degrees of freedom: {self.ddf})", self.digits),
        ]
        return [*parts, *(fit.residual.document() if len(fit.outer.phi) else [])]


def summary(fit: Any, ddf: str | None = None) -> GlsSummary:
    """Return the summary; `ddf` is the method of testing of its table."""
    return GlsSummary(fit, ddf or fit.method)
