"""Verbs of a linear fit that a generalised one does not have: asked for, they say why and what to use."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..errors import ArgumentError


class Refused:
    """A method that raises an ArgumentError with its reason.

    Parameters
    ----------
    reason : str
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, owner: Any, kind: type | None = None) -> Callable[..., Any]:
        def refuse(*args: Any, **kwargs: Any) -> Any:
            """Raise an ArgumentError with the reason."""
            raise ArgumentError(f"{self.name}() is not there for a generalised model: {self.reason}")

        return refuse
