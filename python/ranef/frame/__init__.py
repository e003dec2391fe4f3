"""Any table -> the columns a model needs: their kinds, missing values, factor coding."""

from .columns import Column, FactorColumn, NumberColumn, TimeColumn
from .labels import in_order_of, labelled, labels_of
from .rows import UsedRows, complete_rows, present_rows, require_rows
from .table import Table

__all__ = [
    "Column",
    "FactorColumn",
    "NumberColumn",
    "Table",
    "TimeColumn",
    "UsedRows",
    "complete_rows",
    "in_order_of",
    "labelled",
    "labels_of",
    "present_rows",
    "require_rows",
]
