"""A DuckDB relation as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .source import ROWS, Batches, among, engine_errors


class DuckRelation(Batches):
    """A DuckDB relation: read in batches, or asked for sums in SQL."""

    library, apart = "pandas", True

    def _heads(self) -> Iterable[Any]:
        return [self._origin.limit(0).df()]

    def _open(self, columns: Sequence[str]) -> Iterable[Any]:
        names = map(quoted, among(self._origin.columns, columns))
        return _arrow_batches(self._origin.project(", ".join(names)))

    def types(self) -> dict[str, str]:
        """Return the types of the columns, as DuckDB calls them."""
        relation = self._origin
        return dict(zip(relation.columns, map(str, relation.types), strict=True))

    def run(self, sql: str) -> Any:
        """Return the answer to a query of the relation, which it knows as ``data``, as a pandas table."""
        with engine_errors():
            return self._origin.query("data", sql).df()

    def answer(self, sql: str) -> DuckRelation:
        """Return the answer to such a query as a relation, to be read in batches."""
        return DuckRelation(self._origin.query("data", sql))


def _arrow_batches(relation: Any) -> Iterator[Any]:
    read = getattr(relation, "to_arrow_reader", None) or relation.fetch_arrow_reader
    with engine_errors():
        yield from read(ROWS)


def quoted(name: str) -> str:
    """Return a name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
