"""What pickles say of the version that wrote them."""

from __future__ import annotations

from typing import Any

from . import _core
from .errors import DataError

WRITTEN_BY = {"written_by": _core.__version__}


def take_version(state: dict[str, Any], what: str) -> None:
    """Take the version out of an object's state, and refuse one whose layout is another.

    Raises DataError naming both versions.
    """
    written_by = state.pop("written_by", "0.1")  # which did not say so
    if written_by.split(".")[:2] != _core.__version__.split(".")[:2]:
        raise DataError(
            f"this pickle holds {what} of ranef {written_by}, which ranef {_core.__version__} does not "
            f"read: make it again from its data, or read the pickle with ranef {written_by}"
        )
