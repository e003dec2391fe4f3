"""Random effects with a structured covariance: diag, cs, ar1, toep, rr."""

from .fit import StructuredFit, fit_structured

__all__ = ["StructuredFit", "fit_structured"]
