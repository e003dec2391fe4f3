"""Conditional modes of the random effects, and the coefficients of each group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..cached import cached_property
from ..cross_products import FactorBlocks
from ..fit import Fit
from ..frame.native import as_it_came
from ..guidance.elsewhere import explained
from ..guidance.words_of_results import OF_TABLES
from ..show import Document, Printed, frame_table
from ..verbs import Verb


class FactorTables(Printed, Mapping[str, pd.DataFrame]):
    """Grouping factor -> DataFrame, levels x columns; prints its tables."""

    _where = "fit.ranef"  # how it is written

    def __init__(self, fit: Fit) -> None:
        self.fit = fit

    @cached_property
    def _tables(self) -> dict[str, pd.DataFrame]:
        fit = self.fit
        return {
            factor.group: self._table(factor, np.asarray(modes))
            for factor, modes in zip(fit.model.cross.factors, fit.solution["modes"], strict=True)
        }

    def _table(self, factor: FactorBlocks, modes: FloatArray) -> pd.DataFrame:
        """Return the modes of one factor, its terms side by side, index labels as in the data."""
        terms = [self.fit.model.design.terms[index] for index in factor.terms]
        columns = [column for term in terms for column in term.columns]
        return pd.DataFrame(
            modes, index=pd.Index(terms[0].factor.levels, name=factor.group), columns=columns, copy=True
        )

    def __call__(self, *_: Any, **__: Any) -> Any:
        """Say that the tables are an attribute: ``fit.ranef``, not ``fit.ranef()``."""
        where = self._where
        raise TypeError(f"{where} is an attribute, without parentheses: {where}['group'] is a table")

    if not TYPE_CHECKING:  # which would take every name for known

        def __getattr__(self, name: str) -> Any:
            # "fit" itself may be missing while a pickle is read.
            if not name.startswith("_") and "fit" in vars(self) and name in list(self):
                raise AttributeError(f"{name!r} is a grouping factor: {self._where}[{name!r}] is its table")
            return explained(self._where, OF_TABLES)(self, name)

    def __getitem__(self, group: str) -> pd.DataFrame:
        try:
            return self._tables[group]
        except KeyError:
            raise KeyError(f"{group!r}; the grouping factors are {list(self)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter([factor.group for factor in self.fit.model.cross.factors])

    def __len__(self) -> int:
        return len(self.fit.model.cross.factors)

    def document(self) -> Document:
        """Return the parts."""
        return [frame_table(table.rename_axis(None), group) for group, table in self.items()]


class RandomEffects(FactorTables):
    """Conditional modes b: grouping factor -> DataFrame, levels x columns.

    Several terms on one factor stand side by side. ``cond_var`` has the conditional variances, ``to_frame()``
    one row per mode.
    """

    _where = "fit.ranef"

    @cached_property
    def cond_var(self) -> dict[str, FloatArray]:
        """Grouping factor -> conditional covariance matrices of its modes, (levels, r, r).

        Given theta, sigma and beta, as in lme4. Rows and columns are those of the factor's table, covariances
        between terms on one factor included.
        """
        return dict(zip(self, self.fit.mode_variances, strict=True))

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return one row per mode: group, level, name, mode, sd (the conditional standard deviation)."""
        parts = []
        for group, table in self.items():
            sd = np.sqrt(np.einsum("lii->li", self.cond_var[group]))
            levels, names = table.index.to_numpy(), list(table.columns)
            parts.append(
                pd.DataFrame(
                    {
                        "group": group,
                        "level": np.tile(levels, len(names)),
                        "name": np.repeat(names, len(levels)),
                        "mode": table.to_numpy().T.ravel(),
                        "sd": sd.T.ravel(),
                    }
                )
            )
        return pd.concat(parts, ignore_index=True)

    conf_int = Verb("inference.mode_intervals:mode_intervals")


class Coefficients(FactorTables):
    """Fixed effects plus modes: grouping factor -> DataFrame, levels x columns.

    The columns are the fixed effects that were estimated, then random effects without a fixed one.
    """

    _where = "fit.coef"

    def _table(self, factor: FactorBlocks, modes: FloatArray) -> pd.DataFrame:
        fit, table = self.fit, super()._table(factor, modes)
        names = fit.model.design.column_names
        fixed = {names[index]: fit.beta[index] for index in fit.model.cross.columns}
        columns = [*fixed, *(name for name in dict.fromkeys(table.columns) if name not in fixed)]
        values = np.tile([fixed.get(name, 0.0) for name in columns], (len(table), 1))
        for position, name in enumerate(table.columns):  # a name may stand in two terms
            values[:, columns.index(name)] += table.iloc[:, position]
        return pd.DataFrame(values, index=table.index, columns=columns)


def mode_variances(fit: Fit) -> list[FloatArray]:
    """Return the conditional covariance matrices of each factor's modes, (levels, r, r)."""
    blocks = fit.model.problem.conditional_variances(fit.response, fit.theta)
    return [block * fit.sigma**2 for block in blocks]
