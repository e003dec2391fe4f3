"""The summary of a fit by generalised least squares, and the parameters of its covariance."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..report.summary import CoefficientSummary
from ..show import Document, Line


class GlsSummary(CoefficientSummary):
    """The summary of a `GlsFit`."""

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
            *self.coefficients(f"degrees of freedom: {self.ddf}"),
        ]
        return [*parts, *(fit.residual.document() if len(fit.outer.phi) else [])]


def component_columns(fit: Any) -> dict[str, Any]:
    """Return the columns of the parameters of a covariance."""
    table = fit.residual.parameters
    own = [("sigma", fit.sigma, np.nan)] if fit.has_sigma else []
    own += zip(table.parameter, table.estimate, table.se, strict=True)
    terms, estimates, errors = zip(*own, strict=True)
    columns = {
        **{"effect": ["ran_pars"] * len(own), "term": terms},
        **{"estimate": estimates, "std_error": errors},
    }
    return columns | ({"group": table.arm.tolist()} if "arm" in table else {})
