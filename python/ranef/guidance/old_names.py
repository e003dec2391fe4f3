"""Arguments and attributes under names that were published before."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def also_called(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Have a function take arguments under old names too.

    **names: old name -> the argument's name.

    >>> @also_called(by="group")
    ... def chosen(group=None):
    ...     return group
    >>> chosen(by="subject")
    'subject'
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def called(*args: P.args, **options: P.kwargs) -> R:
            for old, name in names.items():
                if old in options:
                    if name in options:
                        raise TypeError(f"{function.__name__}() got {name}= twice, also as {old}=")
                    options[name] = options.pop(old)
            return function(*args, **options)

        return called

    return decorate


def old_attribute(name: str) -> Any:
    """Return a property that is another attribute by its old name."""
    return property(lambda self: getattr(self, name), doc=f"The old name of `{name}`.")
