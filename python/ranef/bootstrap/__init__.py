"""The Monte Carlo engine: replicates of a fit drawn and refitted in compiled, parallel loops.

The only home of Numba in ranef, and even here it is loaded at the first bootstrap, not before.
"""

from .parametric import bootstrap
from .result import BootstrapResult
from .storage import load

__all__ = ["BootstrapResult", "bootstrap", "load"]
