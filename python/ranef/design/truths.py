"""Truth values in model matrices: factors with the levels False and True, as in R.

Where the constant is spanned already, the column is that of True and has the name of the variable, ``late``;
otherwise there is one for each level, ``late[False]`` and ``late[True]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Any


def truth_names(name: str) -> list[str]:
    """Return the names of the columns of both levels.

    >>> truth_names("late")
    ['late[False]', 'late[True]']
    """
    return [f"{name}[{level}]" for level in (False, True)]


def truths_coded(values: Mapping[str, Any], names: Set[str]) -> dict[str, Any]:
    """Return values of variables for formulaic, those of truth values as its factors."""
    from formulaic.materializers.types import FactorValues

    def coded(value: Any) -> Any:
        return FactorValues(value, kind="categorical", spans_intercept=True, encoder=_encoded)

    return {name: coded(value) if name in names else value for name, value in values.items()}


def _encoded(values: Any, reduced_rank: bool, **_: Any) -> Any:
    from formulaic.materializers.types import FactorValues

    column = values.__wrapped__.astype(float)
    if reduced_rank:
        return column
    levels = {False: 1.0 - column, True: column}
    return FactorValues(levels, kind="categorical", spans_intercept=False, format="{name}[{field}]")
