"""Results as tables of the caller's own library."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial, wraps
from typing import Any, ParamSpec

import numpy as np

from .labels import in_order_of, labels_of, without_records

P = ParamSpec("P")

# Others (a dict of arrays, libraries narwhals writes no tables of) get pandas.
_BACKENDS = ("polars", "pyarrow")


def native_table(columns: Mapping[str, Any], library: str, labels: Any = None) -> Any:
    """Return columns as a table of a library.

    columns: name -> array or list; None or NaN where a value is missing.
    library: ``"polars"`` or ``"pyarrow"``; pandas for any other name.
    labels: of the rows of a pandas table.

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
    """Return a DataFrame, or a Series of labelled numbers, as a table of a library.

    polars and arrow have no labels: they get them as first columns, called as the index is, or ``term``.
    """
    if library not in _BACKENDS:
        return table
    table = table.to_frame(table.name or "value") if table.ndim == 1 else table
    numbered = table.index.dtype.kind in "iu" and np.array_equal(table.index, np.arange(len(table)))
    columns: dict[str, Any] = {}
    for level in range(0 if numbered else table.index.nlevels):
        name = table.index.names[level] or ("term" if table.index.nlevels == 1 else f"term{level + 1}")
        columns[str(name)] = [str(label) for label in table.index.get_level_values(level)]
    for place, name in enumerate(table.columns):
        flat = ".".join(map(str, name)) if isinstance(name, tuple) else str(name)
        columns[flat] = table.iloc[:, place].to_numpy()
    return native_table(columns, library)


def library_name(data: Any) -> str:
    """Return the library of a table."""
    return type(data).__module__.partition(".")[0]


def library_of(owner: Any) -> str:
    """Return the library of the data behind a fit, a model, or a result of a fit."""
    own = getattr(owner, "__dict__", {})  # a fit asked for what it has not looks for words near it
    for name in ("data_library", "library"):
        if isinstance(own.get(name), str):
            return str(own[name])
    found = (own.get(name) for name in ("model", "fit", "means"))
    behind = next((one for one in found if one is not None), None)
    return "pandas" if behind is None else library_of(behind)


def as_it_came(function: Callable[P, Any]) -> Callable[P, Any]:
    """Have a function of a fit, or of a result, return its table in the library the data came in.

    The rule of the whole package: what a call returns as a table is of that library, what an attribute holds
    is pandas', with labels. A result that has tables remembers the library. Callers inside use `in_pandas`.
    """

    @wraps(function)
    def called(*args: P.args, **options: P.kwargs) -> Any:
        owner = args[0] if args else next(iter(options.values()), None)
        while isinstance(owner, list | tuple | dict) and owner:  # of fits
            owner = next(iter(owner.values() if isinstance(owner, dict) else owner))
        return given(function(*args, **options), library_of(owner))

    called.plain = function  # type: ignore[attr-defined]
    return called


def given(found: Any, library: str) -> Any:
    """Return a table in a library; have a result remember it."""
    return labelled_table(found, library) if _is_table(found) else remembering(found, library)


def _is_table(found: Any) -> bool:
    """Whether it is of pandas; asking a fit for what only a table has would have it look for a word near."""
    pandas = sys.modules.get("pandas")
    return pandas is not None and isinstance(found, (pandas.DataFrame, pandas.Series))


def remembering(found: Any, library: str) -> Any:
    """Have a result of the package remember the library of the data."""
    if library in _BACKENDS:
        own = type(found).__module__.startswith("ranef.") and hasattr(found, "__dict__")
        if own and library_of(found) != library:
            object.__setattr__(found, "library", library)
    return found


def in_pandas(method: Any) -> Any:
    """Return the function of a bound method that `as_it_came` has turned into one of the caller's library."""
    plain = getattr(method, "plain", None)
    owner = getattr(method, "__self__", None)
    return method if plain is None else plain if owner is None else partial(plain, owner)


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
    data = without_records(data)
    if isinstance(data, Mapping):
        labels = labels_of(data)
        ordered = {str(name): in_order_of(values, f"'{name}'", labels) for name, values in data.items()}
        taken = {name: np.asarray(values)[rows] for name, values in ordered.items()}
        own = {".row": rows} if labels is None else {}
        return native_table(taken | own | bare, "pandas", None if labels is None else labels[rows])
    frame = nw.from_native(_with_plain_text(data))
    frame = (frame.collect() if isinstance(frame, nw.LazyFrame) else frame)[rows.tolist()]
    taken = {name: frame.get_column(name).to_native() for name in frame.columns}
    return native_table(taken | {".row": rows} | bare, frame.implementation.to_native_namespace().__name__)


def _with_plain_text(data: Any) -> Any:
    """Return an arrow table whose rows can be taken: pyarrow takes none of views of text."""
    if type(data).__module__.startswith("pyarrow") and hasattr(data, "set_column"):
        for place, column in enumerate(data.schema):
            if str(column.type) == "string_view":
                data = data.set_column(place, column.name, data.column(place).cast("large_string"))
    return data


def _bare(values: Any) -> Any:
    """A Series without its labels: columns are put side by side by position."""
    return np.asarray(values) if type(values).__module__.startswith("pandas") else values


def _with_none(values: Any) -> Any:
    """Missing values as None, which polars and arrow tell from NaN; their own columns stay."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind in "iub" or (values.dtype.kind == "f" and not np.isnan(values).any()):
            return values
        values = values.tolist()
    if not isinstance(values, Sequence) or isinstance(values, str):
        return values
    if not any(issubclass(kind, float) for kind in set(map(type, values))):
        return values
    return [None if isinstance(value, float) and value != value else value for value in values]
