"""Any table -> its columns by name."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..cached import cached_property
from ..errors import DataError, UnknownColumnError, unknown_column
from .columns import Column
from .convert import from_any, from_arrow, from_frame, from_narwhals, from_pandas
from .labels import in_order_of, labels_of, without_records

if TYPE_CHECKING:
    import pandas as pd

_ACCEPTED = "a pandas, polars or pyarrow table, or a dict of arrays"


class Table:
    """Uniform access to a table: a column is converted when it is first asked for.

    data: anything eager that narwhals reads.
    what: what messages call the table.
    Raises DataError when `data` is no table, or a dict whose arrays differ in length.

    >>> table = Table({"y": [1.0, 2.0], "g": ["a", "b"]})
    >>> table.n_rows, table.names
    (2, ('y', 'g'))
    """

    def __init__(self, data: Any, what: str = "the data") -> None:
        self._what = what
        self._columns: dict[str, Column] = {}
        self._read: Callable[[str], Column]
        self.index: pd.Index | None = labels_of(data)
        self._labels: Any
        self._known: Any
        self.n_rows: int
        data = without_records(data)
        if isinstance(data, Mapping):
            self._open_mapping(data)
        else:
            self._open_frame(data)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The columns, in order."""
        return tuple(map(str, self._labels))

    def __contains__(self, name: object) -> bool:
        return name in self._known

    def column(self, name: str, where: str = "the formula") -> Column:
        """Return a column; `where` says in the error message who asked for it."""
        found = self._columns.get(name)
        if found is None:
            self._require(name, where)
            found = self._columns[name] = self._read(name)
        return found

    def _require(self, name: str, where: str) -> None:
        if name not in self._known:
            if self.index is not None and name in self.index.names:
                raise UnknownColumnError(
                    f"{where} uses '{name}', which is the index of {self._what}, or a level of it: make it a "
                    "column, data.reset_index()"
                )
            raise unknown_column(name, self.names, where, self._what)
        if not self._unique and (count := self.names.count(name)) > 1:
            raise DataError(f"{self._what} have {count} columns named '{name}': rename all but one")

    def _open_mapping(self, data: Mapping[Any, Any]) -> None:
        self._set_names(data)
        by_name = {
            name: in_order_of(values, f"'{name}'", self.index)
            for name, values in zip(self.names, data.values(), strict=True)
        }
        lengths = {name: _length(name, values) for name, values in by_name.items()}
        if len(set(lengths.values())) > 1:
            listed = ", ".join(f"'{name}' {length}" for name, length in lengths.items())
            raise DataError(f"the arrays of {self._what} differ in length: {listed}")
        self.n_rows = next(iter(lengths.values()), 0)
        self._read = lambda name: from_any(name, by_name[name])

    def _open_frame(self, data: Any) -> None:
        import pandas as pd

        if isinstance(data, pd.DataFrame):  # without narwhals: on small data its overhead shows
            if data.columns.nlevels > 1:
                raise DataError(
                    f"{self._what} have column names of {data.columns.nlevels} levels: join them, "
                    "data.columns = ['_'.join(map(str, name)) for name in data.columns]"
                )
            self.n_rows = len(data)
            if isinstance(data.columns.dtype, pd.StringDtype):  # every label is a name: no need to list them
                self._labels = self._known = data.columns
                self._unique = data.columns.is_unique
                self._read = lambda name: from_frame(name, data)
                return
            labels = data.columns.tolist()
            self._set_names(labels)
            label_of = dict(zip(self.names, labels, strict=True))
            self._read = lambda name: from_pandas(name, data[label_of[name]])
            return
        names = getattr(data, "column_names", None)  # of pyarrow, where names may occur twice
        if names is not None and len(set(names)) < len(names):
            self._set_names(names)
            self.n_rows = data.num_rows
            self._read = lambda name: from_arrow(name, data.column(names.index(name)))
            return
        frame = _narwhals_frame(data)
        self._set_names(frame.columns)
        self.n_rows = frame.shape[0]
        self._read = lambda name: from_narwhals(name, frame.get_column(name))

    def _set_names(self, names: Any) -> None:
        self._labels = list(names)
        self._known = frozenset(self.names)
        self._unique = len(self._known) == len(self.names)


def _narwhals_frame(data: Any) -> Any:
    import narwhals as nw

    try:
        frame = nw.from_native(data)
    except TypeError:
        raise DataError(f"the data must be {_ACCEPTED}, not {type(data).__name__}{_instead(data)}") from None
    if isinstance(frame, nw.LazyFrame):
        frame = frame.collect()
    if not isinstance(frame, nw.DataFrame):
        raise DataError(f"the data must be {_ACCEPTED}, not a single column ({type(data).__name__})")
    return frame


def _instead(data: Any) -> str:
    """Return what to do with what is no table but often given for one."""
    own = getattr(type(data), "instead_of_rows", "")  # what another room's object says of itself
    if own:
        return f": {own}"
    if isinstance(data, str | os.PathLike) or type(data).__name__ == "ParquetFile":
        return "; read the file first, pandas.read_csv(path), or have it read, pyarrow.dataset.dataset(path)"
    if type(data).__name__ == "DuckDBPyConnection":
        return "; a relation of it is data, connection.sql('FROM rows')"
    if hasattr(data, "__next__") or callable(data):
        return "; batches that can be read again: ranef.batches(lambda: ...)"
    if isinstance(data, list | tuple) and data and all(map(_is_batch, data)):
        return "; several tables are batches: ranef.batches(lambda: [one, other])"
    return ""


def _is_batch(part: Any) -> bool:
    return hasattr(part, "columns") or isinstance(part, Mapping) or callable(part)


def _length(name: str, values: Any) -> int:
    try:
        return len(values)
    except TypeError:
        kind = type(values).__name__
        raise DataError(f"'{name}' must be a sequence of values, it is of type {kind}") from None
