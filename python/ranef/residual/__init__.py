"""Residuals with a covariance of their own: strata, numbers, correlation in time."""

from .fit import ResidualFit, fit_residual
from .gls import GlsFit, gls

__all__ = ["GlsFit", "ResidualFit", "fit_residual", "gls"]
