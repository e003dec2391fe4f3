"""Results as tables of the caller's own library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .labels import in_order_of, labels_of

# Others (a dict of arrays, libraries narwhals writes no tables of) get pandas.
_BACKENDS = ("polars", "pyarrow")


def native_table(columns: Mapping[str, Any], library: str, labels: Any = None) -> Any:
    """Return columns as a table of a library.

    Parameters
    ----------
    columns : mapping
        Name -> array or list; None or NaN where a value is missing.
    library : str
        ``"polars"`` or ``"pyarrow"``; pandas for any other name.
    labels : pandas.Index, optional
        Of the rows of a pandas table.

    Examples
    --------
    >>> import numpy as np
    >>> native_table({"x": np.array([1.5, np.nan])}, "polars").to_dict(as_series=False)
    {'x': [1.5, None]}
    """
    import pandas as pd

    if library not in _BACKENDS:
        return pd.DataFrame({name: _bare(values) for name, values in columns.items()}, index=labels)
    import narwhals as nw

    plain = {name: _with_none(values) for name, values in columns.items()}
    backend: Any = library
    return nw.from_dict(plain, backend=backend).to_native()


def labelled_table(table: Any, library: str) -> Any:
    """Return a DataFrame as a table of a library: of polars and arrow, with its labels as column ``term``."""
    if library not in _BACKENDS:
        return table
    numbered = table.index.dtype.kind in "iu" and (table.index == range(len(table))).all()
    columns = {} if numbered else {"term": [str(label) for label in table.index]}
    columns |= {str(name): table[name].to_numpy() for name in table.columns}
    return native_table(columns, library)


def with_columns(data: Any, rows: np.ndarray, added: Mapping[str, Any]) -> Any:
    """Return some rows of any table, or dict of arrays, with further columns, in its own library.

    pandas keeps its index and columns of equal names; what has no index gets the position of each row in the
    data as ``.row``.
    """
    import narwhals as nw
    import pandas as pd

    bare = {name: _bare(values) for name, values in added.items()}
    if isinstance(data, pd.DataFrame):
        taken = data.iloc[rows]
        old = [name for name in bare if name in taken.columns]
        new = pd.DataFrame({name: bare[name] for name in bare if name not in old}, index=taken.index)
        return pd.concat([taken.assign(**{name: bare[name] for name in old}), new], axis=1)
    if isinstance(data, np.ndarray) and data.dtype.names:
        data = {name: data[name] for name in data.dtype.names}
    if isinstance(data, Mapping):
        labels = labels_of(data)
        ordered = {str(name): in_order_of(values, f"'{name}'", labels) for name, values in data.items()}
        taken = {name: np.asarray(values)[rows] for name, values in ordered.items()}
        own = {".row": rows} if labels is None else {}
        return native_table(taken | own | bare, "pandas", None if labels is None else labels[rows])
    frame = nw.from_native(data)
    frame = (frame.collect() if isinstance(frame, nw.LazyFrame) else frame)[rows.tolist()]
    taken = {name: frame.get_column(name).to_native() for name in frame.columns}
    return native_table(taken | {".row": rows} | bare, frame.implementation.to_native_namespace().__name__)


def _bare(values: Any) -> Any:
    """A Series without its labels: columns are put side by side by position."""
    return np.asarray(values) if type(values).__module__.startswith("pandas") else values


def _with_none(values: Any) -> Any:
    """Missing values as None, which polars and arrow tell from NaN; their own columns stay."""
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if not isinstance(values, Sequence) or isinstance(values, str):
        return values
    return [None if isinstance(value, float) and value != value else value for value in values]
