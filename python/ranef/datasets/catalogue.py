"""The list of data sets and the way from a name to a description."""

from __future__ import annotations

from ..errors import ArgumentError, did_you_mean
from . import counts, education, growth, laboratory, lecture, trials
from .description import Description

DESCRIPTIONS: dict[str, Description] = {
    entry.name: entry
    for topic in (lecture, laboratory, growth, education, trials, counts)
    for entry in topic.DESCRIPTIONS
}


def names() -> list[str]:
    """Return the names `load` and `describe` take, in alphabetical order.

    Examples
    --------
    >>> import ranef
    >>> len(ranef.datasets.names())
    26
    """
    return sorted(DESCRIPTIONS, key=str.lower)


def describe(name: str) -> Description:
    """Return what is known about a data set: columns with units, source, citation, number of rows.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    Description
        Prints itself; its fields are `title`, `about`, `columns`, `source`, `citation`, `n`, `formula`.

    Raises
    ------
    ArgumentError
        For an unknown name; lists the names there are.

    Examples
    --------
    >>> import ranef
    >>> ranef.datasets.describe("Rail")
    Rail: travel time of ultrasonic waves in railway rails (18 rows)
    <BLANKLINE>
    Six rails chosen at random, each measured three times: ...
    <BLANKLINE>
      Rail    factor; 6 rails, by increasing travel time
      travel  travel time minus 36,100 [ns]
    <BLANKLINE>
    model:    travel ~ 1 + (1 | Rail)
    source:   R package nlme
    citation: Devore, J. L. (2000). ...
    """
    if isinstance(name, str) and name in DESCRIPTIONS:
        return DESCRIPTIONS[name]
    hint = did_you_mean(str(name), list(DESCRIPTIONS))
    raise ArgumentError(f"there is no data set {name!r}.{hint} Data sets: {', '.join(names())}.")
