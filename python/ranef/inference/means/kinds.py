"""Contrasts by the name of their kind: weights of the means that are compared."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np

from ...arrays import FloatArray
from ...errors import ArgumentError, quote_list, require_choice
from .polynomials import polynomials

KINDS = ("eff", "consec", "trt.vs.ctrl", "pairwise", "revpairwise", "poly", "opoly")


def weights_of(kind: str, names: list[str], minus: str, ref: Any = None) -> Mapping[str, Any]:
    """Return the weights of every contrast by name.

    names: of the means.
    minus: stands between two of them.
    ref: the control of ``"trt.vs.ctrl"``, by name or place, by default the first.
    """
    require_choice("contrast", kind, KINDS)
    if ref is not None and kind != "trt.vs.ctrl":
        raise ArgumentError(f"ref= names the control of 'trt.vs.ctrl'; '{kind}' has none")
    count, eye = len(names), np.eye(len(names))

    def apart(i: int, j: int) -> tuple[str, FloatArray]:
        return f"{names[i]} {minus} {names[j]}", eye[i] - eye[j]

    if kind == "eff":
        return {f"{names[i]} effect": eye[i] - 1 / count for i in range(count)}
    if kind == "consec":
        return dict(apart(i, i - 1) for i in range(1, count))
    if kind == "trt.vs.ctrl":
        control = _place(ref, names)
        return dict(apart(i, control) for i in range(count) if i != control)
    if kind.endswith("pairwise"):
        pairs = combinations(range(count), 2)
        return dict(apart(j, i) if kind.startswith("rev") else apart(i, j) for i, j in pairs)
    return polynomials(count, orthonormal=kind == "opoly")


def named_rows(weights: Any) -> dict[str, list[float]]:
    """Return weights without names by what they are."""
    try:
        rows = np.atleast_2d(np.asarray(weights, dtype=float))
    except (TypeError, ValueError):
        raise ArgumentError(
            "contrast() takes weights by name, a row of weights or several, or the name of a kind of "
            f"contrast; got {weights!r}"
        ) from None
    return {f"[{', '.join(f'{value:g}' for value in row)}]": row.tolist() for row in rows}


def require_control(kind: Any) -> None:
    """Raise an ArgumentError unless contrasts are comparisons with a control."""
    if kind != "trt.vs.ctrl":
        raise ArgumentError(
            "adjust='dunnett' is for comparisons with a control, contrast('trt.vs.ctrl', ref=...): use "
            "adjust='mvt' here"
        )


def _place(ref: Any, names: list[str]) -> int:
    if ref is None:
        return 0
    if str(ref) in names:
        return names.index(str(ref))
    if isinstance(ref, int) and not isinstance(ref, bool) and -len(names) <= ref < len(names):
        return ref % len(names)
    raise ArgumentError(f"ref= must be one of the means, {quote_list(names)}, not {ref!r}")
