"""Replicates of a fit, drawn and refitted by the core in parallel, and what is made of them.

The only home of Numba in ranef, which is loaded for a statistic compiled by it, not before.
"""

from typing import Any

from ..guidance.elsewhere import missing
from ..machine.late_imports import import_late

_HOME = {
    "BootstrapResult": "replicates.result",
    "ExactRLRT": "studies.exact_test",
    "PBTest": "studies.likelihood_ratio",
    "Power": "studies.power_summary",
    "bootstrap": "parametric",
    "exact_rlrt": "studies.exact_test",
    "load": "replicates.storage",
    "pbtest": "studies.likelihood_ratio",
    "power": "studies.power",
    "power_curve": "studies.power_curve",
}
__all__ = list(_HOME)


def __dir__() -> list[str]:
    return sorted(__all__)


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_late(f"{__name__}.{_HOME[name]}"), name)
    raise missing("ranef.bootstrap", name, {}, __all__)
