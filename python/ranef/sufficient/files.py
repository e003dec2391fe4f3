"""Sums as bytes: a readable header, arrays, and a checksum of both. Reading them runs no code."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import _core
from ..errors import ArgumentError, DataError
from ..machine.whole_files import read_bytes, write_bytes
from .cells import CellSums
from .contents_files import read_contents, write_contents
from .level_files import Arrays, read_cells, write_cells
from .sums import Sums

_MAGIC = b"ranef sums\n"
_FORMAT = 1
_CHECKSUM = 32  # bytes of SHA-256
_LENGTH = 8  # bytes that hold the length of the header
_DTYPES = {"<f8", "<i8", "<i4", "|b1"}
_OF_BOTH = ("formula", "weights", "offset", "n", "n_total", "missing")

AnySums = Sums | CellSums


def to_bytes(self: AnySums) -> bytes:
    """Return the sums as bytes: to send, or to keep. `Sums.from_bytes` reads them, in any process.

    Returns
    -------
    bytes
        Formula, columns, coding, version of ranef, numbers, and a checksum.

    Raises
    ------
    DataError
        When a categorical column has levels that are neither text, numbers, truth values nor times.

    Examples
    --------
    >>> import ranef
    >>> data = ranef.datasets.load("sleepstudy")
    >>> sums = ranef.sums("Reaction ~ Days + (1 | Subject)", data)
    >>> ranef.Sums.from_bytes(sums.to_bytes()).n
    180
    """
    arrays: Arrays = {}
    header: dict[str, Any] = {"format": _FORMAT, "version": _core.__version__}
    header |= {name: getattr(self, name) for name in _OF_BOTH}
    if isinstance(self, CellSums):
        table = None if self.table is None else write_cells(self.table, arrays)
        header |= {"kind": "cells", "family": self.family, "link": self.link, "cells": table}
        arrays["constant"] = np.array([self.constant])
    else:
        header["contents"] = None if self.contents is None else write_contents(self.contents, arrays)
    whole = {name: np.ascontiguousarray(array, _little(array.dtype)) for name, array in arrays.items()}
    header["arrays"] = [[name, a.dtype.str, list(a.shape)] for name, a in whole.items()]
    text = json.dumps(header, allow_nan=False).encode()
    parts = [_MAGIC, len(text).to_bytes(_LENGTH, "little"), text, *(a.tobytes() for a in whole.values())]
    body = b"".join(parts)
    return body + _checksum(body)


def _checksum(body: bytes) -> bytes:
    from hashlib import sha256  # loads OpenSSL

    return sha256(body).digest()


def from_bytes(data: bytes) -> Any:
    """Return the sums that `Sums.to_bytes` has written.

    Returns
    -------
    Sums or CellSums
        What was written.

    Raises
    ------
    DataError
        When the bytes are no sums, truncated, altered, or of another version.
    """
    try:
        data = bytes(data)
    except TypeError:
        raise ArgumentError(f"from_bytes() takes bytes, not {type(data).__name__}") from None
    if not data.startswith(_MAGIC):
        raise DataError("these bytes are not sums of ranef: give what Sums.to_bytes() or .save() wrote")
    start = len(_MAGIC) + _LENGTH
    body, checksum = data[:-_CHECKSUM], data[-_CHECKSUM:]
    if len(data) < start + _CHECKSUM or _checksum(body) != checksum:
        raise DataError(
            f"these sums are truncated or altered ({len(data)} bytes, and their checksum does not hold): "
            "copy or make them again"
        )
    length = int.from_bytes(body[len(_MAGIC) : start], "little")
    try:
        header = json.loads(body[start : start + length])
        if header["format"] != _FORMAT:
            raise DataError(
                f"these sums were written by ranef {header.get('version')} in format {header['format']}; "
                f"this is ranef {_core.__version__}, which reads format {_FORMAT}: make them again, or "
                "read them with that version"
            )
        return _read_sums(header, _arrays(header["arrays"], body[start + length :]))
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(
            f"these sums are not what ranef writes ({type(error).__name__}: {error}): make them again"
        ) from None


def save(self: AnySums, path: str | os.PathLike[str]) -> None:
    """Write the sums to a file, which `ranef.load_sums` reads; the file is there whole or not at all.

    Parameters
    ----------
    path : path or file object

    Raises
    ------
    DataError
        If it cannot be written; a file that was there is unchanged.
    """
    write_bytes(path, self.to_bytes())


def load_sums(path: str | os.PathLike[str]) -> Any:
    """Read sums from a file that `Sums.save` has written.

    Parameters
    ----------
    path : path

    Returns
    -------
    Sums or CellSums

    Raises
    ------
    DataError
        If the file does not contain sums, is truncated or altered, or was written by another version.

    Examples
    --------
    >>> import ranef, tempfile, pathlib
    >>> data = ranef.datasets.load("sleepstudy")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "sleep.sums"
    ...     ranef.sums("Reaction ~ Days + (1 | Subject)", data).save(path)
    ...     ranef.load_sums(path)
    Sums('Reaction ~ Days + (1 | Subject)', 180 rows, 18 levels of Subject)
    """
    data = read_bytes(path)
    try:
        return from_bytes(data)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _read_sums(header: Mapping[str, Any], arrays: Arrays) -> AnySums:
    of_both = {name: header[name] for name in _OF_BOTH}
    if header.get("kind") != "cells":
        contents = header["contents"]
        return Sums(**of_both, contents=None if contents is None else read_contents(contents, arrays))
    table = None if header["cells"] is None else read_cells(header["cells"], arrays)
    family, constant = {name: header[name] for name in ("family", "link")}, float(arrays["constant"][0])
    return CellSums(**of_both, **family, constant=constant, table=table)


def _arrays(listed: list[Any], body: bytes) -> Arrays:
    arrays, at = {}, 0
    for name, dtype, shape in listed:
        if dtype not in _DTYPES:
            raise ValueError(f"the array '{name}' has the type {dtype}")
        count = int(np.prod(shape, dtype=np.int64))
        arrays[name] = np.frombuffer(body, dtype, count, at).reshape(shape).copy()
        at += count * np.dtype(dtype).itemsize
    return arrays


def _little(dtype: np.dtype[Any]) -> str:
    kinds = {"f": "<f8", "b": "|b1", "i": "<i4" if dtype.itemsize == 4 else "<i8"}
    return kinds[dtype.kind]
