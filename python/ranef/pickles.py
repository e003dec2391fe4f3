"""Pickles and copies of objects that keep answers, while other threads ask them."""

from __future__ import annotations

import weakref
from typing import Any


class Snapshot:
    """What is pickled or copied is a copy of the attributes, taken at one moment.

    Pickle goes through the dictionary of an object; one that another thread adds a cached answer to
    meanwhile would raise RuntimeError.
    """

    __slots__ = ()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__.copy()


def weak_reference(value: Any) -> Any:
    """Return a reference that does not keep a value alive; None to what cannot have one, such as a dict."""
    try:
        return weakref.ref(value)
    except TypeError:
        return None
