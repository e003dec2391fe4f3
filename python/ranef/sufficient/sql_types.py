"""Schemas of tables elsewhere: the types of columns as their engine calls them, and the kinds these are."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ..errors import ArgumentError, DataError

_KINDS = (
    ("levels", r"char|text|string|str\b|object|categ|enum|dictionary|uuid"),
    ("truth", r"bool"),
    ("time", r"date|time|interval"),
    ("whole", r"int|serial"),
    ("real", r"float|double|real|dec|numeric|number|half"),
)


def types_of(schema: Any) -> dict[str, str]:
    """Return column -> type of a schema."""
    if hasattr(schema, "names") and hasattr(schema, "types"):  # pyarrow
        return {name: str(kind) for name, kind in zip(schema.names, schema.types, strict=True)}
    inner = getattr(schema, "schema", None)
    if inner is not None and not callable(inner):  # a table of pyarrow or polars
        return types_of(inner)
    if hasattr(schema, "dtypes") and hasattr(schema.dtypes, "items"):  # pandas
        return {name: str(kind) for name, kind in schema.dtypes.items()}
    if isinstance(schema, Mapping):
        return {name: str(kind) for name, kind in schema.items()}
    raise ArgumentError(
        f"schema= must be a dict of column names and types, a schema of pyarrow, or a table, not "
        f"{type(schema).__name__}"
    )


def kind_of_type(name: str, text: str) -> str:
    """Return the kind of a column of a type."""
    for kind, pattern in _KINDS:
        if re.search(pattern, text.lower()):
            return kind
    raise DataError(
        f"the column '{name}' has the type {text}, which is neither number, truth value, text nor time: "
        "leave it out, or convert it"
    )
