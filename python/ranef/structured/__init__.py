"""Random effects with a structured covariance: diag, cs, ar1, toep, rr."""

from .fit import StructuredFit, fit_structured, has_structures, without_structures

__all__ = ["StructuredFit", "fit_structured", "has_structures", "without_structures"]
