"""Variance components: standard deviations and correlations of the random effects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..fit import Fit
from ..frame.native import as_it_came
from ..guidance.elsewhere import explained
from ..guidance.words_of_results import OF_A_COMPONENT, OF_COMPONENTS
from ..show import Document, Printed, Table, frame_table
from ..show.numbers import format_common, round_to
from ..show.text import table_lines, width
from .unknown import known_sigma, unknown_elements


@dataclass(frozen=True, eq=False, repr=False)
class Component(Printed):
    """The covariance matrix of one random term.

    Attributes
    ----------
    label : str
        Group, numbered when terms share it: ``"subject"``, ``"subject.1"``.
    group : str
    columns : tuple of str
    cov : (r, r) float64
        Covariance matrix, sigma^2 Lambda Lambda'; NaN in what has no estimate.
    """

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = explained("a component", OF_A_COMPONENT)

    label: str
    group: str
    columns: tuple[str, ...]
    cov: FloatArray = field(repr=False)

    @property
    def sd(self) -> FloatArray:
        """Standard deviations, (r,)."""
        return np.sqrt(np.diag(self.cov))

    @property
    def corr(self) -> FloatArray:
        """Correlations, (r, r), NaN in row and column of a zero variance (1 on the diagonal)."""
        sd = self.sd
        with np.errstate(invalid="ignore", divide="ignore"):
            corr = np.clip(self.cov / np.outer(sd, sd), -1, 1)
        np.fill_diagonal(corr, 1.0)
        return corr

    def document(self) -> Document:
        """Return the parts: standard deviations, and correlations where there are some."""
        table = pd.DataFrame({"Variance": self.sd**2, "Std.Dev.": self.sd}, index=list(self.columns))
        for k, name in enumerate(self.columns[:-1]):
            table[f"Corr {name}"] = [self.corr[i, k] if i > k else np.nan for i in range(len(self.columns))]
        return [frame_table(table, self.label)]


@dataclass(frozen=True, eq=False, repr=False)
class VarCorr(Printed):
    """Variance components of a fit; iterates over its terms, prints like lme4's VarCorr.

    Attributes
    ----------
    components : tuple of Component
        One per random term, in lme4's order.
    sigma : float or None
        Residual standard deviation; None where the family has none of its own.
    """

    if not TYPE_CHECKING:
        __getattr__ = explained("varcorr", OF_COMPONENTS)

    components: tuple[Component, ...]
    sigma: float | None

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Say that the components are an attribute: ``fit.varcorr``, not ``fit.varcorr()``."""
        raise TypeError("fit.varcorr is an attribute, without parentheses: fit.varcorr.to_frame() is a table")

    def __iter__(self) -> Iterator[Component]:
        return iter(self.components)

    def __len__(self) -> int:
        return len(self.components)

    def __getitem__(self, label: str | int) -> Component:
        if isinstance(label, int):
            return self.components[label]
        for component in self.components:
            if component.label == label:
                return component
        raise KeyError(f"{label!r}; the terms are {[component.label for component in self.components]}")

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return one row per standard deviation, the residual last.

        Returns
        -------
        DataFrame
            Columns ``group``, ``name`` (empty for the residual), ``var``, ``sd``, then ``corr``: the
            correlation with the first column of the same term, ``corr.2``: with its second, and so on; NaN
            where there is none.
        """
        width = max(len(component.columns) for component in self.components)
        headers = [f"corr.{k + 1}" if k else "corr" for k in range(width - 1)]
        rows = []
        for component in self.components:
            sd, corr = component.sd, component.corr
            for i, column in enumerate(component.columns):
                row = {"group": component.label, "name": column, "var": component.cov[i, i], "sd": sd[i]}
                rows.append(row | {header: corr[i, k] for k, header in enumerate(headers) if k < i})
        if self.sigma is not None:
            rows.append({"group": "Residual", "name": "", "var": self.sigma**2, "sd": self.sigma})
        return pd.DataFrame(rows, columns=["group", "name", "var", "sd", *headers])

    def __str__(self) -> str:
        return component_table(self, ("Std.Dev.",), digits=5)

    def document(self) -> Document:
        """Return the parts."""
        return [Table("Random effects", *component_columns(self, ("Variance", "Std.Dev."), 4), labels=2)]


def varcorr(fit: Fit) -> VarCorr:
    """Return the variance components of a fit."""
    return VarCorr(components_of(fit, fit.sigma), known_sigma(fit))


def components_of(fit: Fit, scale: float) -> tuple[Component, ...]:
    """Return the covariance matrices of the terms, whose factors are of this scale."""
    model = fit.model
    factors = [scale * factor for factor in model.covariance_factors(fit.theta)]
    return tuple(
        Component(label, term.group, term.columns, np.where(gone, np.nan, factor @ factor.T))
        for label, term, factor, gone in zip(
            model.term_labels, model.design.terms, factors, unknown_elements(fit), strict=True
        )
    )


_MOST_SHOWN = 12  # columns of a term in a printed table


def component_columns(
    varcorr: VarCorr, shown: Sequence[str], digits: int
) -> tuple[list[str], list[list[str]]]:
    """Return headers and columns of the table: Groups, Name, what is `shown`, Corr.

    shown: sequence of {"Variance", "Std.Dev."}.
    digits: significant digits of the entry that needs the most decimals.
    """
    groups, names, correlations, sds = [], [], [], []
    width = max(min(len(component.columns), _MOST_SHOWN) for component in varcorr)
    decimals = max(2, digits - 2)
    for component in varcorr:
        corr, left = component.corr, len(component.columns) - _MOST_SHOWN
        sds.append(component.sd[:_MOST_SHOWN])
        for i, column in enumerate(component.columns[:_MOST_SHOWN]):
            column = f"{column} (+ {left} more)" if left > 0 and i == _MOST_SHOWN - 1 else column
            groups.append(component.label if i == 0 else "")
            names.append(column)
            correlations.append(_correlations(corr[i, :i], decimals) + [""] * (width - 1 - i))
    residual = [] if varcorr.sigma is None else [varcorr.sigma]
    sd = np.concatenate([*sds, residual])
    numbers = {"Variance": sd**2, "Std.Dev.": sd}
    headers = ["Groups", "Name", *shown, *["Corr" if k == 0 else "" for k in range(width - 1)]]
    last = [""] * len(residual)
    columns = [[*groups, *["Residual"] * len(residual)], [*names, *last]]
    columns += [format_common(numbers[name], digits) for name in shown]
    columns += [[*(row[k] for row in correlations), *last] for k in range(width - 1)]
    return headers, columns


def component_table(varcorr: VarCorr, shown: Sequence[str], digits: int) -> str:
    """Return the table as text."""
    lines = table_lines(*component_columns(varcorr, shown, digits), labels=2, limit=width() - 1)
    return "\n".join(f" {line}" for line in lines)


def _correlations(values: np.ndarray, decimals: int) -> list[str]:
    texts = [format_common([value], 15, decimals)[0] for value in round_to(values, decimals)]
    return [text if text.startswith("-") or text == "NaN" else f" {text}" for text in texts]
