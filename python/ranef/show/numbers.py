"""R's rules for printing numbers: digits common to a column, fixed or scientific notation, zapping, p-values.

After the documentation of R's ``format``, ``zapsmall``, ``printCoefmat`` and ``format.pval``: a column shows
as few digits as give its most demanding entry the wanted significant digits, and fixed notation unless
scientific is narrower.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray

_EPSILON = float(np.finfo(float).eps)


def format_common(values: npt.ArrayLike, digits: int = 7, nsmall: int = 0) -> list[str]:
    """Format numbers as R's ``format(values, digits=, nsmall=)``: alike, and padded to one width.

    digits: significant digits for the entry that needs the most decimals to show them.
    nsmall: least number of decimals in fixed notation.

    >>> format_common([582.696, 35.033, 649.363], digits=4)
    ['582.70', ' 35.03', '649.36']
    >>> format_common([60.24, 0.0005404], digits=4)
    ['6.024e+01', '5.404e-04']
    """
    numbers = [float(value) for value in np.ravel(np.asarray(values, dtype=np.float64))]
    finite = [value for value in numbers if math.isfinite(value)]
    decimals, scientific = _notation(finite, digits)
    if scientific is None:
        decimals = max(decimals, nsmall)
        texts = [_text(value, f".{decimals}f") for value in numbers]
    else:
        texts = [_text(value, f".{scientific}e") for value in numbers]
    width = max(map(len, texts), default=0)
    return [text.rjust(width) for text in texts]


def _text(value: float, spec: str) -> str:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Inf" if value > 0 else "-Inf"
    return format(value, spec)


def _notation(finite: Sequence[float], digits: int) -> tuple[int, int | None]:
    """Return the decimals in fixed notation, and those of the mantissa if scientific is narrower."""
    decimals = left = mantissa = 0
    widest_exponent = 2
    negative = any(value < 0 for value in finite)
    for value in finite:
        significant, exponent, widens = _significant(value, digits)
        decimals = max(decimals, significant - exponent - 1)
        before = 1 if exponent < 0 else exponent + 1 - widens
        left = max(left, before + (value < 0))
        mantissa = max(mantissa, significant - 1)
        widest_exponent = max(widest_exponent, len(str(abs(exponent))))
    fixed_width = left + decimals + (decimals > 0)
    scientific_width = negative + 1 + (mantissa > 0) + mantissa + 2 + widest_exponent
    return decimals, None if fixed_width <= scientific_width else mantissa


def _significant(value: float, digits: int) -> tuple[int, int, bool]:
    """Return the digits needed (no trailing zeros), the exponent once rounded, whether rounding raised it."""
    if value == 0:
        return 1, 0, False
    mantissa, exponent = format(abs(value), f".{digits - 1}e").split("e")
    needed = len(mantissa.replace(".", "").rstrip("0"))
    return max(needed, 1), int(exponent), int(exponent) > 0 and abs(value) < 10.0 ** int(exponent)


def zap_small(values: npt.ArrayLike, digits: int) -> FloatArray:
    """Round to `digits` digits relative to the largest entry, so that noise around zero prints as zero.

    >>> zap_small([12.3456, 1e-9], 4).tolist()
    [12.346, 0.0]
    """
    array = np.asarray(values, dtype=np.float64)
    finite = np.abs(array[np.isfinite(array)])
    largest = float(finite.max()) if finite.size else 0.0
    decimals = math.floor(max(0.0, digits - math.log10(largest)) + 0.5) if largest > 0 else digits
    return round_to(array, decimals)


def round_to(values: npt.ArrayLike, decimals: int) -> FloatArray:
    """Round to decimals as printed numbers are: by the nearest decimal text."""
    array = np.asarray(values, dtype=np.float64)
    if decimals > 300:
        return array.copy()
    out = [float(format(value, f".{decimals}f")) if math.isfinite(value) else value for value in array.flat]
    return np.array(out).reshape(array.shape)


def format_estimates(columns: Sequence[npt.ArrayLike], digits: int) -> list[list[str]]:
    """Format columns in one unit (estimates, their standard errors) with common decimals.

    Each number is first rounded to the decimals the largest and the smallest entry leave for `digits` digits.
    """
    table = np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])
    size = np.abs(table[np.isfinite(table) & (table != 0)])
    extremes = (size.min(), size.max()) if size.size else (1.0,)
    exponents = [math.floor(math.log10(extreme)) for extreme in extremes]
    decimals = max(1, *(digits - 1 - exponent for exponent in exponents))
    rounded = round_to(table, decimals)
    texts = np.array(format_common(rounded, digits)).reshape(table.shape)
    vanished = (table != 0) & (rounded == 0) & np.isfinite(table)
    if vanished.any():
        texts[vanished] = format_common(table[vanished], max(1, digits - 1))
    return [texts[:, index].tolist() for index in range(table.shape[1])]


def format_statistics(values: npt.ArrayLike, digits: int) -> list[str]:
    """Format test statistics: at most ``digits - 1`` decimals."""
    return format_common(round_to(values, max(1, min(5, digits - 1))), digits)


def format_p_values(values: npt.ArrayLike, digits: int = 3) -> list[str]:
    """Format p-values: from 0.0001 with common digits, so too the smaller ones; tiny ones ``< 2e-16``.

    >>> format_p_values([0.219, 2.13e-05, 1e-20])
    ['0.219', '2.13e-05', '< 2e-16']
    """
    array = np.asarray(values, dtype=np.float64)
    out = np.full(array.shape, "NA", dtype=object)
    finite = np.isfinite(array)
    tiny = finite & (array < _EPSILON)
    large = finite & ~tiny & (array >= (1e-4 if digits > 1 else 1e-3))
    for part in (large, finite & ~tiny & ~large):
        out[part] = format_common(array[part], digits)
    widest = max((len(text) for text in out[finite & ~tiny]), default=0)
    out[tiny] = _tiny(digits, widest)
    return [str(text) for text in out]


def _tiny(digits: int, widest: int) -> str:
    """Return ``< 2e-16``, with more digits or no blank as the width of the others suggests."""
    shown = max(1, digits - 2)
    if widest and shown > 1 and shown + 6 > widest:
        shown = max(1, widest - 7)
    close = shown == 1 and widest <= 6
    return f"<{'' if close else ' '}{format_common([_EPSILON], shown)[0]}"


def significance_stars(values: npt.ArrayLike) -> list[str]:
    """Return ``***``, ``**``, ``*``, ``.`` or nothing for p below 0.001, 0.01, 0.05, 0.1."""
    limits = ((0.001, "***"), (0.01, "**"), (0.05, "*"), (0.1, "."))
    return [next((stars for limit, stars in limits if p <= limit), "") for p in np.ravel(values)]
