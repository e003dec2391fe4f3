"""Bytes sealed with a checksum of every one of them."""

from __future__ import annotations

import hashlib

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
