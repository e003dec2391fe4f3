"""Where batches come from: anything that can be read more than once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

from ..errors import DataError, RanefError
from ..frame import Table
from .arrow_files import arrow_batches, file_parts

ROWS = 131_072  # of a batch, where the reader lets us choose


class Batches:
    """Data as batches that can be read again, see `ranef.batches`.

    library: str, of the tables, where it is known.
    apart: bool, whether a batch stays what it is when the next one is read. A function of the user's may fill
        the same arrays again.
    """

    library = ""
    apart = False

    def __init__(self, origin: Any) -> None:
        self._origin = origin

    def head(self) -> Table:
        """Return a table that has the columns of the data, if not their rows.

        Raises DataError: there is none.
        """
        for table in self._tables(self._heads()):
            if table.names:
                return table
        raise DataError("the data have no rows: the source gave no batch")

    def read(self, columns: Sequence[str]) -> Iterator[Table]:
        """Read from the start; `columns` are those needed, of which a reader of files may make use."""
        return self._tables(self._open(columns))

    def _tables(self, found: Iterable[Any]) -> Iterator[Table]:
        try:
            iterator = iter(found)
        except TypeError:
            raise DataError(
                f"a reading of the data must give tables one after the other, not {type(found).__name__}"
            ) from None
        with _closing(found):
            for number, table in enumerate(chain.from_iterable(map(opened, iterator))):
                yield Table(table, f"batch {number} of the data (batches count from 0)")

    def parts(self, columns: Sequence[str], at_least: int) -> Iterable[Any]:
        """Return tables, or functions that return them, that can be sent to other processes.

        columns: those needed; others may be left out.
        at_least: how many there should be, where the source can choose.
        """
        return self._open(columns)

    def _open(self, columns: Sequence[str]) -> Iterable[Any]:
        found: Iterable[Any] = self._origin()
        return found

    def _heads(self) -> Iterable[Any]:
        """Return tables one of which has the columns of the data, in few rows or none if that can be had."""
        return self._open(())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({getattr(self._origin, '__name__', self._origin)!s})"


class ArrowDataset(Batches):
    """A pyarrow.dataset.Dataset: files of any number; only the columns needed are read."""

    library, apart = "pyarrow", True

    def _heads(self) -> Iterable[Any]:
        return [self._origin.schema.empty_table()]

    def _open(self, columns: Sequence[str]) -> Iterable[Any]:
        known = among(self._origin.schema.names, columns)
        return of_engine(arrow_batches(self._origin, known, ROWS))

    def parts(self, columns: Sequence[str], at_least: int) -> Iterable[Any]:
        known = among(self._origin.schema.names, columns)
        return file_parts(self._origin, known, ROWS, at_least) or super().parts(columns, at_least)


class PolarsFrame(Batches):
    """A polars LazyFrame, collected batch by batch."""

    library, apart = "polars", True

    def _schema(self) -> Any:
        with engine_errors():
            return self._origin.collect_schema()

    def _heads(self) -> Iterable[Any]:
        import polars

        return [polars.DataFrame(schema=self._schema())]

    def _open(self, columns: Sequence[str]) -> Iterable[Any]:
        known = among(self._schema().names(), columns)
        return of_engine(self._origin.select(known).collect_batches(chunk_size=ROWS, maintain_order=True))


def batches(make: Callable[[], Iterable[Any]]) -> Batches:
    """Data read in batches that need not fit in memory, for `ranef.lmer` and `ranef.Model`.

    Parameters
    ----------
    make : callable without arguments
        Returns the batches from the start each time it is called (for the names of the columns, then for each
        reading: mostly one): an iterable of tables, each pandas, polars, pyarrow (also record batches) or a
        dict of arrays, with the same columns.
        Batches may have any number of rows.

    Returns
    -------
    Batches

    Raises
    ------
    DataError
        When `make` cannot be called.

    Notes
    -----
    A ``pyarrow.dataset.Dataset`` and a polars ``LazyFrame`` can be given as data directly.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("sleepstudy")
    >>> parts = ranef.batches(lambda: (data[first : first + 50] for first in range(0, 180, 50)))
    >>> fit = ranef.lmer("Reaction ~ Days + (Days | Subject)", parts)
    >>> round(fit.objective, 4), fit.nobs
    (1743.6283, 180)
    """
    if not callable(make):
        hint = " (a generator can be read only once)" if isinstance(make, Iterator) else ""
        raise DataError(
            f"batches() takes a function that returns the batches from the start, not {type(make).__name__}"
            f"{hint}: write batches(lambda: ...)"
        )
    return Batches(make)


def among(names: Iterable[str], wanted: Sequence[str]) -> list[str]:
    """Return those of the names that are wanted, in their order."""
    asked = set(wanted)
    return [name for name in names if name in asked]


def batched(batches: Iterable[Any]) -> Iterator[Any]:
    """Yield Arrow's record batches as tables of many rows; nothing where there are no rows."""
    import pyarrow as pa

    held: list[Any] = []
    rows = 0
    for batch in batches:
        if batch.num_rows:
            held.append(batch)
            rows += batch.num_rows
        if rows >= ROWS:
            yield pa.Table.from_batches(held)
            held, rows = [], 0
    if held:
        yield pa.Table.from_batches(held)


def opened(given: Any) -> Iterator[Any]:
    """Yield a table; of a function, the table or the tables it returns."""
    found = given() if callable(given) else given
    with _closing(found):
        yield from map(_whole, found if hasattr(found, "__next__") else [found])


@contextmanager
def _closing(found: Any) -> Iterator[None]:
    """Close an iterator of tables at the end, also where it was not read out: it may be a reader of files."""
    try:
        yield
    finally:
        if hasattr(found, "__next__") and callable(getattr(found, "close", None)):
            found.close()


@contextmanager
def engine_errors() -> Iterator[None]:
    """What the library that reads the rows raises within becomes an error of ours. Raises DataError."""
    try:
        yield
    except (RanefError, MemoryError):
        raise
    except Exception as error:
        raise DataError(f"the rows cannot be read: {type(error).__name__}: {error}") from error


def of_engine(tables: Iterable[Any]) -> Iterator[Any]:
    """Yield tables as they are read; see `engine_errors`."""
    with engine_errors():
        yield from tables


def _whole(batch: Any) -> Any:
    """Arrow's record batches as tables."""
    if type(batch).__module__.startswith("pyarrow") and type(batch).__name__ == "RecordBatch":
        import pyarrow as pa

        return pa.Table.from_batches([batch])
    return batch
