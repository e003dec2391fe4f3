"""Marginal means, their contrasts, and slopes, over a reference grid.

References
----------
Searle, Speed & Milliken (1980), Population marginal means in the linear model: an alternative to least
squares means, The American Statistician 34, 216-221.
Lenth (2016), Least-squares means: the R package lsmeans, Journal of Statistical Software 69(1).
"""

from .estimates import MarginalMeans
from .marginal import emmeans, emtrends

__all__ = ["MarginalMeans", "emmeans", "emtrends"]
