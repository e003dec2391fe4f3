"""Sums that a site may share: levels have codes in place of names; small levels and crossings are refused."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import replace
from math import floor, log10

import numpy as np

from ..arrays import FloatArray, IntArray
from ..errors import ArgumentError, DataError, quote_list
from ..formula import parse_formula
from .finishing import needs_of
from .products import Group
from .sums import ColumnLevels, Contents, Sums
from .table import add_tables


def for_site(self: Sums, site: str, least: int = 5) -> Sums:
    """Return the sums with less to read from them, for one of several sites whose levels are its own.

    The levels of the grouping factors (patients, say) become ``"site/1"``, ``"site/2"``, ... in random order,
    so that the same name at two sites is two levels; lowest and highest values are rounded outwards.

    Parameters
    ----------
    site : str
        Different for every site.
    least : int
        Refuse levels of fewer rows: from the sums of a level of one row its values can be read.

    Returns
    -------
    Sums
        They are added up and fitted as others; the fit is the same but for the names.

    Raises
    ------
    DataError
        When grouping factors are crossed, so that the sums hold which of their levels meet; when a grouping
        factor is in the fixed part too; when a level has fewer rows than `least`.

    Notes
    -----
    What is left to read: how many levels there are, and of each the number of rows, the means, squares and
    products of its columns; the levels of categorical predictors; of nested factors, which level lies in
    which. That is less than `Sums` hold, not nothing: it is no guarantee against those who know much already.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("sleepstudy")
    >>> formula = "Reaction ~ Days + (Days | Subject)"
    >>> north = ranef.sums(formula, data[:90]).for_site("north")
    >>> south = ranef.sums(formula, data[90:]).for_site("south")
    >>> fit = ranef.fit(north + south)
    >>> round(fit.objective, 4)
    1743.6283
    """
    if not isinstance(site, str) or not site:
        raise ArgumentError(f"site= is a name, different for every site; got {site!r}")
    contents = self.contents
    if contents is None:
        return self
    _require_apart(self, contents)
    _require_rows(self, contents, least)
    names = list(dict.fromkeys(name for group in contents.groups for name in group))
    rank: dict[str, IntArray] = {}
    levels = dict(contents.levels)
    for name in names:
        count = levels[name].values.shape[0]
        rank[name] = np.argsort([secrets.randbits(64) for _ in range(count)])
        texts = np.empty(count, dtype=object)
        texts[:] = [f"{site}/{k:0{len(str(count))}d}" for k in range(1, count + 1)]
        levels[name] = ColumnLevels(texts)
    groups, places = {}, []
    for group, cells in contents.groups.items():
        renamed = np.column_stack([rank[name][cells[:, k]] for k, name in enumerate(group)]).astype(np.int32)
        order = np.lexsort(renamed.T[::-1])
        groups[group] = renamed[order]
        places.append(np.argsort(order))
    table = add_tables([contents.table], [places], [cells.shape[0] for cells in groups.values()])
    renamed_contents = replace(
        contents,
        kinds={name: "levels" if name in rank else kind for name, kind in contents.kinds.items()},
        levels=levels,
        groups=groups,
        table=table,
        ranges={name: _outwards(*own) for name, own in contents.ranges.items() if name not in rank},
    )
    return replace(self, contents=renamed_contents)


def _require_apart(sums: Sums, contents: Contents) -> None:
    """Raise a DataError where names are needed, or would show in what levels meet."""
    if contents.patterns is not None:
        raise DataError(
            "for_site() is of random effects: sums for repeated measures keep the names of subjects, to find "
            "one that is in two parts"
        )
    names = {name for group in contents.groups for name in group}
    both = sorted(names & set(needs_of(sums, contents, parse_formula(sums.formula)).predictors))
    if both:
        raise DataError(
            f"{quote_list(both)} is a grouping factor and in the fixed part or a basis too: its levels have "
            "coefficients, by name, in every part"
        )
    groups = list(contents.groups)
    for (f, g), pair in contents.table.pairs.items():
        if not (_one_each(pair.first) or _one_each(pair.second)):
            one, other = ":".join(groups[f]), ":".join(groups[g])
            raise DataError(
                f"'{one}' and '{other}' are crossed: a fit needs to know which of their levels meet, and how "
                "often, so that the sums would show it. Only nested factors can be shared in this way"
            )


def _one_each(levels: IntArray) -> bool:
    return bool(np.unique(levels).size == levels.size)


def _require_rows(sums: Sums, contents: Contents, least: int) -> None:
    if least <= 1:
        return
    if sums.weights is not None:
        raise DataError(
            "the sums are weighted, so that the rows of a level are not counted: for_site(least=1) shares "
            "them whatever their number"
        )
    for group, counts in _counts(contents).items():
        few = int(np.count_nonzero(counts < least - 0.5))
        if few:
            raise DataError(
                f"{few} of {counts.size} levels of '{':'.join(group)}' have fewer than {least} rows, whose "
                "values could be read from their sums: leave them out, take a coarser factor, or lower least="
            )


def _counts(contents: Contents) -> Mapping[Group, FloatArray]:
    factors = zip(contents.groups, contents.table.factors, strict=True)
    return {group: factor.cross[:, 0, 0] for group, factor in factors}


def _outwards(low: float, high: float) -> tuple[float, float]:
    """Return a range rounded outwards, to the first digit of its width."""
    if not high > low:
        return low, high
    unit = 10.0 ** floor(log10(high - low))
    return floor(low / unit) * unit, -floor(-high / unit) * unit
