"""The sums of a part of the data: what a fit needs of its rows, without the rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import numpy.typing as npt

from ..arrays import FloatArray
from ..frame.factors import Levels
from ..guidance.arguments import guide_class
from ..guidance.elsewhere import unexplained
from ..verbs import Verb
from .patterns import Patterns
from .products import Cells, Group, Product
from .table import Table


@dataclass(frozen=True, eq=False)
class ColumnLevels:
    """The levels of a categorical column in their order."""

    values: Levels  # (L,)
    # keys in the order the column lists, if it is not the sorted one: unused categories too
    categories: tuple[Any, ...] | None = None


@dataclass(frozen=True, eq=False)
class Contents:
    """The numbers of sums, there when there are rows."""

    kinds: Mapping[str, str]  # column -> ``"real"``, ``"whole"``, ``"truth"``, ``"levels"`` or ``"time"``
    levels: Mapping[str, ColumnLevels]  # categorical column -> its levels
    groups: Mapping[Group, Cells]  # columns of a grouping factor -> (levels, columns) codes of its levels
    products: tuple[Product, ...]  # those of the formula, the constant first, the response last
    # product -> (cells, factors) codes of the combinations of levels that occur
    cells: Mapping[Product, Cells]
    # columns of a grouping factor -> the products its random effects are coefficients of
    z: Mapping[Group, tuple[Product, ...]]
    # (m,): what has been subtracted from each column, column after column of the products
    origins: FloatArray
    table: Table  # with the prior weights
    unweighted: FloatArray | None  # (m, m): products of the columns without the prior weights
    ranges: Mapping[str, tuple[float, float]]  # numeric column, and the response -> lowest and highest value
    # log_weights, inverse_weights, offsets: sums of the logarithms of the weights, of their inverses, of the
    # offsets
    log_weights: float
    inverse_weights: float
    offsets: float
    patterns: Patterns | None = None  # of a model for repeated measures

    def first_columns(self) -> dict[Product, int]:
        """Return the first column of each product; its cells follow one another."""
        first, out = 0, {}
        for product in self.products:
            out[product] = first
            first += self.cells[product].shape[0]
        return out

    def z_columns(self) -> list[npt.NDArray[np.intp]]:
        """Return the columns of each grouping factor."""
        first = self.first_columns()
        return [
            np.concatenate(
                [first[product] + np.arange(self.cells[product].shape[0]) for product in self.z[group]]
            )
            for group in self.groups
        ]


class Portable:
    """Sums of either kind: added up, written to bytes and files, pickled as these bytes."""

    if not TYPE_CHECKING:  # which would take every name for known
        __getattr__ = unexplained

    instead_of_rows: ClassVar[str] = "they know their formula, ranef.fit(sums) fits them"

    __add__ = Verb("sufficient.merging:plus")
    to_bytes = Verb("sufficient.files:to_bytes")
    save = Verb("sufficient.files:save")
    from_bytes = Verb("sufficient.files:from_bytes")

    def __reduce__(self) -> Any:
        return _from_bytes, (self.to_bytes(),)


def _from_bytes(data: bytes) -> Any:
    """Return sums that were pickled: a function that pickle finds by its name."""
    return Sums.from_bytes(data)


@guide_class
@dataclass(frozen=True, eq=False, repr=False)
class Sums(Portable):
    """Sums of a part of the data, made by `ranef.sums`: they can be added up, kept, sent, and fitted.

    ``a + b`` are the sums of the rows of both; levels are matched by name. The order in which parts are added
    does not matter beyond rounding.

    Attributes
    ----------
    formula : str
    weights, offset : str or None
        Columns.
    n : int
        Rows used.
    n_total : int
        Rows of the data, those with missing values included.
    missing : dict
        Column name -> number of missing values.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("sleepstudy")
    >>> formula = "Reaction ~ Days + (Days | Subject)"
    >>> last_month, today = ranef.sums(formula, data[:100]), ranef.sums(formula, data[100:])
    >>> total = last_month + today
    >>> total
    Sums('Reaction ~ Days + (Days | Subject)', 180 rows, 18 levels of Subject)
    >>> round(ranef.fit(total).objective, 4)
    1743.6283
    """

    formula: str
    weights: str | None
    offset: str | None
    n: int
    n_total: int
    missing: dict[str, int] = field(default_factory=dict)
    contents: Contents | None = None

    for_site = Verb("sufficient.site:for_site")

    @property
    def levels(self) -> dict[str, int]:
        """Number of levels of each grouping factor; of repeated measures, of subjects and visits."""
        if self.contents is None:
            return {}
        patterns = self.contents.patterns
        if patterns is not None:
            visits = self.contents.levels[patterns.visit].values.shape[0]
            return {":".join(patterns.subject): patterns.subjects.shape[0], patterns.visit: visits}
        return {":".join(group): int(keys.shape[0]) for group, keys in self.contents.groups.items()}

    @property
    def nbytes(self) -> int:
        """Bytes of the numbers."""
        if self.contents is None:
            return 0
        table = self.contents.table
        pairs = sum(p.first.nbytes + p.second.nbytes + p.blocks.nbytes for p in table.pairs.values())
        patterns = 0 if self.contents.patterns is None else self.contents.patterns.nbytes
        return table.fixed.nbytes + sum(factor.cross.nbytes for factor in table.factors) + pairs + patterns

    def __repr__(self) -> str:
        levels = "".join(f", {count:,} levels of {name}" for name, count in self.levels.items())
        return f"Sums({self.formula!r}, {self.n:,} rows{levels})"
