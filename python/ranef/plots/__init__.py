"""Pictures of fits and bootstraps, with matplotlib, which has to be installed: ``pip install matplotlib``.

Every function takes ``ax=`` (one Axes, or as many as there are panels), makes a figure of a sensible size
otherwise, and returns the Axes it drew on: one, or an array of them where there are several panels. The
figures within ``with style(width=3.5):`` are that many inches wide, their text still readable.
"""

from typing import Any

from ..guidance.arguments import guide
from ..guidance.elsewhere import missing
from ..guidance.words_of_results import OF_PLOTS
from .bootstrap import bootstrap
from .caterpillar import caterpillar
from .check import check
from .coefficients import coefficients
from .comparisons import comparisons
from .covariance import acf, spread
from .criterion import criterion
from .effects import effects
from .intervals import intervals
from .means import means
from .pairs import bootstrap_pairs, profile_pairs
from .pooling import pooling
from .power import power
from .profile import profile
from .qq import qq
from .residuals import residuals
from .shrinkage import shrinkage
from .simulated import simulated
from .slopes import slopes
from .style import style
from .topographic import topographic

__all__ = [
    "acf",
    "bootstrap",
    "bootstrap_pairs",
    "caterpillar",
    "check",
    "coefficients",
    "comparisons",
    "criterion",
    "effects",
    "intervals",
    "means",
    "pooling",
    "power",
    "profile",
    "profile_pairs",
    "qq",
    "residuals",
    "shrinkage",
    "simulated",
    "slopes",
    "spread",
    "style",
    "topographic",
]

guide(globals(), __all__)


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    raise missing("ranef.plots", name, OF_PLOTS, __all__)
