"""A DuckDB relation as data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from typing import Any

from .source import ROWS, Batches, among, engine_errors, of_engine


class DuckRelation(Batches):
    """A DuckDB relation: read in batches, or asked for sums in SQL."""

    library, apart = "pandas", True

    def _heads(self) -> Iterable[Any]:
        return [self._origin.limit(0).df()]

    def _open(self, columns: Sequence[str]) -> Iterable[Any]:
        names = map(quoted, among(self._origin.columns, columns))
        with engine_errors():
            found = _reader(self._origin.project(", ".join(names)))
        return of_engine(found)

    def types(self) -> dict[str, str]:
        """Return the types of the columns, as DuckDB calls them."""
        relation = self._origin
        return dict(zip(relation.columns, map(str, relation.types), strict=True))

    def run(self, sql: str) -> Any:
        """Return the answer to a query of the relation, which it knows as ``data``, as a table.

        pandas gets large identifiers as doubles from DuckDB, and is asked only where there is no Arrow.
        """
        with engine_errors():
            answer = self._origin.query("data", sql)
            return answer.df() if find_spec("pyarrow") is None else _reader(answer).read_all()

    def answer(self, sql: str) -> DuckRelation:
        """Return the answer to such a query as a relation, to be read in batches."""
        return DuckRelation(self._origin.query("data", sql))


def _reader(relation: Any) -> Any:
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    return read(ROWS)


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
