"""The functions and names formula code can use: formulaic's transforms and some of R's names for numpy's."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np


def _exp10(x: Any) -> Any:
    return np.power(10.0, x)


FUNCTIONS: dict[str, Any] = {
    "abs": np.abs,
    "cos": np.cos,
    "exp10": _exp10,
    "expm1": np.expm1,
    "log1p": np.log1p,
    "sign": np.sign,
    "sin": np.sin,
    "sqrt": np.sqrt,
    "tan": np.tan,
}


def is_function(name: str) -> bool:
    """Whether formula code finds `name` without it being a column."""
    if name in FUNCTIONS:
        return True
    from formulaic.transforms import TRANSFORMS

    return name in TRANSFORMS or hasattr(builtins, name)
