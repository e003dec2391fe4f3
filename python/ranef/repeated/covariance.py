"""The estimated covariance over visits: matrices by arm, parameters with standard errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from ..arrays import FloatArray
from ..errors import ArgumentError, quote_list
from ..formula.visit_term import SPATIAL, STRUCTURES
from ..frame.native import as_it_came, in_pandas
from ..show import Document, Line, Printed, frame_table
from .flat import known_matrices

if TYPE_CHECKING:
    from .fit import VisitFit

_SCALES = {"us": 0, "diag": 1, "cs": 1, "ar1": 1, "toep": 1, "ad": 1, "sp_exp": 1, "sp_gau": 1}


@dataclass(frozen=True, eq=False, repr=False)
class VisitCovariance(Printed):
    """The covariance over visits.

    Attributes
    ----------
    structure : str
    arms : tuple of str
        Those with a matrix of their own; one empty text for one matrix.
    matrices : tuple of (T, T) float64
        One per arm; NaN where no response can tell about an element.
    parameters : DataFrame
        ``arm`` (where there are several), ``parameter``, ``estimate``, ``se``: standard deviations,
        correlations, the range of sp_exp and sp_gau; for us the elements of the matrix.
    """

    structure: str
    arms: tuple[str, ...]
    visits: tuple[str, ...]
    matrices: tuple[FloatArray, ...] = field(repr=False)
    parameters: pd.DataFrame

    @property
    def estimates(self) -> pd.Series:
        """The parameters by name, and arm where each has its own, as `parameters` has them."""
        table = self.parameters
        names = table.parameter.tolist()
        if "arm" in table:
            names = [f"{name}[{arm}]" for name, arm in zip(names, table.arm, strict=True)]
        return pd.Series(table.estimate.to_numpy(), names)

    @as_it_came
    def cov(self, arm: str | None = None) -> pd.DataFrame:
        """Return the covariance matrix, of an arm where each has its own."""
        return pd.DataFrame(self._of(arm).copy(), index=list(self.visits), columns=list(self.visits))

    @as_it_came
    def corr(self, arm: str | None = None) -> pd.DataFrame:
        """Return the correlation matrix, of an arm where each has its own."""
        matrix = self._of(arm)
        sd = np.sqrt(np.diag(matrix))
        return pd.DataFrame(matrix / np.outer(sd, sd), index=list(self.visits), columns=list(self.visits))

    @as_it_came
    def sd(self, arm: str | None = None) -> pd.Series:
        """Return the standard deviation at each visit."""
        return pd.Series(np.sqrt(np.diag(self._of(arm))), index=list(self.visits), name="sd")

    def _of(self, arm: str | None) -> FloatArray:
        if arm is None:
            if len(self.arms) > 1:
                raise ArgumentError(f"every arm has its own matrix: name one, of {quote_list(self.arms)}")
            return self.matrices[0]
        if self.arms == ("",):
            raise ArgumentError(f"arm={str(arm)!r}: all subjects share one covariance matrix, leave arm= out")
        if str(arm) not in self.arms:
            raise ArgumentError(f"there is no arm {str(arm)!r}: arms are {quote_list(self.arms)}")
        return self.matrices[self.arms.index(str(arm))]

    def document(self) -> Document:
        """Return the parts: standard deviations beside correlations, by arm."""
        parts: list = [Line(f"Covariance over visits: {self.structure}, {STRUCTURES[self.structure]}")]
        for arm in self.arms:
            corr = in_pandas(self.corr)(arm or None)
            table = pd.DataFrame({"sd": in_pandas(self.sd)(arm or None)})
            for place, visit in enumerate(self.visits):
                shown = ["" if np.isnan(value) else f"{value:.3f}" for value in corr[visit]]
                column = [text if row > place else "" for row, text in enumerate(shown)]
                if place < len(self.visits) - 1:
                    table[visit] = column
            parts.append(frame_table(table, arm))
        return parts


def visit_covariance(fit: VisitFit) -> VisitCovariance:
    """Return the covariance over visits of a fit."""
    visits = fit.model.visits
    return VisitCovariance(
        fit.structure,
        tuple(visits.arms),
        tuple(visits.labels),
        known_matrices(fit),
        _parameters(fit),
    )


def at_limits(fit: VisitFit) -> bool:
    """Whether a covariance matrix over visits is singular."""
    return fit.singular


def _parameters(fit: VisitFit) -> pd.DataFrame:
    labels, arms = fit.model.visits.labels, fit.model.visits.arms
    own = len(fit.theta) // len(arms)
    spread = fit.theta_covariance
    rows = []
    for group, arm in enumerate(arms):
        part = slice(group * own, (group + 1) * own)
        if fit.structure == "us":
            names, values = _elements(labels, fit.point.sigma[group])
            jacobian = fit.point.jacobian[group]
        else:
            natural = fit.point.natural[part]
            names = [one.name for one in natural_parameters(fit.structure, labels)]
            values, jacobian = natural[:, 0], np.diag(natural[:, 1])
        slopes = np.zeros((len(fit.theta), len(jacobian)))
        slopes[part] = jacobian.T
        unknown = fit.curvature.unknown(slopes)
        values = np.where(unknown, np.nan, values).tolist()
        variance = np.einsum("ij,jk,ik->i", jacobian, spread[part, part], jacobian)
        se = np.where(unknown, np.nan, np.sqrt(np.maximum(variance, 0.0)))
        rows += [
            {"arm": arm, "parameter": name, "estimate": value, "se": error}
            for name, value, error in zip(names, values, se, strict=True)
        ]
    table = pd.DataFrame(rows)
    return table if arms != [""] else table.drop(columns="arm")


def _elements(labels: list[str], sigma: FloatArray) -> tuple[list[str], list[float]]:
    columns, rows = np.triu_indices(len(labels))
    names = [
        f"var({labels[i]})" if i == j else f"cov({labels[j]}, {labels[i]})"
        for j, i in zip(columns, rows, strict=True)
    ]
    return names, [float(sigma[i, j]) for j, i in zip(columns, rows, strict=True)]


class Natural(NamedTuple):
    """A parameter of a structure as it is read, and between which ends it lies."""

    name: str
    kind: str  # {"sd", "correlation", "range"}
    lower: float
    upper: float


def natural_parameters(structure: str, labels: list[str]) -> list[Natural]:
    """Return the parameters of a structure, us left out."""
    base = structure if structure in _SCALES else structure[:-1]
    scales = ["sd"] if base == structure else [f"sd({label})" for label in labels]
    count = len(labels)
    of = {
        "diag": [],
        "cs": ["correlation"],
        "ar1": ["correlation"],
        "sp_exp": ["range"],
        "sp_gau": ["range"],
        "toep": [f"correlation at lag {lag}" for lag in range(1, count)],
        "ad": [f"corr({one}, {other})" for one, other in pairwise(labels)],
    }
    kind, lower, upper = "correlation", -1.0 / (count - 1) if base == "cs" else -1.0, 1.0
    if base in SPATIAL:
        kind, lower, upper = "range", 0.0, np.inf
    rest = [Natural(name, kind, lower, upper) for name in of[base]]
    return [*(Natural(name, "sd", 0.0, np.inf) for name in scales), *rest]
