"""Effects as people publish them: predictions over a grid, comparisons and slopes, sizes of contrasts.

References
----------
Arel-Bundock, Greifer & Heiss (2024), How to interpret statistical models using marginaleffects for R and
Python, Journal of Statistical Software 111(9): the three words, and averages over the rows observed.
Lüdecke (2018), ggeffects: tidy data frames of marginal effects, Journal of Open Source Software 3(26), 772.
"""

from .contrasts import comparisons, slopes
from .predictions import predictions
from .result import Effects, Predictions

__all__ = ["Effects", "Predictions", "comparisons", "predictions", "slopes"]
