"""Files that are whole or not there: written beside their place and renamed."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path
from typing import Any

from ..errors import ArgumentError, DataError


def read_bytes(path: Any) -> bytes:
    """What a file, or an open file object, holds.

    Raises DataError if it cannot be read.
    """
    try:
        return path.read() if hasattr(path, "read") else Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error
    except (TypeError, ValueError):
        raise _no_path(path) from None


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
        if beside.exists():
            beside.unlink()


def require_writable(path: Any) -> None:
    """Refuse, before any work is done, a path where a file cannot be put. Raises DataError."""
    goal, beside = _places(path)
    if not goal.parent.is_dir():
        raise DataError(f"{path} cannot be written: there is no folder {str(goal.parent)!r}; create it first")
    try:
        beside.touch()
        beside.unlink()
    except OSError as error:
        raise DataError(
            f"{path} cannot be written: nothing can be put into the folder {str(goal.parent)!r}: "
            f"{error.strerror or error}"
        ) from error


def _places(path: Any) -> tuple[Path, Path]:
    """Where a file goes, links followed, and where it is written first.

    Raises DataError for a folder, a device or a pipe, which a file would take the place of.
    """
    try:
        goal = Path(os.path.realpath(path))
    except (TypeError, ValueError):
        raise _no_path(path) from None
    if goal.exists() and not goal.is_file():
        raise DataError(f"{path} cannot be written: it is not a file")
    return goal, goal.with_name(f"{goal.name}.{os.getpid()}.{threading.get_ident()}.part")


def _no_path(path: Any) -> ArgumentError:
    return ArgumentError(f"a path is text or a pathlib.Path, not {path!r}")
