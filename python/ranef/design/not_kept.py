"""What stands in a design in place of arrays with an entry per row, when the rows are not in memory."""

from __future__ import annotations

from typing import Any, NoReturn

from ..arrays import FloatArray
from ..errors import RowsNotKeptError
from .model_matrix import ModelMatrix

_MESSAGE = (
    "this needs the rows of the data, which were read in batches and are not kept. For answers with an entry "
    "per row go batch by batch, fit.predict(batch); for anything else fit rows that are in memory"
)


def _refuse(*_: Any, **__: Any) -> NoReturn:
    raise RowsNotKeptError(_MESSAGE)


class RowsNotKept:
    """An array that is not there: whatever is asked of it raises `RowsNotKeptError`."""

    def __repr__(self) -> str:
        return "<rows read in batches, not kept>"

    def __reduce__(self) -> str:
        return "NOT_KEPT"  # one object, also after pickling

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # protocols that ask whether they are supported
            raise AttributeError(name)
        _refuse()

    __array__ = __array_ufunc__ = __array_function__ = __len__ = __iter__ = __getitem__ = __bool__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __matmul__ = __rmatmul__ = __pow__ = __neg__ = __eq__ = __lt__ = __gt__ = __le__ = __ge__ = _refuse
    __hash__ = object.__hash__


NOT_KEPT: Any = RowsNotKept()


class MatrixNotKept(ModelMatrix):
    """A matrix whose size is known and whose rows are not there."""

    def __init__(self, n: int, width: int) -> None:
        super().__init__(n, (NOT_KEPT,) * width)

    @property
    def array(self) -> FloatArray:  # type: ignore[override]
        _refuse()
