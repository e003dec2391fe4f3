"""Sums as the core's cross-products: what it keeps level by level and by pairs of levels, flat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _core
from ..arrays import FloatArray, IntArray
from .table import Table

_FORMAT = 2  # of the core's state


def core_design(
    table: Table,
    blocks: Sequence[Sequence[tuple[int, int, int, int]]],
    n: int,
    sum_log_weights: float,
    coordinates: Mapping[str, Any],
) -> Any:
    """Return the core's cross-products of a table whose columns are X and, behind it, those of the factors.

    table: in the core's coordinates, X first.
    blocks: sequence of sequences of (first, width, intercept, first theta), the terms of each factor.
    coordinates: ``x_shift``, ``x_scale``, ``constant`` (or None), and by factor ``z_shift``, ``z_scale``.
    """
    x_shift = np.asarray(coordinates["x_shift"], dtype=np.float64)
    p, factors = x_shift.size, table.factors
    sizes = [f.levels * f.z.size for f in factors]
    order = sorted(range(len(factors)), key=lambda k: -sizes[k])  # the one with most effects leads
    levels = [factors[k].levels for k in order]
    widths = [factors[k].z.size for k in order]
    edges = np.cumsum([0, *(count * width for count, width in zip(levels[1:], widths[1:], strict=True))])
    lead = factors[order[0]]
    level, rows, numbers = _entries(table, order, 0, edges, widths)
    columns = [_rest_columns(table, order, f, edges, widths) for f in range(1, len(order))]
    constant = coordinates["constant"]
    layout = {
        "format": np.array([_FORMAT]),
        "levels": np.array(levels, dtype=np.int64),
        "widths": np.array(widths, dtype=np.int64),
        "block_counts": np.array([len(blocks[k]) for k in order], dtype=np.int64),
        "blocks": np.array([number for k in order for b in blocks[k] for number in b], dtype=np.int64),
        "p": np.array([p]),
        "n": np.array([n]),
        "sum_log_weights": np.array([float(sum_log_weights)]),
    }
    origins = {
        "x_shift": x_shift,
        "x_scale": np.asarray(coordinates["x_scale"], dtype=np.float64),
        "constant": np.zeros(0) if constant is None else np.asarray(constant, dtype=np.float64),
        "has_constant": np.array([int(constant is not None)]),
        "z_shift": np.concatenate([coordinates["z_shift"][k] for k in order]),
        "z_scale": np.concatenate([coordinates["z_scale"][k] for k in order]),
        "factor_order": np.array(order, dtype=np.int64),
        "kept": np.arange(p, dtype=np.int64),
    }
    lengths = [np.diff(ptr) for ptr, _, _ in columns]
    pattern: dict[str, npt.NDArray[Any]] = {
        "a_ptr": np.searchsorted(level, np.arange(lead.levels + 1)).astype(np.int64),
        "a_col": rows.astype(np.int32),
        "w_col_ptr": np.concatenate([[0], *lengths]).cumsum().astype(np.int64),
        "w_row_idx": np.concatenate([np.zeros(0, dtype=np.int64), *(own for _, own, _ in columns)]),
    }
    rest_by_x = [np.zeros((0, p)), *(factors[k].cross[:, :, :p].reshape(-1, p) for k in order[1:])]
    values = [
        *(lead.own.ravel(), numbers.ravel(), lead.cross[:, :, :p].transpose(0, 2, 1).ravel()),
        *(own for _, _, own in columns),
        *(np.concatenate(rest_by_x).T.ravel(), table.fixed[:p, :p].ravel()),
    ]
    return _made(_core.DesignCross, {**layout, **origins, **pattern, "values": np.concatenate(values)})


def _entries(
    table: Table, order: list[int], f: int, edges: IntArray, widths: list[int]
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return what each level meets behind itself, by level and ascending: (level, row, its products)."""
    r = widths[f]
    levels, rows, numbers = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)], [np.zeros((0, r))]
    for g in range(f + 1, len(order)):
        one, other, s = order[f], order[g], widths[g]
        pair = table.pair(one, other)
        levels.append(np.repeat(pair.first, s))
        rows.append((edges[g - 1] + s * pair.second[:, None] + np.arange(s)).ravel())
        numbers.append(pair.blocks.transpose(0, 2, 1).reshape(-1, r))
    level, row = np.concatenate(levels), np.concatenate(rows)
    sorting = np.lexsort((row, level))
    return level[sorting], row[sorting], np.concatenate(numbers)[sorting]


def _rest_columns(
    table: Table, order: list[int], f: int, edges: IntArray, widths: list[int]
) -> tuple[IntArray, IntArray, FloatArray]:
    """Return a factor's columns of the lower triangle of Z'Z: pointers, rows, numbers."""
    factor, r = table.factors[order[f]], widths[f]
    level, rows, numbers = _entries(table, order, f, edges, widths)
    heads = edges[f - 1] + r * np.arange(factor.levels)
    level = np.concatenate([np.repeat(np.arange(factor.levels), r), level])
    rows = np.concatenate([(heads[:, None] + np.arange(r)).ravel(), rows])
    numbers = np.concatenate([factor.own.reshape(-1, r), numbers])
    sorting = np.argsort(level, kind="stable")
    level, rows, numbers = level[sorting], rows[sorting], numbers[sorting]
    size = np.bincount(level, minlength=factor.levels)
    inside = np.arange(level.size) - np.repeat(np.cumsum(size) - size, size)
    counts = size[:, None] - np.arange(r)
    ptr = np.concatenate([[0], counts.ravel().cumsum()]).astype(np.int64)
    out_rows = np.empty(ptr[-1], dtype=np.int64)
    out = np.empty(ptr[-1])
    for a in range(r):
        below = inside >= a
        at = ptr[level[below] * r + a] + inside[below] - a
        out_rows[at], out[at] = rows[below], numbers[below, a]
    return ptr, out_rows, out


def core_response(values: FloatArray, shift: float, scale: float) -> Any:
    """Return the core's products of a response with the columns kept, y'y last."""
    state = {
        "format": np.array([_FORMAT]),
        "length": np.array([values.size]),
        "values": np.ascontiguousarray(values),
        "shift": np.array([float(shift)]),
        "scale": np.array([float(scale)]),
    }
    return _made(_core.ResponseCross, state)


def _made(kind: Any, state: dict[str, npt.NDArray[Any]]) -> Any:
    """Return the core's object of a state, checked as one that was pickled."""
    made = kind.__new__(kind)
    made.__setstate__(state)
    return made
