"""Principal components of the random effects: how many dimensions their covariance matrices have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ...arrays import FloatArray
from ...fit import Fit
from ...frame.native import as_it_came
from ...show import Document, Printed, frame_table


@dataclass(frozen=True, eq=False, repr=False)
class GroupPCA(Printed):
    """Principal components of the random effects of one grouping factor.

    Attributes
    ----------
    group : str
    sdev : (r,) float64
        Standard deviations of the components, falling, relative to sigma.
    rotation : (r, r) DataFrame
        Components in columns, random effects in rows; the largest entry of each is positive.
    """

    group: str
    sdev: FloatArray
    rotation: pd.DataFrame = field(repr=False)

    @property
    def importance(self) -> pd.DataFrame:
        """Standard deviation, share of the variance, cumulated share, by component."""
        total = np.sum(self.sdev**2)
        share = self.sdev**2 / total if total > 0 else np.full(self.sdev.size, np.nan)
        rows = ["Standard deviation", "Proportion of Variance", "Cumulative Proportion"]
        return pd.DataFrame(
            [self.sdev, share, np.cumsum(share)], index=rows, columns=list(self.rotation.columns)
        )

    def document(self) -> Document:
        """Return the parts."""
        return [frame_table(self.importance, self.group)]


class RandomEffectsPCA(Printed, Mapping[str, GroupPCA]):
    """Grouping factor -> principal components of its random effects; prints their importance."""

    def __init__(self, parts: dict[str, GroupPCA]) -> None:
        self._parts = parts

    def __getitem__(self, group: str) -> GroupPCA:
        try:
            return self._parts[group]
        except KeyError:
            raise KeyError(f"{group!r}; the grouping factors are {list(self._parts)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._parts)

    def __len__(self) -> int:
        return len(self._parts)

    @as_it_came
    def to_frame(self) -> pd.DataFrame:
        """Return one row per component: group, component, sdev, proportion, cumulative."""
        rows = []
        for group, part in self.items():
            table = part.importance.to_numpy()
            rows += [(group, name, *table[:, i]) for i, name in enumerate(part.rotation.columns)]
        return pd.DataFrame(rows, columns=["group", "component", "sdev", "proportion", "cumulative"])

    def __str__(self) -> str:
        return "\n\n".join(str(part) for part in self.values())

    def document(self) -> Document:
        """Return the parts."""
        return [frame_table(part.importance, group) for group, part in self.items()]


def pca(fit: Fit) -> RandomEffectsPCA:
    """Return the principal components of the random effects.

    Singular values of Lambda, all terms of a grouping factor together: a component with (almost) no variance
    is a combination of random effects that the data do not support.

    Parameters
    ----------
    fit : Fit

    Returns
    -------
    RandomEffectsPCA

    References
    ----------
    Bates, Kliegl, Vasishth & Baayen (2015), Parsimonious mixed models, arXiv:1506.04967.

    Examples
    --------
    >>> import ranef
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", ranef.datasets.load("sleepstudy"))
    >>> fit.pca()
    Subject
                              PC1     PC2
    Standard deviation     0.9669 0.23088
    Proportion of Variance 0.9461 0.05395
    Cumulative Proportion  0.9461 1.00000
    """
    factors = fit.model.covariance_factors(fit.theta)
    parts = {}
    for blocks in fit.model.cross.factors:
        columns = [c for index in blocks.terms for c in fit.model.design.terms[index].columns]
        whole, first = np.zeros((len(columns), len(columns))), 0
        for index in blocks.terms:
            r = len(factors[index])
            whole[first : first + r, first : first + r] = factors[index]
            first += r
        vectors, sdev, _ = np.linalg.svd(whole)
        largest = np.abs(vectors).argmax(axis=0)
        vectors = vectors * np.where(vectors[largest, np.arange(len(columns))] < 0, -1.0, 1.0)
        names = [f"PC{i + 1}" for i in range(len(columns))]
        parts[blocks.group] = GroupPCA(
            blocks.group, sdev, pd.DataFrame(vectors, index=columns, columns=names)
        )
    return RandomEffectsPCA(parts)
