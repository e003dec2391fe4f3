"""Random effects with a structured covariance: diag, cs, ar1, toep, rr, exp."""

from .fit import StructuredFit, fit_structured
from .with_residual import StructuredResidualFit, fit_both

__all__ = [
    "StructuredFit",
    "StructuredResidualFit",
    "fit_both",
    "fit_structured",
]
