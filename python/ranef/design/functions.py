"""The functions and names formula code can use: formulaic's transforms and some of R's names for numpy's."""

from __future__ import annotations

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


# Python's own that make sense in a formula
_BUILTINS = {"float", "int", "len", "max", "min", "pow", "range", "round", "str", "sum"}


def is_function(name: str) -> bool:
    """Whether formula code finds `name` without it being a column, as in ``np.pi`` or ``contr.sum``."""
    if name in FUNCTIONS:
        return True
    from formulaic.transforms import TRANSFORMS

    return name in TRANSFORMS


def is_callable(name: str) -> bool:
    """Whether ``name(...)`` means something in a formula."""
    return name in _BUILTINS or is_function(name)
