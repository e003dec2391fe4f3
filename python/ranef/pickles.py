"""Pickles and copies: of objects that are given answers meanwhile, and of bytes that have changed since."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import numpy as np

from .errors import DataError, RanefError

State = dict[str, Any]


def restoring(set_state: Callable[[Any, State], None]) -> Callable[[Any, State], None]:
    """Have a ``__setstate__`` raise DataError where an altered pickle gives it what it cannot use."""

    @wraps(set_state)
    def restored(self: Any, state: State) -> None:
        try:
            set_state(self, state)
        except (RanefError, MemoryError):
            raise
        except Exception as error:  # whatever the altered part meets first
            raise DataError(
                f"this pickle of a {type(self).__name__} is damaged ({type(error).__name__}: {error}): use a "
                "copy, or make it again from its data"
            ) from error

    return restored


class Snapshot:
    """What is pickled or copied is a copy of the attributes, taken at one moment.

    Pickle goes through the dictionary of an object; one that another thread adds a cached answer to
    meanwhile would raise RuntimeError. Arrays of objects, such as levels, are pickled as lists.
    """

    __slots__ = ()

    def __getstate__(self) -> State:
        return {name: _listed(value) for name, value in self.__dict__.copy().items()}

    @restoring
    def __setstate__(self, state: State) -> None:
        self.__dict__.update({name: _unlisted(value) for name, value in state.items()})


class Listed(NamedTuple):
    """An array of objects as a list: NumPy reads the one it pickles up to a length that it does not check."""

    values: list[Any]


def _listed(value: Any) -> Any:
    if isinstance(value, np.ndarray) and value.dtype == object and value.ndim == 1:
        return Listed(value.tolist())
    if type(value) is tuple:
        return tuple(map(_listed, value))
    if type(value) is dict:
        return {key: _listed(inner) for key, inner in value.items()}
    return value


def _unlisted(value: Any) -> Any:
    if isinstance(value, Listed):
        return np.fromiter(value.values, dtype=object, count=len(value.values))
    if type(value) is tuple:
        return tuple(map(_unlisted, value))
    if type(value) is dict:
        return {key: _unlisted(inner) for key, inner in value.items()}
    return value


def weak_reference(value: Any) -> Any:
    """Return a reference that does not keep a value alive; None to what cannot have one, such as a dict."""
    try:
        return weakref.ref(value)
    except TypeError:
        return None
