"""Random terms with a covariance structure of their own: ``name(columns | group, option=value)``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from ..errors import FormulaError
from .tokens import Token, with_depths
from .types import Formula, Structure

# glmmTMB's and mmrm's names
STRUCTURES: dict[str, str] = {
    "us": "unstructured",
    "diag": "diagonal, a variance per column",
    "diagh": "diagonal, a variance per column",
    "homdiag": "diagonal, one variance",
    "cs": "compound symmetry",
    "csh": "compound symmetry, a variance per column",
    "homcs": "compound symmetry, one variance",
    "ar1": "first-order autoregressive",
    "ar1h": "first-order autoregressive, a variance per column",
    "hetar1": "first-order autoregressive, a variance per column",
    "toep": "Toeplitz",
    "toeph": "Toeplitz, a variance per column",
    "ad": "ante-dependence",
    "adh": "ante-dependence, a variance per column",
    "ou": "Ornstein-Uhlenbeck",
    "exp": "exponential in the distance",
    "gau": "Gaussian in the distance",
    "mat": "Matern",
    "sp_exp": "exponential in the distance",
    "sp_gau": "Gaussian in the distance",
    "rr": "reduced rank",
}

# PROC MIXED's, nlme's and brms' -> here.
_ELSEWHERE = {
    **{"un": "us", "unstr": "us", "symm": "us", "vc": "diag", "simple": "diag", "ar": "ar1", "arh": "ar1h"},
    **{"ante": "adh", "ante1": "adh", "compsymm": "cs", "cosy": "cs", "corar1": "ar1", "corcompsymm": "cs"},
}
_CONSTANTS = {"TRUE": True, "True": True, "FALSE": False, "False": False}


def called_here(name: str) -> str:
    """Return what a structure of another program, or in capitals, is called here; empty if it is unknown.

    >>> called_here("UN"), called_here("AR1"), called_here("foo")
    ('us', 'ar1', '')
    """
    small = name.lower()
    return small if small in STRUCTURES else _ELSEWHERE.get(small, "")


def bar_within(tokens: Sequence[Token], opening: int, closing: int) -> bool:
    """Whether a bar stands directly inside the bracket that opens at index `opening`."""
    inside = with_depths(tokens[opening:closing])
    return any(depth == 1 and token.text in ("|", "||") for token, depth in inside)


def structure_of(name: Token, options: Sequence[Token], text: str) -> Structure:
    """Return the structure from its name and the tokens ``, key = value`` behind the group.

    Raises FormulaError for anything but ``key=value``, or a key given twice.
    """
    found: dict[str, float | bool | str] = {}
    for first in range(0, len(options), 4):
        comma, *rest = options[first : first + 4]
        if comma.text != "," or [token.kind for token in rest[:2]] != ["name", "op"] or len(rest) < 3:
            _refuse(comma, text)
        key, equals, value = rest
        if equals.text != "=" or key.text in found:
            _refuse(key, text)
        found[key.text] = _value(value, text)
    return Structure(name.text, tuple(found.items()), name.start)


def _value(token: Token, text: str) -> float | bool | str:
    if token.kind == "number":
        return int(token.text) if token.text.isdigit() else float(token.text)
    if token.kind == "string":
        return token.text[1:-1]
    if token.kind not in ("name", "quoted"):
        _refuse(token, text)
    return _CONSTANTS.get(token.text, token.name)


def _refuse(token: Token, text: str) -> NoReturn:
    raise FormulaError(
        "after the group of a structure come its options, each once, as in rr(x | g, d=2)", text, token.start
    )


_WITHIN = ("ar1", "ar1h", "hetar1", "toep", "toeph", "exp", "homcs")


def has_structures(formula: Formula) -> bool:
    """Whether some random term names a structure."""
    return any(bar.structure is not None for bar in formula.random)


def without_structures(formula: Formula) -> Formula:
    """Return the formula with every term unstructured."""
    for bar in formula.random:
        if not bar.correlated:
            raise FormulaError(
                "beside a structured term || is written as diag(), as lme4 2.0 reads it: "
                f"diag({bar.columns} | {bar.group})",
                formula.text,
            )
    return replace(
        formula,
        random=tuple(
            replace(bar, structure=None, within=bar.structure is not None and bar.structure.name in _WITHIN)
            for bar in formula.random
        ),
    )
