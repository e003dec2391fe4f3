"""Linear mixed-effects models: the rows are read once, everything after is free of their number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import (
    ArgumentError,
    DataError,
    FitError,
    FormulaError,
    MemoryLimitError,
    NewLevelError,
    RanefError,
    RowsNotKeptError,
    UnknownColumnError,
)
from .guidance.arguments import guide
from .guidance.elsewhere import modules_answer, of_the_package
from .machine.late_imports import import_late

try:
    from . import _core
except ImportError as error:
    raise ImportError(
        f"ranef's compiled core cannot be loaded ({error}). From a checkout: `make test` or "
        "`pip install -e .` builds it (a C++17 compiler, CMake, SuiteSparse and a BLAS/LAPACK are needed). "
        "Installed: install it again from the same source, with `pip install --force-reinstall`."
    ) from error

from .fit import Fit
from .fitting import fit_sums as fit
from .fitting import lmer
from .machine.threads import get_num_threads, read_environment, set_num_threads
from .model import Model
from .stream import batches
from .sufficient import CellSums, Sums, load_sums, merge, sums, sums_sql

if TYPE_CHECKING:
    from . import bootstrap as bootstrap
    from . import datasets, lme4, plots
    from .bootstrap.replicates.result import BootstrapResult
    from .bootstrap.studies.exact_test import exact_rlrt
    from .bootstrap.studies.likelihood_ratio import pbtest
    from .bootstrap.studies.power import power
    from .bootstrap.studies.power_curve import power_curve
    from .estimates.lm_list import lm_list
    from .estimates.pooling import pooling
    from .generalised import glmer
    from .inference.comparison import anova
    from .inference.means import emmeans, emtrends
    from .inference.profile import Profile
    from .iterative import Iterations
    from .repeated import mmrm
    from .report.regression import modelsummary
    from .residual.gls import gls
    from .versions import show_versions

__version__: str = _core.__version__
read_environment()

__all__ = [
    "ArgumentError",
    "BootstrapResult",
    "CellSums",
    "DataError",
    "Fit",
    "FitError",
    "FormulaError",
    "Iterations",
    "MemoryLimitError",
    "Model",
    "NewLevelError",
    "Profile",
    "RanefError",
    "RowsNotKeptError",
    "Sums",
    "UnknownColumnError",
    "__version__",
    "allfit",
    "anova",
    "batches",
    "datasets",
    "diagnose",
    "emmeans",
    "emtrends",
    "exact_rlrt",
    "fit",
    "get_num_threads",
    "glmer",
    "gls",
    "lm_list",
    "lme4",
    "lmer",
    "load_sums",
    "merge",
    "mmrm",
    "modelsummary",
    "pbtest",
    "plots",
    "pooling",
    "power",
    "power_curve",
    "set_num_threads",
    "show_versions",
    "sums",
    "sums_sql",
]
guide(globals(), __all__)
modules_answer()

# Loaded when first asked for: modules, and functions by the module they live in.
_LAZY = ("bootstrap", "datasets", "lme4", "plots")
_HOME = {
    "BootstrapResult": "bootstrap",
    "Profile": "inference.profile",
    "emmeans": "inference.means",
    "emtrends": "inference.means",
    "allfit": "diagnostics",
    "diagnose": "diagnostics",
    "anova": "inference.comparison",
    "exact_rlrt": "bootstrap",
    "glmer": "generalised",
    "Iterations": "iterative",
    "lm_list": "estimates.lm_list",
    "gls": "residual",
    "mmrm": "repeated",
    "modelsummary": "report.regression",
    "pbtest": "bootstrap",
    "pooling": "estimates.pooling",
    "power": "bootstrap",
    "power_curve": "bootstrap",
    "show_versions": "versions",
}


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return import_late(f"{__name__}.{name}")
    if name in _HOME:
        found = globals()[name] = getattr(import_late(f"{__name__}.{_HOME[name]}"), name)
        return found
    raise of_the_package(name, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
