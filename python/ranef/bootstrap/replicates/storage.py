"""Replicates in a Parquet file, readable by any program, with where they come from in its metadata."""

from __future__ import annotations

import json
import os
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...errors import ArgumentError, DataError
from ...estimates.parameters import ParameterNames
from ...machine.whole_files import read_bytes, require_writable, write_bytes
from ..loop.record import PARTS
from .origin import versions
from .result import BootstrapResult
from .sealed_file import EMPTY_SEAL, is_sealed, seal

if TYPE_CHECKING:
    import pyarrow

_KEY = b"ranef"
_SEAL = b"ranef.seal"
_UNSEALED_FORMAT, _FORMAT = 1, 2
_PLAIN = (
    "formula", "requested", "route", "route_reason", "seconds", "n_threads", "scheme", "origin", "given",
    "use_u", "first",
)  # fmt: skip


def save(result: BootstrapResult, path: Any) -> None:
    """Write replicates to a Parquet file (needs pyarrow: ``pip install pyarrow``).

    The file is written beside its place and renamed, so that it is there whole or not at all, and holds a
    checksum of its bytes.

    Parameters
    ----------
    result : BootstrapResult
    path : path or file object

    Raises
    ------
    DataError
        If it cannot be written; a file that was there is unchanged.
    """
    buffer = BytesIO()
    _parquet().write_table(to_arrow(result), buffer)
    data = bytearray(buffer.getbuffer())
    seal(data)
    write_bytes(path, data)


def load(path: Any) -> BootstrapResult:
    """Read replicates that `save` has written.

    The result has lost its fit: give it to `BootstrapResult.append` or ``bootstrap(resume=)`` to go on.

    Raises
    ------
    DataError
        If the file holds no replicates of ranef, or any of its bytes has changed since it was written.

    Examples
    --------
    >>> import ranef, tempfile, pathlib
    >>> fit = ranef.lmer("Yield ~ 1 + (1 | Batch)", ranef.datasets.load("Dyestuff"))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "replicates.parquet"
    ...     fit.bootstrap(100, seed=1, progress=False).save(path)
    ...     again = load(path)
    >>> again.formula, len(again), again.seed
    ('Yield ~ 1 + (1 | Batch)', 100, 1)
    """
    parquet, data = _parquet(), read_bytes(path)
    sealed = is_sealed(data)
    if sealed is False:
        raise DataError(f"{path} is damaged: its checksum is wrong; use a copy, or run it again")
    try:
        return _read(parquet, data, sealed, path)
    except DataError:
        raise
    except Exception as error:  # Arrow's own, JSON's, missing keys
        raise DataError(
            f"{path} is not a complete Parquet file of replicates ({type(error).__name__}: {error})"
        ) from error


def _read(parquet: Any, data: bytes, sealed: bool | None, path: Any) -> BootstrapResult:
    table = parquet.read_table(BytesIO(data))
    about = (table.schema.metadata or {}).get(_KEY)
    if about is None:
        raise DataError(f"{path} holds no replicates: it was not written by BootstrapResult.save")
    about = json.loads(about)
    if about["format"] not in (_UNSEALED_FORMAT, _FORMAT):
        raise DataError(
            f"{path} has format {about['format']}, and this version of ranef reads {_FORMAT}: read it with "
            "the version that wrote it, or run the bootstrap again"
        )
    if about["format"] == _FORMAT and sealed is None:
        raise DataError(f"{path} is damaged: it has lost its checksum; use a copy, or run it again")
    return BootstrapResult(
        names=_names(about["names"]),
        records=np.column_stack([column.to_numpy() for column in table.columns]),
        places={name: slice(*ends) for name, ends in about["places"].items()},
        seed=_seed(about["seed"]),
        estimates=_series(about["estimates"]),
        errors=_series(about["errors"]),
        statistic_names=tuple(about["statistic_names"]),
        messages={int(number): text for number, text in about["messages"].items()},
        **{name: about[name] for name in _PLAIN},
    )


def to_arrow(result: BootstrapResult) -> pyarrow.Table:
    """The records as an Arrow table with named columns and, as metadata, where they come from."""
    import pyarrow

    arrays = [pyarrow.array(np.ascontiguousarray(column)) for column in result.records.T]
    table = pyarrow.table(arrays, names=_labels(result))
    return table.replace_schema_metadata({_KEY: json.dumps(_about(result)).encode(), _SEAL: EMPTY_SEAL})


def _about(result: BootstrapResult) -> dict[str, Any]:
    names = result.names
    return {
        "format": _FORMAT,
        "versions": versions(),
        "names": {
            "coefficients": names.coefficients,
            "kept": names.kept,
            "terms": names.terms,
            "groups": names.groups,
            "absolute": names.absolute,
            "has_sigma": names.has_sigma,
        },
        "places": {name: [place.start, place.stop] for name, place in result.places.items()},
        "seed": _plain_seed(result.seed),
        "estimates": _items(result.estimates),
        "errors": _items(result.errors),
        "statistic_names": result.statistic_names,
        "messages": result.messages,
        **{name: getattr(result, name) for name in _PLAIN},
    }


def _labels(result: BootstrapResult) -> list[str]:
    """A name per column of the records."""
    names = result.names
    fitted = [names.coefficients[i] for i in names.kept]
    labels = {
        "coefficients": fitted,
        "se": [f"se[{name}]" for name in fitted],
        "sigma": [names.residual],
        "theta": list(names.theta),
        "modes": [
            f"mode[{group}.{level}.{column}]"
            for group, levels, width in names.groups
            for level in range(levels)
            for column in range(width)
        ],
        "objective": [names.free("objective")],
        "evaluations": [names.free("evaluations")],
        "statistic": list(result.statistic_names),
    }
    columns = [label for part in (*PARTS, "statistic") if part in result.places for label in labels[part]]
    return [*columns, "status"]


def _plain_seed(seed: int | np.random.SeedSequence) -> Any:
    if isinstance(seed, np.random.SeedSequence):
        entropy = seed.entropy if isinstance(seed.entropy, int) else np.asarray(seed.entropy).tolist()
        return {"entropy": entropy, "spawn_key": [int(key) for key in seed.spawn_key]}
    return seed


def _seed(plain: Any) -> int | np.random.SeedSequence:
    return np.random.SeedSequence(**plain) if isinstance(plain, dict) else plain


def _names(plain: dict[str, Any]) -> ParameterNames:
    return ParameterNames(
        tuple(plain["coefficients"]),
        tuple(plain["kept"]),
        tuple((label, tuple(columns)) for label, columns in plain["terms"]),
        tuple((group, levels, width) for group, levels, width in plain["groups"]),
        plain.get("absolute", False),  # files of earlier versions do not say
        plain.get("has_sigma", True),
    )


def _items(series: pd.Series | None) -> Any:
    if series is None:
        return None
    values = [None if np.isnan(value) else float(value) for value in series]
    return [list(map(str, series.index)), values]


def _series(items: Any) -> pd.Series | None:
    if items is None:
        return None
    return pd.Series([np.nan if value is None else value for value in items[1]], items[0], dtype=float)


def _parquet() -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise ArgumentError("files of replicates need pyarrow: pip install pyarrow") from None
    return pyarrow.parquet


def require_storage(path: Any) -> None:
    """Refuse, before any work is done, what would keep replicates from being saved.

    Raises ArgumentError if pyarrow is missing.
    Raises DataError if no file can be put there.
    """
    _parquet()
    require_writable(path)


def is_path(value: Any) -> bool:
    """Whether something names a file."""
    return isinstance(value, str | os.PathLike)
