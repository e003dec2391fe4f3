"""Random effects with a structured covariance: diag, cs, ar1, toep, rr; relationship matrices."""

from .fit import StructuredFit, fit_structured
from .related import RelatedFit, fit_related
from .with_residual import StructuredResidualFit, fit_both

__all__ = [
    "RelatedFit",
    "StructuredFit",
    "StructuredResidualFit",
    "fit_both",
    "fit_related",
    "fit_structured",
]
