"""The Monte Carlo engine: replicates of a fit drawn and refitted in compiled, parallel loops.

The only home of Numba in ranef, and even here it is loaded at the first bootstrap, not before.
"""

from .parametric import bootstrap
from .replicates.result import BootstrapResult
from .replicates.storage import load
from .studies.exact_test import ExactRLRT, exact_rlrt
from .studies.likelihood_ratio import PBTest, pbtest
from .studies.power import power, power_curve
from .studies.power_summary import Power

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
