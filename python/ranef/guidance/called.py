"""Attributes that say so when they are called: ``fit.sigma()`` where ``fit.sigma`` is meant.

Elsewhere the same words are functions. A number, a text, an array or a Series is itself here, with one thing
added: called without arguments it says how to write it. Called with some it returns itself, because libraries
call what can be called (``table.assign(sd=fit.sigma)``). Arithmetic, copies and pickles give the plain types.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np


class Attribute:
    """The part that is called."""

    _where = ""

    def __call__(self, *args: Any, **options: Any) -> Any:
        if args or options:
            return self
        raise TypeError(f"{self._where} is an attribute: write {self._where}, without parentheses")


class Number(Attribute, float):
    """A float."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return float, (float(self),)


class Count(Attribute, int):
    """An int."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return int, (int(self),)


class Sizes(Attribute, dict[str, int]):
    """A dict."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return dict, (dict(self),)


class Text(Attribute, str):
    """A str."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        return str, (str(self),)


class Array(Attribute, np.ndarray):
    """An array."""

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return array[()] if return_scalar or array.ndim == 0 else np.asarray(array)

    def __reduce_ex__(self, protocol: Any) -> Any:
        return np.asarray(self).__reduce_ex__(protocol)

    def __repr__(self) -> str:
        return repr(np.asarray(self))


@cache
def series_class() -> Any:
    """The class of Series, made where pandas is loaded anyway."""
    import pandas as pd

    class Kind(type(pd.Series)):  # type: ignore[misc]
        """The class of the class, which equals pandas' own: ``assert_series_equal`` compares classes."""

        def __eq__(cls, other: object) -> bool:
            return other is pd.Series or type.__eq__(cls, other) is True

        __hash__ = type.__hash__

    class Series(Attribute, pd.Series, metaclass=Kind):
        """A Series."""

        _metadata = ["_name", "_where"]  # noqa: RUF012, as pandas reads it

        @property
        def _constructor(self) -> Any:
            return pd.Series

        def __reduce_ex__(self, protocol: Any) -> Any:
            return pd.Series, (pd.Series(self),)

    return Series


def attribute_of(where: str, value: Any) -> Any:
    """Return the value such that a call says that it is an attribute.

    where: how it is written, ``"fit.sigma"``.
    value: a float, int, str, dict, array or Series; anything else is returned as it is. A Series is the
        caller's own: it gets another class.

    >>> attribute_of("fit.sigma", 2.0) + 1
    3.0
    >>> attribute_of("fit.sigma", 2.0)()
    Traceback (most recent call last):
    TypeError: fit.sigma is an attribute: write fit.sigma, without parentheses
    """
    kind = type(value)
    if kind is float or kind is np.float64:
        found: Any = Number(value)
    elif kind is int:
        found = Count(value)
    elif kind is str:
        found = Text(value)
    elif kind is dict:
        found = Sizes(value)
    elif kind is np.ndarray:
        found = value.view(Array)
    elif kind.__name__ == "Series" and kind.__module__.startswith("pandas"):
        found = value
        found.__class__ = series_class()  # to make another Series takes as long as a small fit's optimum
    else:
        return value
    object.__setattr__(found, "_where", where)  # past pandas', which looks for a column of that name
    return found


if TYPE_CHECKING:
    attribute = property
else:

    class attribute(property):
        """A property of a fit whose value says so when it is called."""

        def __get__(self, owner: Any, kind: Any = None) -> Any:
            found = super().__get__(owner, kind)
            return found if owner is None else attribute_of(f"fit.{self.fget.__name__}", found)
