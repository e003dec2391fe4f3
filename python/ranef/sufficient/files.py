"""Sums as bytes: a readable header, arrays, and a checksum of both. Reading them runs no code."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..errors import ArgumentError, DataError
from .cells import CellSums
from .level_files import read_cells, read_levels, write_cells, write_levels
from .patterns import Pattern, Patterns, packed_size
from .products import Product
from .sums import Contents, Sums
from .table import FactorSums, PairSums, Table

_MAGIC = b"ranef sums\n"
_FORMAT = 1
_CHECKSUM = 32  # bytes of SHA-256
_LENGTH = 8  # bytes that hold the length of the header
_DTYPES = {"<f8", "<i8", "<i4", "|b1"}

Arrays = dict[str, npt.NDArray[Any]]
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
    header: dict[str, Any] = {
        "format": _FORMAT,
        "version": _core.__version__,
        "formula": self.formula,
        "weights": self.weights,
        "offset": self.offset,
        "n": self.n,
        "n_total": self.n_total,
        "missing": self.missing,
    }
    if isinstance(self, CellSums):
        table = None if self.table is None else write_cells(self.table, arrays)
        header |= {"kind": "cells", "family": self.family, "link": self.link, "cells": table}
        arrays["constant"] = np.array([self.constant])
    else:
        header["contents"] = None if self.contents is None else _write(self.contents, arrays)
    whole = {name: np.ascontiguousarray(array, _little(array.dtype)) for name, array in arrays.items()}
    header["arrays"] = [[name, a.dtype.str, list(a.shape)] for name, a in whole.items()]
    text = json.dumps(header, allow_nan=False).encode()
    parts = [_MAGIC, len(text).to_bytes(_LENGTH, "little"), text, *(a.tobytes() for a in whole.values())]
    body = b"".join(parts)
    return body + hashlib.sha256(body).digest()


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
    if len(data) < start + _CHECKSUM or hashlib.sha256(body).digest() != checksum:
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
        if header.get("kind") == "cells":
            return _read_cell_sums(header, _arrays(header["arrays"], body[start + length :]))
        contents = header["contents"]
        if contents is not None:
            contents = _read(contents, _arrays(header["arrays"], body[start + length :]))
        return Sums(
            header["formula"],
            header["weights"],
            header["offset"],
            header["n"],
            header["n_total"],
            header["missing"],
            contents,
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(
            f"these sums are not what ranef writes ({type(error).__name__}: {error}): make them again"
        ) from None


def save(self: AnySums, path: str | os.PathLike[str]) -> None:
    """Write the sums to a file, which `ranef.load_sums` reads; the file is there whole or not at all.

    Parameters
    ----------
    path : path
    """
    target = Path(path)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=target.name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(self.to_bytes())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


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
    try:
        return from_bytes(Path(path).read_bytes())
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def _read_cell_sums(header: Mapping[str, Any], arrays: Arrays) -> CellSums:
    table = None if header["cells"] is None else read_cells(header["cells"], arrays)
    return CellSums(
        formula=header["formula"],
        family=header["family"],
        link=header["link"],
        weights=header["weights"],
        offset=header["offset"],
        n=header["n"],
        n_total=header["n_total"],
        missing=header["missing"],
        constant=float(arrays["constant"][0]),
        table=table,
    )


# ---------------------------------------------------------------- contents as JSON and arrays
def _write(contents: Contents, arrays: Arrays) -> dict[str, Any]:
    levels = write_levels(contents.levels, arrays)
    products = [[list(p.numbers), list(p.factors)] for p in contents.products]
    place = {product: k for k, product in enumerate(contents.products)}
    for k, product in enumerate(contents.products):
        arrays[f"cells {k}"] = contents.cells[product]
    for k, keys in enumerate(contents.groups.values()):
        arrays[f"group {k}"] = keys
        arrays[f"cross {k}"] = contents.table.factors[k].cross
    for (f, g), pair in sorted(contents.table.pairs.items()):
        arrays[f"first {f} {g}"], arrays[f"second {f} {g}"] = pair.first, pair.second
        arrays[f"blocks {f} {g}"] = pair.blocks
    arrays["origins"], arrays["fixed"] = contents.origins, contents.table.fixed
    if contents.unweighted is not None:
        arrays["unweighted"] = contents.unweighted
    ranges = list(contents.ranges)
    arrays["ranges"] = np.array([contents.ranges[name] for name in ranges]).reshape(-1, 2)
    arrays["totals"] = np.array([contents.log_weights, contents.inverse_weights, contents.offsets])
    return {
        "kinds": dict(contents.kinds),
        "levels": levels,
        "groups": [[list(group), [place[p] for p in contents.z[group]]] for group in contents.groups],
        "products": products,
        "ranges": ranges,
        "patterns": None if contents.patterns is None else _write_patterns(contents.patterns, arrays),
    }


def _write_patterns(patterns: Patterns, arrays: Arrays) -> dict[str, Any]:
    arrays["subjects"], arrays["arms"] = patterns.subjects, patterns.arms
    for k, one in enumerate(patterns.found.values()):
        arrays[f"pairs {k}"] = one.pairs
    listed = [[arm, list(seen), one.subjects] for (arm, seen), one in patterns.found.items()]
    return {"visit": patterns.visit, "subject": patterns.subject, "by": patterns.by, "found": listed}


def _read_patterns(header: Mapping[str, Any], arrays: Arrays) -> Patterns:
    found = {
        (arm, tuple(seen)): Pattern(count, arrays[f"pairs {k}"])
        for k, (arm, seen, count) in enumerate(header["found"])
    }
    subject, by = tuple(header["subject"]), tuple(header["by"])
    return Patterns(header["visit"], subject, by, arrays["subjects"], arrays["arms"], found)


def _patterns_fit(contents: Contents, width: int) -> dict[str, bool]:
    """Return which arrays of the sums by pattern fit the others."""
    own = contents.patterns
    if own is None:
        return {}
    visits = contents.levels[own.visit].values.shape[0]
    fits = {}
    for k, ((arm, seen), one) in enumerate(own.found.items()):
        rising = all(a < b for a, b in pairwise((-1, *seen, visits))) and bool(seen)
        inside = rising and 0 <= arm < own.arms.shape[0] and one.subjects > 0
        fits[f"pairs {k}"] = inside and one.pairs.shape == (packed_size(len(seen)), packed_size(width))
    for what, names, codes in (("subjects", own.subject, own.subjects), ("arms", own.by, own.arms)):
        counts = [contents.levels[name].values.shape[0] for name in names]
        shaped = codes.ndim == 2 and codes.shape[1] == len(names)
        fits[what] = shaped and bool(np.all((codes >= 0) & (codes < np.array(counts, dtype=np.int64))))
    return fits


def _read(header: Mapping[str, Any], arrays: Arrays) -> Contents:
    levels = read_levels(header["levels"], arrays)
    products = tuple(Product(tuple(numbers), tuple(factors)) for numbers, factors in header["products"])
    cells = {product: arrays[f"cells {k}"] for k, product in enumerate(products)}
    groups = {tuple(names): arrays[f"group {k}"] for k, (names, _) in enumerate(header["groups"])}
    z = {tuple(names): tuple(products[k] for k in own) for names, own in header["groups"]}
    log_weights, inverse_weights, offsets = arrays["totals"].tolist()
    contents = Contents(
        kinds=header["kinds"],
        levels=levels,
        groups=groups,
        products=products,
        cells=cells,
        z=z,
        origins=arrays["origins"],
        table=Table(arrays["fixed"], (), {}),
        unweighted=arrays.get("unweighted"),
        ranges=dict(zip(header["ranges"], map(tuple, arrays["ranges"].tolist()), strict=True)),
        log_weights=log_weights,
        inverse_weights=inverse_weights,
        offsets=offsets,
        patterns=_read_patterns(header["patterns"], arrays) if header.get("patterns") else None,
    )
    own = contents.z_columns()
    factors = tuple(FactorSums(own[k], arrays[f"cross {k}"]) for k in range(len(groups)))
    pairs = {}
    for f in range(len(groups)):
        for g in range(f + 1, len(groups)):
            names = (f"first {f} {g}", f"second {f} {g}", f"blocks {f} {g}")
            pairs[f, g] = PairSums(*(arrays[name] for name in names))
    table = Table(arrays["fixed"], factors, pairs)
    _require_shapes(contents, table)
    return Contents(**{**vars(contents), "table": table})


def _require_shapes(contents: Contents, table: Table) -> None:
    """Raise a ValueError for arrays that do not fit together, whoever has written them."""
    width = sum(cells.shape[0] for cells in contents.cells.values())
    require = {"origins": contents.origins.shape == (width,), "fixed": table.fixed.shape == (width, width)}
    require |= _patterns_fit(contents, width)
    keys = list(contents.groups.values())
    for k, factor in enumerate(table.factors):
        require[f"cross {k}"] = factor.cross.shape == (keys[k].shape[0], factor.z.size, width)
    for (f, g), pair in table.pairs.items():
        one, other = table.factors[f], table.factors[g]
        require[f"blocks {f} {g}"] = pair.blocks.shape == (pair.first.size, one.z.size, other.z.size)
        for name, own, count in (("first", pair.first, one.levels), ("second", pair.second, other.levels)):
            inside = own.shape == (pair.first.size,) and bool(np.all((own >= 0) & (own < count)))
            require[f"{name} {f} {g}"] = inside
    for names, codes in [*contents.groups.items(), *((p.factors, c) for p, c in contents.cells.items())]:
        for k, name in enumerate(names):
            count = contents.levels[name].values.shape[0]
            require[f"codes of {name}"] = bool(np.all((codes[:, k] >= 0) & (codes[:, k] < count)))
    wrong = [name for name, holds in require.items() if not holds]
    if wrong:
        raise ValueError(f"the array '{wrong[0]}' does not fit the others")


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
