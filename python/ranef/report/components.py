"""The table of variance components, as VarCorr and the summary print it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..show.numbers import format_common, round_to
from ..show.text import columns_of_text

if TYPE_CHECKING:
    from ..estimates.varcorr import VarCorr


def component_columns(
    varcorr: VarCorr, shown: Sequence[str], digits: int
) -> tuple[list[str], list[list[str]]]:
    """Return headers and columns of the table: Groups, Name, what is `shown`, Corr.

    Parameters
    ----------
    varcorr : VarCorr
    shown : sequence of {"Variance", "Std.Dev."}
    digits : int
        Significant digits of the entry that needs the most decimals.
    """
    groups, names, correlations = [], [], []
    width = max(len(component.columns) for component in varcorr)
    decimals = max(2, digits - 2)
    for component in varcorr:
        corr = component.corr
        for i, column in enumerate(component.columns):
            groups.append(component.label if i == 0 else "")
            names.append(column)
            correlations.append(_correlations(corr[i, :i], decimals) + [""] * (width - 1 - i))
    sd = np.concatenate([*(component.sd for component in varcorr), [varcorr.sigma]])
    numbers = {"Variance": sd**2, "Std.Dev.": sd}
    headers = ["Groups", "Name", *shown, *["Corr" if k == 0 else "" for k in range(width - 1)]]
    columns = [[*groups, "Residual"], [*names, ""], *(format_common(numbers[name], digits) for name in shown)]
    columns += [[*(row[k] for row in correlations), ""] for k in range(width - 1)]
    return headers, columns


def component_table(varcorr: VarCorr, shown: Sequence[str], digits: int) -> str:
    """Return the table as text."""
    return "\n".join(f" {line}" for line in columns_of_text(*component_columns(varcorr, shown, digits)))


def _correlations(values: np.ndarray, decimals: int) -> list[str]:
    texts = [format_common([value], 15, decimals)[0] for value in round_to(values, decimals)]
    return [text if text.startswith("-") or text == "NaN" else f" {text}" for text in texts]
