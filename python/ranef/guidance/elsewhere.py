"""A name or an argument that is not there is answered with the one here, or with those nearest to it."""

from __future__ import annotations

import sys
from abc import ABCMeta
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from inspect import getattr_static
from types import ModuleType
from typing import Any

from .arguments import guide_class
from .parts_of_names import by_parts
from .refusals import Refused
from .words import OF_A_FIT
from .words_of_results import OF_WHAT_HAS_A_FIT, OF_WHAT_HAS_A_FRAME, OF_WHAT_PRINTS
from .words_of_the_package import OF_MODULES, OF_THE_PACKAGE

Words = Mapping[str, str]

_PACKAGE = "ranef"
_OF_ALL = {"document", "to", "to_html", "to_latex", "to_markdown"}  # what everything has that prints itself


def missing(kind: str, name: str, words: Words, known: Iterable[str]) -> AttributeError:
    """Return the error for a name that is not there: what it is called here, or the names nearest to it.

    >>> missing("a fit", "logLik", {"logLik": "fit.llf"}, ["llf"])
    AttributeError("a fit has no 'logLik': use fit.llf")
    >>> missing("a fit", "objectve", {}, ["objective", "llf"])
    AttributeError("a fit has no 'objectve': perhaps 'objective'")
    """
    return _error(f"{kind} has no {name!r}{_answer(name, words, known)}", name)


def _error(text: str, name: str) -> AttributeError:
    """Return an error to which Python adds no guess of its own."""
    return AttributeError(text, name=name, obj=None)


def _nothing(name: str) -> str:
    return ""


def _answer(
    name: str, words: Words, known: Iterable[str], others: Callable[[str], str] = _nothing
) -> str:
    """Return what to use for a name, found by itself, by its spelling or by its parts; ``""`` for none."""
    found = _meaning(name, words, known)
    if found or name.startswith("_"):
        return found and _said(found)
    near = get_close_matches(name, _public(known), n=3, cutoff=0.7)
    if near:
        return f": perhaps {' or '.join(map(repr, near))}"
    spelled = get_close_matches(name, words, n=1, cutoff=0.88)
    if spelled:
        return _said(words[spelled[0]], "perhaps")
    found = by_parts(name, lambda part: _meaning(part, words, ()) or others(part))
    return found and _said(found, "perhaps")


def _for_users(kind: type) -> list[str]:
    """Return the names of a class without what its objects say to the package alone."""
    found = {name: getattr_static(kind, name, None) for name in dir(kind)}
    return [name for name, one in found.items() if getattr(one, "shown", True) or isinstance(one, Refused)]


def _public(names: Iterable[str]) -> list[str]:
    return [name for name in names if not name.startswith("_")]


def _meaning(name: str, words: Words, known: Iterable[str]) -> str:
    """Return what a name is here, whatever its capitals and underscores; ``""`` if it is nothing."""
    if name in words or name.startswith("_"):
        return words.get(name, "")
    folded = _folded(name)
    same = next((words[word] for word in words if _folded(word) == folded), "")
    return same or next((repr(one) for one in _public(known) if _folded(one) == folded), "")


def _folded(name: str) -> str:
    return name.replace("_", "").replace(".", "").lower()


def _said(answer: str, how: str = "use") -> str:
    return f": {answer}" if answer.startswith("this ") else f": {how} {answer}"


def _is_property(owner: Any, name: str) -> bool:
    """Whether the name is there, and what it computes raised an AttributeError: to be raised again."""
    return any(name in vars(base) for base in type(owner).__mro__)


def explained(
    kind: str,
    words: Words,
    others: Callable[[str], str] = _nothing,
    listing: Callable[[], str] | None = None,
) -> Any:
    """Return the ``__getattr__`` of a class whose missing names are explained by `missing`.

    kind: what an object is called in messages.
    words: the word elsewhere -> what it is here.
    others: gives what to use for a name that is not in `words`, or ``""``.
    listing: says what there is, for a name that nothing comes near to; by default, that ``dir()`` lists it.
    """

    def __getattr__(self: Any, name: str) -> Any:
        if _is_property(self, name):
            return object.__getattribute__(self, name)
        if name.startswith("_"):  # asked by programs, often
            raise _error(f"{kind} has no {name!r}", name)
        answers = getattr(type(self), "_words", words)  # a kind of fit has words of its own
        exact = answers.get(name) or others(name)
        answer = _said(exact) if exact else _answer(name, answers, _for_users(type(self)), others)
        if not answer:
            answer = f": {listing()}" if listing else f": dir({kind.split()[-1]}) lists what it has"
        raise _error(f"{kind} has no {name!r}{answer}", name)

    return __getattr__


def unexplained(self: Any, name: str) -> Any:
    """Answer to a missing name of any object that prints itself: what does it, or what the object has."""
    if _is_property(self, name):
        return object.__getattribute__(self, name)
    kind = type(self)
    text = f"{kind.__name__} has no {name!r}"
    if name.startswith("_"):
        raise _error(text, name)
    has = sorted({*_public(dir(kind)), *_public(vars(self))} - _OF_ALL)
    words = OF_WHAT_PRINTS | (OF_WHAT_HAS_A_FRAME if "to_frame" in has else {})
    words |= OF_WHAT_HAS_A_FIT if "fit" in has else {}
    answer = _answer(name, words, has)
    if not answer and hasattr(_fit_class(), name):
        answer = _said(of_what_a_fit_has(name))
    raise _error(text + (answer or f": it has {', '.join(has)}"), name)


class Explained(ABCMeta):
    """The class of classes whose own missing names are explained too: ``Model.from_formula``."""

    _called_as = ""  # asked of every class, and explained of none

    def __init__(cls, *args: Any, **options: Any) -> None:
        super().__init__(*args)
        guide_class(cls)

    def __getattr__(cls, name: str) -> Any:
        words: Words = next((vars(base)["_words"] for base in cls.__mro__ if "_words" in vars(base)), {})
        raise missing(f"the class {cls.__name__}", name, words, _for_users(cls))


def of_a_fit(name: str) -> str:
    """What a fit answers to a word that is a function of the package, there or elsewhere."""
    if name in OF_MODULES:
        return OF_MODULES[name]
    if name in getattr(sys.modules[_PACKAGE], "__all__", ()):
        return f"ranef.{name}(fit)"
    return OF_THE_PACKAGE.get(name, "")


def _fit_class() -> type:
    """The class of fits, which is above this module; it is loaded whenever someone asks."""
    return sys.modules[f"{_PACKAGE}.fit"].Fit


def of_a_model(name: str) -> str:
    """What a model answers to a word of a fit."""
    if hasattr(_fit_class(), name):
        return f"model.fit().{name}"
    return OF_A_FIT.get(name, "")


def of_what_a_fit_has(name: str) -> str:
    """What a report of a fit answers to a word of the fit: ``summary.aic``."""
    kind = _fit_class()
    if name.startswith("_") or not hasattr(kind, name):
        return OF_A_FIT.get(name, "")
    return f"fit.{name}{'()' if callable(getattr(kind, name)) else ''}"


def of_the_package(name: str, known: Iterable[str]) -> Exception:
    """Return the error for a name that the package does not have: words of fits and data sets count too."""
    names = import_module(f"{_PACKAGE}.datasets").names()
    data = [one for one in names if _folded(one) in _folded(name)]
    exact = OF_THE_PACKAGE.get(name) or of_what_a_fit_has(name)
    if not exact and data:
        exact = f"ranef.datasets.load({max(data, key=len)!r})"
    answer = _said(exact) if exact else _answer(name, OF_THE_PACKAGE | OF_A_FIT, known, of_what_a_fit_has)
    text = f"ranef has no {name!r}{answer or ': dir(ranef) lists what it has'}"
    # `from ranef import fixef` would hide the answer of an AttributeError behind a message of Python's own.
    importing = sys._getframe(2).f_code.co_name == "_handle_fromlist"
    return ImportError(text) if importing and ": use" in answer else _error(text, name)


def no_items(text: str) -> Callable[[Any, Any], Any]:
    """Return the ``__getitem__`` of what is not a table: it says where the tables are."""

    def __getitem__(self: Any, key: Any) -> Any:
        raise TypeError(text.format(key=key))

    return __getitem__


class _Module(ModuleType):
    """A module that says what to use where it is called like a function."""

    def __call__(self, *_: Any, **__: Any) -> Any:
        name = self.__name__.rpartition(".")[2]
        words = next((words for words in (OF_MODULES, OF_THE_PACKAGE, OF_A_FIT) if name in words), None)
        answer = _said(words[name]) if words else ", no function"
        raise TypeError(f"{self.__name__} is a module{answer}")


class _Inner(_Module):
    """A module that nobody needs to look into."""

    def __getattr__(self, name: str) -> Any:
        raise missing(self.__name__, name, OF_THE_PACKAGE, ())


class _Package(_Module):
    """The package, whose modules become its attributes when they are loaded."""

    def __setattr__(self, name: str, value: Any) -> None:
        if type(value) is ModuleType:
            value.__class__ = _Module if "__getattr__" in vars(value) else _Inner
        super().__setattr__(name, value)


def modules_answer() -> None:
    """Have every module of the package, loaded or not yet, say what to use where it is called."""
    package = sys.modules[_PACKAGE]
    package.__class__ = _Package
    for name, value in list(vars(package).items()):
        if getattr(value, "__name__", "").startswith(f"{_PACKAGE}."):
            setattr(package, name, value)
