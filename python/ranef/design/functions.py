"""The functions formula code can call: a list, and a caller's own. Nothing else can be called.

Of numpy there are the functions of single values by their names (``np.log``, ``np.maximum``), and five more
that work row by row. Transforms that learn something of the data (``scale``, ``poly``, ``bs``) learn it once,
when the model is made, and apply that to new data; a function that looks at the whole column each time, such
as a mean, would answer otherwise there, and is not among them.
"""

from __future__ import annotations

import keyword
import pickle
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..errors import ArgumentError, FormulaError
from ..formula import Formula
from .other_functions import INSTEAD

Functions = Mapping[str, Callable[..., Any]]

# R's names for numpy's functions
_ELEMENTWISE = {
    **{name: name for name in ("abs", "cos", "exp", "exp2", "expm1", "log", "log10", "log1p", "log2")},
    **{name: name for name in ("sign", "sin", "sqrt", "tan")},
    "pow": "power",
}
_NUMPY_BY_ROW = ("clip", "isin", "nan_to_num", "round", "where")
# of formulaic; the first four learn from all rows
LEARNING = ("center", "scale", "standardize", "poly", "bs", "cc", "cr", "cs")
_CONTRASTS = ("treatment", "SAS", "sum", "helmert", "diff", "poly", "custom")
_PATSY_CONTRASTS = ("Treatment", "Poly", "Sum", "Helmert", "Diff")
_OWN = ("C", "I", "Q", "exp10", "round", "offset")
_CONSTANTS = {"np.pi": np.pi, "np.e": np.e, "np.nan": np.nan, "np.inf": np.inf}
_OF_THE_SAMPLE = {
    *("mean", "median", "std", "var", "min", "max", "sum", "average", "quantile", "percentile", "ptp", "sd"),
    *("rank", "len", "cumsum", "diff", "nanmean", "nanmedian", "nanstd", "argsort", "sort", "zscore"),
}


def is_function(name: str) -> bool:
    """Whether ``name(...)`` means something in every formula."""
    return name in _OWN or name in LEARNING or name in _ELEMENTWISE or _from_numpy(name) or is_contrast(name)


def is_contrast(name: str) -> bool:
    """Whether the name is that of a coding of factors: ``contr.sum``, patsy's ``Sum``."""
    root, _, last = name.rpartition(".")
    return name in _PATSY_CONTRASTS or (root == "contr" and last in _CONTRASTS)


def constant(name: str) -> float | None:
    """Return numpy's constant of that name, if it is one."""
    return _CONSTANTS.get(name)


def _from_numpy(name: str) -> bool:
    root, _, last = name.rpartition(".")
    return root == "np" and (last in _NUMPY_BY_ROW or is_elementwise(last))


def is_elementwise(name: str) -> bool:
    """Whether numpy has a function of single values under that name, with one answer."""
    found = getattr(np, name, None) if name.isidentifier() and not name.startswith("_") else None
    return isinstance(found, np.ufunc) and found.signature is None and found.nout == 1


def elementwise(name: str) -> np.ufunc | None:
    """Return numpy's function of single values that a name of formula code means."""
    last = _ELEMENTWISE.get(name, name[3:] if name.startswith("np.") else "")
    return getattr(np, last) if is_elementwise(last) else None


def by_row(name: str) -> bool:
    """Whether the value of a call in one row depends on that row alone."""
    return is_function(name) and name not in LEARNING


def function(name: str) -> Callable[..., Any]:
    """Return one of the functions that are not elementwise."""
    if name == "I":
        return _identity
    if name == "exp10":
        return _exp10
    if name == "round" or (name.startswith("np.") and name[3:] in _NUMPY_BY_ROW):
        return getattr(np, name.removeprefix("np."))  # type: ignore[no-any-return]
    from formulaic.transforms import TRANSFORMS

    return TRANSFORMS[name]  # type: ignore[no-any-return]


def contrast(name: str) -> Any:
    """Return the coding of a name of formula code."""
    from formulaic.transforms import TRANSFORMS, ContrastsRegistry

    return getattr(ContrastsRegistry, name[len("contr.") :]) if "." in name else TRANSFORMS[name]


def _identity(x: Any) -> Any:
    return x


def _exp10(x: Any) -> Any:
    return np.power(10.0, x)


class OwnFunctions(dict[str, Callable[..., Any]]):
    """A caller's own functions; a copy shares them, and pickle says which it cannot take."""

    def __deepcopy__(self, memo: Any) -> OwnFunctions:
        return self

    def __reduce__(self) -> Any:
        for name, found in self.items():
            try:
                pickle.dumps(found)
            except Exception as error:
                raise ArgumentError(
                    f"the function {name!r} given as functions= cannot be pickled ({error}): define it with "
                    "def in a module, not as a lambda or within another function"
                ) from None
        return OwnFunctions, (dict(self),)


def with_functions(formula: Formula, functions: Functions | None) -> Formula:
    """Return a formula whose code may call a caller's own functions, see `checked_functions`."""
    return formula if functions is None else replace(formula, functions=checked_functions(functions))


def checked_functions(functions: Functions) -> OwnFunctions:
    """Return a caller's own functions.

    Raises ArgumentError: a name that no formula can call or that means something already, or a value that is
        no function.
    """
    if not isinstance(functions, Mapping):
        raise ArgumentError(
            f"functions= must be a dict of names and functions, such as {{'f': f}}, not {functions!r}"
        )
    for name, found in functions.items():
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise ArgumentError(f"functions=: {name!r} is not a name that a formula can call: use letters")
        if is_function(name) or name in ("np", "contr", "cbind"):
            raise ArgumentError(f"functions=: {name}() means something in formulas already: rename yours")
        if not callable(found):
            raise ArgumentError(f"functions=: {name!r} must be a function, it is {found!r}")
    return OwnFunctions(functions)


def unknown_function(name: str, whole: str, columns: Any) -> FormulaError:
    """Return the error for a call of something that formula code cannot call."""
    root, _, last = name.rpartition(".")
    position = call_position(name, whole)
    if last in _OF_THE_SAMPLE:
        return FormulaError(
            f"{name}() is a statistic of the whole sample, which would differ in new data: write "
            "center(x) for x less its mean, scale(x) for that over its standard deviation, which are learned "
            "once; or add the result to the data as a column",
            whole,
            position,
        )
    if root in columns:
        return FormulaError(
            f"methods of a column, such as {name}(), cannot be used in a formula: write a function of the "
            f"column{f', np.{last}({root})' if _from_numpy('np.' + last) else ''}, pass your own as "
            f"functions={{'name': "
            "function}, or add the result to the data as a column",
            whole,
            position,
        )
    if name in INSTEAD:
        return FormulaError(f"{name}() {INSTEAD[name]}", whole, position)
    numpys = f"use numpy's as np.{name}(), or " if is_elementwise(name) else ""
    return FormulaError(
        f"the function {name}() is not known here: {numpys}add its result to the data as a column, or "
        "pass it as functions={'name': function}. Known are log(), exp(), sqrt(), scale(), center(), poly(), "
        "bs(), cr(), C(), I() and their like, and numpy's functions of single values as np.name()",
        whole,
        position,
    )


def call_position(name: str, whole: str) -> int | None:
    """Return where a call stands in a formula."""
    found = re.search(rf"(?<![\w.]){re.escape(name)}\s*\(", whole)
    return found.start() if found else None
