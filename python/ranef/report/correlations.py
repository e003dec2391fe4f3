"""Correlations of the estimated fixed effects: a lower triangle under shortened names."""

from __future__ import annotations

import numpy as np

from ..fit import Fit
from ..show.numbers import format_common, round_to
from ..show.text import columns_of_text
from .layout import abbreviate_all

MOST_SHOWN = 12
ROW_NAME = 11
COLUMN_NAME = 6


def correlation_columns(fit: Fit) -> tuple[list[str], list[list[str]]]:
    """Return headers and columns of text, the first with the row names."""
    kept = fit.model.cross.kept
    vcov = fit.solution["vcov"]
    sd = np.sqrt(np.diag(vcov))
    names = [fit.params.index[index] for index in kept]
    texts = np.array(format_common(round_to(vcov / np.outer(sd, sd), 3), 7, 3)).reshape(vcov.shape)
    width = len(names)
    columns = [[str(texts[i, j]) if i > j else "" for i in range(1, width)] for j in range(width - 1)]
    headers = abbreviate_all(names, COLUMN_NAME)[:-1]
    return ["", *headers], [abbreviate_all(names, ROW_NAME)[1:], *columns]


def correlation_lines(fit: Fit) -> list[str]:
    """Return the lines of the summary; none for one coefficient, a remark instead for more than a dozen."""
    p = len(fit.model.cross.kept)
    if p < 2:
        return []
    if p > MOST_SHOWN:
        return [f"not shown for {p} coefficients; see fit.cov_params()"]
    return columns_of_text(*correlation_columns(fit))
