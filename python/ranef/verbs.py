"""Methods that are functions of other modules, loaded when first asked for.

A class shows what rooms above it can do without importing them: ``anova = Verb("inference.anova:anova")``.
The function's first argument is the object. These names are the only way in which the package points up.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import isfunction, signature
from types import MethodType
from typing import Any, Generic, TypeVar, overload

from .cached import cached_property
from .frame.labels import labelled, labels_of
from .frame.native import as_it_came, given, library_of, remembering
from .frame.partitions import over_partitions
from .guidance.arguments import guided
from .guidance.called import attribute_of
from .machine.late_imports import import_late

T = TypeVar("T")


class Verb:
    """A function as a method: on the class it is the function, on an object it is bound.

    target: ``"module:function"``, the module below ``ranef``.
    shown: whether it is for users: what only functions of the package ask for is left out of ``dir()``.
    """

    def __init__(self, target: str, shown: bool = True) -> None:
        self.target, self.shown = target, shown

    @cached_property
    def plain(self) -> Callable[..., Any]:
        """The function, loaded once; its tables are pandas'."""
        module, _, name = self.target.partition(":")
        found = getattr(import_late(f"ranef.{module}"), name)
        return guided()(found) if isfunction(found) and not hasattr(found, "guides") else found

    @cached_property
    def func(self) -> Callable[..., Any]:
        """The function, its tables in the library of the data."""
        return as_it_came(self.plain) if isfunction(self.plain) else self.plain

    def __get__(self, owner: Any, kind: type | None = None) -> Callable[..., Any]:
        return self.func if owner is None else MethodType(self.func, owner)


class TableVerb(Verb):
    """A function whose table, where it is pandas', prints within the width of the terminal."""

    @cached_property
    def func(self) -> Callable[..., Any]:
        """The function, its tables in the library of the data."""
        function = as_it_came(self.plain)

        @wraps(function)
        def table(*args: Any, **options: Any) -> Any:
            from .frame.printed import printed

            return printed(function(*args, **options))

        table.plain = self.plain  # type: ignore[attr-defined]
        return table


class RowVerb(Verb):
    """A function that returns a value per row, of the used rows or of ``newdata``, with the labels of pandas.

    Of a table of dask, Spark or Ray the answer is one of the same engine, see `over_partitions`.
    """

    @cached_property
    def func(self) -> Callable[..., Any]:
        """The function, its answer labelled."""
        function = self.plain
        names = list(signature(function).parameters)

        @wraps(function)
        def rows(fit: Any, *args: Any, **options: Any) -> Any:
            others = {**dict(zip(names[1:], args, strict=False)), **options}
            newdata = others.pop("newdata", None)
            spread = over_partitions(newdata, lambda part: rows(fit, newdata=part, **others))
            if spread is not None:
                return spread
            found = function(fit, *args, **options)
            labels = fit.model.design.labels if newdata is None else labels_of(newdata)
            if hasattr(found, "columns"):
                return given(labelled(found, labels), library_of(fit) if labels is None else "pandas")
            return labelled(found, labels)

        rows.plain = function  # type: ignore[attr-defined]
        return rows


class Answer(Verb, Generic[T]):
    """A function as an attribute: called once for an object, which keeps what it returns."""

    def __set_name__(self, kind: type, name: str) -> None:
        self.name = name

    @overload  # type: ignore[override]
    def __get__(self, owner: None, kind: type) -> property: ...
    @overload
    def __get__(self, owner: object, kind: type) -> T: ...
    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        if owner is None:
            return property(self.plain)
        found = remembering(self.plain(owner), library_of(owner))
        where = getattr(kind, "_called_as", "")
        found = vars(owner)[self.name] = attribute_of(f"{where}.{self.name}", found) if where else found
        return found


class RowAnswer(Answer[T]):
    """An `Answer` with a value per used row: with the labels of pandas."""

    @cached_property
    def plain(self) -> Callable[..., Any]:
        """The function, its answer labelled."""
        function = Verb(self.target).plain
        return wraps(function)(lambda fit: labelled(function(fit), fit.model.design.labels))


def kept(function: Callable[[Any], T]) -> Callable[[Any], T]:
    """Have the argument of a function keep its answer, for as long as it lives."""
    name = f"_{function.__module__}:{function.__qualname__}"  # out of sight of dir()

    @wraps(function)
    def answer(owner: Any) -> T:
        known = vars(owner)
        if name not in known:
            known[name] = function(owner)
        return known[name]

    return answer
