"""Random effects with a structured covariance: diag, cs, ar1, toep, rr; relationship matrices."""

from .fit import StructuredFit, fit_structured
from .related import RelatedFit, fit_related

__all__ = ["RelatedFit", "StructuredFit", "fit_related", "fit_structured"]
