"""Where replicates come from, in plain numbers and text: what a file keeps, what a resumed run compares."""

from __future__ import annotations

import platform
from typing import Any

import numpy as np

from ... import _core
from ...fit import Fit
from ..draws.true_parameters import TrueParameters
from ..schemes.group_products import chosen_factor

# Another build of the core may end a fit a rounding error away; another data set does not.
_SAME = 1e-6


def make_origin(fit: Fit, truth: TrueParameters, group: str | None = None) -> dict[str, Any]:
    """The fit and the parameters that are drawn from; the factor whose groups are drawn, if any are."""
    return origin_of_fit(fit, truth.beta) | {
        "groups": dict(fit.ngroups),
        "drawn with theta": _numbers(truth.theta),
        "drawn with sigma": float(truth.sigma),
        "use_u": truth.use_u,
        "by": group,
    }


def origin_of_fit(fit: Any, beta: np.ndarray) -> dict[str, Any]:
    """What origins have of fits of any kind."""
    return {
        "formula": fit.formula,
        "criterion": "REML" if fit.reml else "ML",
        "rows": fit.nobs,
        "coefficients": list(fit.model.design.column_names),
        "objective": fit.objective,
        "drawn with params": _numbers(beta),
    }


def drawn_by(fit: Fit, scheme: str, group: str | None) -> str | None:
    """The name of the factor whose groups a scheme draws."""
    return chosen_factor(fit.model.design, group).name if scheme == "cases" else None


def versions() -> dict[str, str]:
    """Versions of what made the replicates."""
    return {"ranef": _core.__version__, "python": platform.python_version(), "numpy": np.__version__}


def difference(before: dict[str, Any], now: dict[str, Any]) -> str | None:
    """The first thing in which two origins differ, in words; None when they are the same.

    >>> difference({"formula": "y ~ x + (1 | g)", "rows": 30}, {"formula": "y ~ x + (1 | g)", "rows": 31})
    'rows is 30 there and 31 here'
    """
    for name, value in now.items():
        if not _equal(before.get(name), value):
            return f"{name} is {_short(before.get(name))} there and {_short(value)} here"
    return None


def _equal(a: Any, b: Any) -> bool:
    numeric = (int, float, list)
    if isinstance(a, numeric) and isinstance(b, numeric):
        try:
            x, y = np.asarray(a, float), np.asarray(b, float)
        except ValueError:  # names
            return a == b
        return x.shape == y.shape and np.allclose(x, y, rtol=_SAME, atol=_SAME)
    return a == b


def _numbers(values: np.ndarray) -> list[float]:
    return [float(value) for value in values]


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, list):
        return f"[{', '.join(_short(v) for v in value)}]"
    return repr(value) if isinstance(value, str) else str(value)
