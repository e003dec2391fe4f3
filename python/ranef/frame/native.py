"""Results as tables of the caller's own library."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

# Others (a dict of arrays, libraries narwhals writes no tables of) get pandas.
_BACKENDS = ("polars", "pyarrow")


def native_table(columns: Mapping[str, Any], library: str) -> Any:
    """Return columns as a table of a library.

    Parameters
    ----------
    columns : mapping
        Name -> array or list; None or NaN where a value is missing.
    library : str
        ``"polars"`` or ``"pyarrow"``; pandas for any other name.

    Examples
    --------
    >>> import numpy as np
    >>> native_table({"x": np.array([1.5, np.nan])}, "polars").to_dict(as_series=False)
    {'x': [1.5, None]}
    """
    import pandas as pd

    if library not in _BACKENDS:
        return pd.DataFrame(dict(columns))
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


def selected_rows(data: Any, rows: np.ndarray) -> dict[str, Any]:
    """Return the columns of any table, or dict of arrays, at some rows."""
    import narwhals as nw
    import pandas as pd

    if isinstance(data, Mapping):
        return {str(name): np.asarray(values)[rows] for name, values in data.items()}
    if isinstance(data, pd.DataFrame):
        taken = data.iloc[rows].reset_index(drop=True)
        return {str(name): taken[name] for name in taken.columns}
    frame = nw.from_native(data, eager_only=True)[rows.tolist()]
    return {name: frame.get_column(name).to_native() for name in frame.columns}


def _with_none(values: Any) -> Any:
    """Missing values as None, which polars and arrow tell from NaN; their own columns stay."""
    if isinstance(values, np.ndarray):
        values = values.tolist()
    if not isinstance(values, Sequence) or isinstance(values, str):
        return values
    return [None if isinstance(value, float) and value != value else value for value in values]
