"""Pictures of fits and bootstraps, with matplotlib: ``pip install ranef[plots]``.

Every function takes ``ax=`` (one Axes, or as many as there are panels), makes a figure of a sensible size
otherwise, and returns the Axes it drew on: one, or an array of them where there are several panels.
"""

from .bootstrap import bootstrap
from .caterpillar import caterpillar
from .pooling import pooling
from .qq import qq
from .residuals import residuals
from .shrinkage import shrinkage
from .simulated import simulated
from .topographic import topographic

__all__ = [
    "bootstrap",
    "caterpillar",
    "pooling",
    "qq",
    "residuals",
    "shrinkage",
    "simulated",
    "topographic",
]
