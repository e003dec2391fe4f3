"""Whose row a value is: the labels of rows of pandas, and Series put in the order of the data by them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import DataError, quote_list

if TYPE_CHECKING:
    import pandas as pd


def without_records(data: Any) -> Any:
    """Return an array of records as a dict of its columns; anything else as it is."""
    if isinstance(data, np.ndarray) and data.dtype.names:
        return {name: data[name] for name in data.dtype.names}
    return data


def labels_of(data: Any) -> pd.Index | None:
    """Return the index of a pandas frame, or of the Series in a dict; None for data without labels."""
    import pandas as pd

    if isinstance(data, pd.DataFrame):
        return data.index
    if isinstance(data, Mapping):
        return next((values.index for values in data.values() if isinstance(values, pd.Series)), None)
    return None


def labelled(values: Any, labels: pd.Index | None) -> Any:
    """Return one value (or row) for each label as a Series (or DataFrame) with these labels.

    >>> import numpy as np, pandas as pd
    >>> labelled(np.array([1.0, 2.0]), pd.Index(["a", "b"])).to_dict()
    {'a': 1.0, 'b': 2.0}
    """
    import pandas as pd

    if labels is None:
        return values
    if isinstance(values, pd.DataFrame):
        return values.set_axis(labels)
    return pd.Series(np.asarray(values), index=labels)


def in_order_of(values: Any, what: str, *choices: pd.Index | None) -> Any:
    """Return a pandas Series or frame in the order of the data; anything else as it is.

    what: what messages call them.
    *choices: the labels that the rows may have, such as those of all rows and those of the rows used.
    Raises DataError: the labels are others than those of the data: by which of them the values belong to rows
        is not known.

    >>> import pandas as pd
    >>> in_order_of(pd.Series([1.0, 2.0], index=["b", "a"]), "weights=", pd.Index(["a", "b"])).tolist()
    [2.0, 1.0]
    """
    import pandas as pd

    known = [labels for labels in choices if labels is not None]
    if not known or not isinstance(values, pd.Series | pd.DataFrame):
        return values
    for labels in known:
        if values.index.equals(labels):
            return values
    for labels in known:
        if labels.is_unique and values.index.is_unique and len(labels) == len(values):
            place = values.index.get_indexer(labels)
            if (place >= 0).all():
                return values.iloc[place]
    raise DataError(_differ(values.index, known[0], what))


def _differ(own: pd.Index, labels: pd.Index, what: str) -> str:
    remedy = (
        f"give {what} with the index of the data (.loc[data.index]), or as an array (.to_numpy()) if its "
        "values are in the order of the rows"
    )
    missing, other = labels.difference(own), own.difference(labels)
    if len(missing) or len(other):
        example = quote_list((missing if len(missing) else other)[:3])
        where = "lacks" if len(missing) else "has, and the data lack,"
        return f"the index of {what} is not that of the data: it {where} {example}; {remedy}"
    return f"the index of {what} has repeated labels in another order than the data: {remedy}"
