"""Likelihood profiles: the deviance with one parameter held, minimised over the others.

References
----------
Bates & Watts (1988), Nonlinear Regression Analysis and Its Applications, chapter 6.
Bates, Mächler, Bolker & Walker (2015), Fitting linear mixed-effects models using lme4, Journal of Statistical
Software 67(1), section 5.1.
"""

from .profiling import profile
from .result import Profile

__all__ = ["Profile", "profile"]
