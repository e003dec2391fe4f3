"""Polynomial contrasts of equally spaced levels."""

from __future__ import annotations

from fractions import Fraction
from math import gcd, lcm

import numpy as np

_NAMES = ("linear", "quadratic", "cubic", "quartic")
_MOST = 6  # degrees, as emmeans gives


def polynomials(levels: int, orthonormal: bool) -> dict[str, list[float]]:
    """Return name -> weights of the orthogonal polynomials of degree 1 to 6.

    orthonormal: True: of length 1, as R's ``contr.poly`` and emmeans' ``"opoly"``; False: the smallest whole
        numbers, as in the tables of Fisher & Yates and emmeans' ``"poly"``.

    >>> polynomials(4, False)
    {'linear': [-3.0, -1.0, 1.0, 3.0], 'quadratic': [1.0, -1.0, -1.0, 1.0], 'cubic': [-1.0, 3.0, -3.0, 1.0]}
    """
    basis: list[list[Fraction]] = [[Fraction(1)] * levels]
    out = {}
    for degree in range(1, min(levels - 1, _MOST) + 1):
        column = [Fraction(2 * i - levels + 1) ** degree for i in range(levels)]
        for known in basis:
            along = sum((a * b for a, b in zip(column, known, strict=True)), Fraction(0))
            share = along / sum((a * a for a in known), Fraction(0))
            column = [a - share * b for a, b in zip(column, known, strict=True)]
        basis.append(column)
        scale = lcm(*(value.denominator for value in column))
        whole = [int(value * scale) for value in column]
        divisor = gcd(*whole)
        weights = np.array([value / divisor for value in whole])
        if orthonormal:
            weights = weights / np.linalg.norm(weights)
        name = _NAMES[degree - 1] if degree <= len(_NAMES) else f"degree {degree}"
        out[name] = weights.tolist()
    return out
