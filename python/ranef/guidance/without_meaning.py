"""Arguments of a search that have no meaning for a kind of fit: given, they are refused by name.

`lmer` and `fit` have arguments for every kind of fit. One that a fit would not look at must not look as if it
had been heard: each kind lists here what it does not take, and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError

# Argument -> its value where none is given.
UNSAID: dict[str, Any] = {
    "start": None,
    "optimizer": "newton",
    "max_evaluations": None,
    "tolerance": 1e-14,
    "allow_saturated": False,
    "leading": "auto",
    "schur": "auto",
    "iterations": None,
    "residual": None,
    "dispersion": None,
    "agq": None,
    "reml": None,
}

_OWN_SEARCH = "its search over all parameters has starts and limits of its own"
_DENSE = "its criterion is computed from dense matrices of the related levels"
_ROWS = "its sums are by pattern of visits"

# Kind -> how it is called, and what it does not take, with the reason.
NOT_TAKEN: dict[str, tuple[str, dict[str, str]]] = {
    "relationship": (
        "relationship=",
        {
            **dict.fromkeys(("residual", "dispersion"), "one covariance beside the residual's at a time yet"),
            **dict.fromkeys(("start", "optimizer", "max_evaluations", "tolerance"), _OWN_SEARCH),
            **dict.fromkeys(("leading", "schur", "iterations"), _DENSE),
            "allow_saturated": "a relationship matrix tells as many effects as rows apart anyway",
        },
    ),
    "structured": (
        "structured terms",
        {
            **dict.fromkeys(("start", "optimizer", "max_evaluations", "tolerance"), _OWN_SEARCH),
            "iterations": "the fit is exact",
        },
    ),
    "residual": (
        "residual= and dispersion=",
        {
            **dict.fromkeys(("start", "optimizer", "max_evaluations", "tolerance"), _OWN_SEARCH),
            "iterations": "the fit is exact",
        },
    ),
    "visits": (
        "sums for repeated measures",
        {
            **dict.fromkeys(("leading", "schur", "allow_saturated"), _ROWS),
            "optimizer": "newton fits them",
            "agq": "it is of generalised models",
        },
    ),
    "cells": (
        "sums of a generalised model",
        {
            "reml": "it is fitted by maximum likelihood",
            **dict.fromkeys(
                ("start", "optimizer", "leading", "schur", "allow_saturated"),
                "fit() takes agq=, max_evaluations= and tolerance= for them",
            ),
        },
    ),
    "sums": ("sums of a linear model", {"agq": "it is of generalised models"}),
    "many": (
        "many responses at once",
        dict.fromkeys(
            ("start", "optimizer", "max_evaluations", "tolerance"), "newton fits them from their moments"
        ),
    ),
    "iterations": (
        "a fit by iterations",
        {
            "tolerance": "write iterations=ranef.Iterations(tolerance=)",
            "optimizer": "it needs the exact criterion, schur='dense'",
        },
    ),
}


def require_taken(kind: str, given: Mapping[str, Any]) -> None:
    """Raise an ArgumentError for an argument that a kind of fit does not take.

    >>> require_taken("structured", {"start": None, "schur": "dense"})
    >>> require_taken("structured", {"tolerance": 1e-6})
    Traceback (most recent call last):
    ranef.errors.ArgumentError: tolerance= does not go with structured terms: its search over all parameters
    has starts and limits of its own. Leave tolerance= out
    """
    called, reasons = NOT_TAKEN[kind]
    for name, reason in reasons.items():
        if name in given and not _unsaid(name, given[name]):
            raise ArgumentError(f"{name}= does not go with {called}: {reason}. Leave {name}= out")


def _unsaid(name: str, value: Any) -> bool:
    plain = UNSAID[name]
    return value is plain if plain is None else bool(isinstance(value, type(plain)) and value == plain)
