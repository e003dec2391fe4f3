"""Files that are whole or not there: written beside and renamed, and sealed with a checksum of every byte."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

from ...errors import DataError

_MARK = b"ranef-sha256:"
_DIGITS = 64
EMPTY_SEAL = _MARK + b"0" * _DIGITS
"""To be put into a file's metadata, where `seal` finds it."""


def seal(data: bytearray) -> None:
    """Write the checksum of the data, with zeros where it will stand, into the place kept for it."""
    place = _place(data)
    data[place] = hashlib.sha256(data).hexdigest().encode()


def is_sealed(data: bytes) -> bool | None:
    """Whether the checksum in the data is right; None where there is none."""
    place = _place(data)
    if place.start < 0 or place.stop > len(data):
        return None
    zeros = b"0" * _DIGITS
    digest = hashlib.sha256(memoryview(data)[: place.start])
    digest.update(zeros)
    digest.update(memoryview(data)[place.stop :])
    return digest.hexdigest().encode() == data[place]


def _place(data: bytes | bytearray) -> slice:
    found = data.rfind(_MARK)
    first = found + len(_MARK) if found >= 0 else -1
    return slice(first, first + _DIGITS)


def read_bytes(path: Any) -> bytes:
    """What a file, or an open file object, holds.

    Raises DataError if it cannot be read.
    """
    try:
        return path.read() if hasattr(path, "read") else Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def write_bytes(path: Any, data: bytes | bytearray) -> None:
    """Write a file whole: beside its place, then renamed, so that no moment leaves half of it.

    Raises DataError if that fails; what was there stays as it was.
    """
    if hasattr(path, "write"):
        path.write(data)
        return
    goal, beside = _places(path)
    try:
        with open(beside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if goal.exists():
            shutil.copymode(goal, beside)
        os.replace(beside, goal)
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: {error.strerror or error}; what was there is unchanged"
        ) from error
    finally:
        beside.unlink(missing_ok=True)


def require_writable(path: Any) -> None:
    """Refuse, before any work is done, a path where a file cannot be put. Raises DataError."""
    goal, beside = _places(path)
    if not goal.parent.is_dir():
        raise DataError(f"{path} cannot be written: there is no folder {str(goal.parent)!r}; create it first")
    if goal.exists() and not goal.is_file():
        raise DataError(f"{path} cannot be written: it is not a file")
    try:
        beside.touch()
        beside.unlink()
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: nothing can be put into the folder {str(goal.parent)!r}: "
            f"{error.strerror or error}"
        ) from error


def _places(path: Any) -> tuple[Path, Path]:
    """Where a file goes, links followed, and where it is written first."""
    goal = Path(os.path.realpath(path))
    return goal, goal.with_name(f"{goal.name}.{os.getpid()}.part")
