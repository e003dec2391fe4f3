"""From a file of the package to a data frame whose factors are categoricals in the right order."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from .catalogue import describe
from .description import NUMBERS, TEXT, Column

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    import pandas as pd


def load(name: str) -> pd.DataFrame:
    """Load one of the data sets that come with ranef.

    Parameters
    ----------
    name : str
        One of `ranef.datasets.names()`, such as ``"sleepstudy"``.

    Returns
    -------
    pandas.DataFrame
        A new one at every call. Factors are unordered categoricals of strings, their levels in R's order.

    Raises
    ------
    ArgumentError
        For an unknown name; lists the names there are.

    Examples
    --------
    >>> import ranef
    >>> ranef.datasets.load("sleepstudy").head(3)
       Reaction  Days Subject
    0  249.5600     0     308
    1  258.7047     1     308
    2  250.8006     2     308
    """
    import pandas as pd

    about = describe(name)
    # Labels that are whole numbers are read as such: much faster, and their numerical order comes for free.
    dtypes = {c.name: "int32" if c.levels == NUMBERS else "str" for c in about.columns if c.is_factor}
    with as_file(_file(name)) as path:
        frame = pd.read_csv(path, dtype=dtypes)
    for column in about.columns:
        if column.is_factor:
            frame[column.name] = _categorical(frame[column.name], column)
    return frame


def _file(name: str) -> Traversable:
    folder = files(__package__) / "data"
    compressed = folder / f"{name}.csv.gz"
    return compressed if compressed.is_file() else folder / f"{name}.csv"


def _categorical(values: pd.Series, column: Column) -> pd.Categorical:
    import pandas as pd

    if column.levels not in (NUMBERS, TEXT):
        return pd.Categorical(values, categories=list(column.levels or ()))
    codes, levels = pd.factorize(values, sort=True)
    return pd.Categorical.from_codes(codes, categories=[str(level) for level in levels])
