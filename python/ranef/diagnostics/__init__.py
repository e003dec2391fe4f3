"""Is the fit to be trusted: other optimisers, plain words on what is wrong, influence of rows and groups."""

from .allfit import AllFit, allfit
from .diagnose import Diagnosis, diagnose

__all__ = ["AllFit", "Diagnosis", "allfit", "diagnose"]
