"""The Monte Carlo engine: replicates of a fit drawn and refitted in compiled, parallel loops.

The only home of Numba in ranef, and even here it is loaded at the first bootstrap, not before.
"""

from .exact_test import ExactRLRT, exact_rlrt
from .likelihood_ratio import PBTest, pbtest
from .parametric import bootstrap
from .power_summary import Power
from .result import BootstrapResult
from .storage import load
from .studies import power, power_curve

__all__ = [
    "BootstrapResult",
    "ExactRLRT",
    "PBTest",
    "Power",
    "bootstrap",
    "exact_rlrt",
    "load",
    "pbtest",
    "power",
    "power_curve",
]
