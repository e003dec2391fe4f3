"""A statistic and a fit: its value there, and whether it is the one that replicates were made with."""

from __future__ import annotations

import hashlib
import platform
from types import CodeType
from typing import Any

import numpy as np

from ..errors import ArgumentError, quote_list
from ..fit import Fit
from .loop.statistic import compiled_for, is_compiled, value_names, values_of
from .replicates.result import BootstrapResult

_SAME = 1e-6  # as for the origin of replicates


def value_at_fit(fit: Fit, statistic: Any) -> Any:
    """What a plain Python statistic returns for the fit itself; None for any other.

    Raises ArgumentError if it fails there.
    """
    if not callable(statistic) or is_compiled(statistic):
        return None
    try:
        return statistic(fit)
    except Exception as error:
        raise ArgumentError(f"statistic= fails on the fit itself: {type(error).__name__}: {error}") from error


def plain_value_at_fit(fit: Any, statistic: Any) -> Any:
    """What a statistic returns for the fit itself, where every refit is given to a plain Python function.

    Raises ArgumentError if it is none, or fails there.
    """
    if not callable(statistic):
        raise ArgumentError(f"statistic= must be a function of a fit, not {statistic!r}")
    if is_compiled(statistic):
        raise ArgumentError(
            "statistic= must be a plain function of a refit for this kind of fit, not one compiled by Numba"
        )
    return value_at_fit(fit, statistic)


def code_of(statistic: Any) -> dict[str, str] | None:
    """A digest of a function's code, comparable under the same version of Python; None where there is none.

    >>> code_of(lambda fit: fit.sigma) == code_of(lambda fit: fit.sigma)
    True
    >>> code_of(lambda fit: fit.sigma) == code_of(lambda fit: fit.objective)
    False
    """
    code = getattr(getattr(statistic, "py_func", statistic), "__code__", None)
    if not isinstance(code, CodeType):
        return None
    python = ".".join(platform.python_version_tuple()[:2])
    return {"python": python, "digest": hashlib.sha256(_spelled(code)).hexdigest()}


def _spelled(code: CodeType) -> bytes:
    constants = [_spelled(one) if isinstance(one, CodeType) else repr(one).encode() for one in code.co_consts]
    return b"\0".join([code.co_code, repr(code.co_names).encode(), *constants])


def statistic_difference(before: BootstrapResult, fit: Fit, statistic: Any) -> str | None:
    """How a statistic differs from the one that replicates were made with, in words; None if it does not."""
    if bool(before.statistic_names) != (statistic is not None):
        return "one of the two has a statistic= and the other has none"
    if statistic is None or before.estimates is None:
        return None
    names, values = _named_values(fit, statistic)
    known = tuple(_bare(name) for name in before.statistic_names)
    if names != known:
        return f"the statistic is {quote_list(known)} there and {quote_list(names)} here"
    there = before.estimates.to_numpy()[-len(known) :]
    if not np.allclose(there, values, rtol=_SAME, atol=_SAME * 1e-3, equal_nan=True):
        return f"at the fit the statistic is {_listed(there)} there and {_listed(values)} here"
    code, known_code = code_of(statistic), before.origin.get("statistic")
    if code and known_code and code["python"] == known_code["python"] and code != known_code:
        return "the code of the statistic is another one"
    return None


def _named_values(fit: Fit, statistic: Any) -> tuple[tuple[str, ...], np.ndarray]:
    if is_compiled(statistic):
        compiled = compiled_for(fit, statistic)
        return tuple(map(_bare, compiled.names)), compiled.estimate
    value = value_at_fit(fit, statistic)
    return value_names(statistic, value), values_of(value)


def _bare(name: str) -> str:
    """A name as the statistic gave it: without what tells it from a column of the same name."""
    return name.removeprefix("statistic[").removesuffix("]") if name.startswith("statistic[") else name


def _listed(values: np.ndarray) -> str:
    text = ", ".join(f"{value:.9g}" for value in values[:5])
    return text if len(values) == 1 else f"({text}{', ...' if len(values) > 5 else ''})"
