"""A name or an argument that is not there is answered with the one here, or with those nearest to it."""

from __future__ import annotations

import sys
from abc import ABCMeta
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from types import ModuleType
from typing import Any

from .arguments import guide_class
from .words import OF_A_FIT
from .words_of_the_package import OF_MODULES, OF_THE_PACKAGE

Words = Mapping[str, str]

_PACKAGE = "ranef"


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


def _answer(name: str, words: Words, known: Iterable[str]) -> str:
    if name in words:
        return _said(words[name])
    if name.startswith("_"):
        return ""
    folded = _folded(name)
    same = next((words[word] for word in words if _folded(word) == folded), None)
    if same is not None:
        return _said(same)
    twin = next((one for one in known if _folded(one) == folded and not one.startswith("_")), None)
    if twin is not None:
        return f": use {twin!r}"
    near = get_close_matches(name, [one for one in known if not one.startswith("_")], n=3, cutoff=0.7)
    return f": perhaps {' or '.join(map(repr, near))}" if near else ""


def _folded(name: str) -> str:
    return name.replace("_", "").replace(".", "").lower()


def _said(answer: str) -> str:
    return f": {answer}" if answer.startswith("this ") else f": use {answer}"


def explained(
    kind: str,
    words: Words,
    others: Callable[[str], str] = lambda name: "",
    listing: Callable[[], str] | None = None,
) -> Any:
    """Return the ``__getattr__`` of a class whose missing names are explained by `missing`.

    kind: what an object is called in messages.
    words: the word elsewhere -> what it is here.
    others: gives an answer for a name that is not in `words`, or ``""``.
    listing: says what there is, for a name that nothing comes near to; by default, that ``dir()`` lists it.
    """

    def __getattr__(self: Any, name: str) -> Any:
        if name.startswith("_"):  # asked by programs, often
            raise _error(f"{kind} has no {name!r}", name)
        answers = getattr(type(self), "_words", words)  # a kind of fit has words of its own
        exact = _said(answers[name]) if name in answers else others(name)
        answer = exact or _answer(name, answers, dir(type(self)))
        if not answer:
            answer = f": {listing()}" if listing else f": dir({kind.split()[-1]}) lists what it has"
        raise _error(f"{kind} has no {name!r}{answer}", name)

    return __getattr__


class Explained(ABCMeta):
    """The class of classes whose own missing names are explained too: ``Model.from_formula``."""

    _called_as = ""  # asked of every class, and explained of none

    def __init__(cls, *args: Any, **options: Any) -> None:
        super().__init__(*args)
        guide_class(cls)

    def __getattr__(cls, name: str) -> Any:
        words: Words = next((vars(base)["_words"] for base in cls.__mro__ if "_words" in vars(base)), {})
        raise missing(f"the class {cls.__name__}", name, words, dir(cls))


def of_a_fit(name: str) -> str:
    """What a fit answers to a word that is a function of the package, there or elsewhere."""
    package = sys.modules[_PACKAGE]
    if name in getattr(package, "__all__", ()):
        return f": use ranef.{name}(fit)"
    return _said(OF_THE_PACKAGE[name]) if name in OF_THE_PACKAGE else ""


def _fit_class() -> type:
    """The class of fits, which is above this module; it is loaded whenever someone asks."""
    return sys.modules[f"{_PACKAGE}.fit"].Fit


def of_a_model(name: str) -> str:
    """What a model answers to a word of a fit."""
    if hasattr(_fit_class(), name):
        return f": fit it first, model.fit().{name}"
    return f", and its fit neither{_said(OF_A_FIT[name])}" if name in OF_A_FIT else ""


def of_the_package(name: str, known: Iterable[str]) -> Exception:
    """Return the error for a name that the package does not have: words of fits and data sets count too."""
    kind, names = _fit_class(), import_module(f"{_PACKAGE}.datasets").names()
    data = [one for one in names if _folded(one) in _folded(name)]
    if name in OF_THE_PACKAGE:
        answer = _said(OF_THE_PACKAGE[name])
    elif hasattr(kind, name) and not name.startswith("_"):
        answer = f": use fit.{name}{'()' if callable(getattr(kind, name)) else ''}"
    elif name in OF_A_FIT:
        answer = _said(OF_A_FIT[name])
    elif data:
        answer = f": use ranef.datasets.load({max(data, key=len)!r})"
    else:
        answer = _answer(name, OF_THE_PACKAGE | OF_A_FIT, known)
    text = f"ranef has no {name!r}{answer}"
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


class _Package(_Module):
    """The package, whose modules become its attributes when they are loaded."""

    def __setattr__(self, name: str, value: Any) -> None:
        if type(value) is ModuleType:
            value.__class__ = _Module
        super().__setattr__(name, value)


def modules_answer() -> None:
    """Have every module of the package, loaded or not yet, say what to use where it is called."""
    package = sys.modules[_PACKAGE]
    package.__class__ = _Package
    for name, value in list(vars(package).items()):
        if getattr(value, "__name__", "").startswith(f"{_PACKAGE}."):
            setattr(package, name, value)
