"""What pickles say of the version that wrote them, and of bytes that have changed since."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from . import _core
from .errors import DataError, RanefError

WRITTEN_BY = {"written_by": _core.__version__}
State = dict[str, Any]


def take_version(state: State, what: str) -> None:
    """Take the version out of an object's state, and refuse one whose layout is another.

    Raises DataError naming both versions.
    """
    written_by = state.pop("written_by", "0.1")  # which did not say so
    if written_by.split(".")[:2] != _core.__version__.split(".")[:2]:
        raise DataError(
            f"this pickle holds {what} of ranef {written_by}, which ranef {_core.__version__} does not "
            f"read: make it again from its data, or read the pickle with ranef {written_by}"
        )


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
