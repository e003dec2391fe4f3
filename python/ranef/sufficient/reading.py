"""Data become a model's cross-products, those in batches in one reading where the formula allows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..cross_products import cross_products
from ..design import build_design
from ..formula import Formula
from ..frame.native import library_name
from ..stream import source_of
from ..stream.needs import needed_by
from ..stream.source import Batches
from ..stream.summing import Streamed, read_stream
from .finishing import finish
from .making import added
from .products import NeedsTwoReadings
from .sums import Sums


def read_data(
    formula: Formula,
    data: Any,
    weights: Any,
    offset: Any,
    allow_saturated: bool,
    progress: bool | None = None,
) -> dict[str, Any]:
    """Return what a model takes from its data, however they come: sums, batches or a table."""
    source = source_of(data)
    if source is None and not isinstance(data, Sums):
        design = build_design(formula, data, weights, offset, allow_saturated)
        cross = cross_products(design)
        response = cross.response(design.without_offset(design.response))
        library = library_name(data)  # tables return as they came
        return {"design": design, "cross": cross, "response": response, "data_library": library}
    if source is None:
        library, found = "", finish(data, allow_saturated)
    else:
        library = source.library
        found = read_rows(formula, source, weights, offset, allow_saturated, progress)
    parts = {name: getattr(found, name) for name in ("design", "cross", "response", "reading")}
    return {**parts, "data_library": library}


def read_rows(
    formula: Formula,
    source: Batches,
    weights: Any,
    offset: Any,
    allow_saturated: bool,
    progress: bool | None = None,
) -> Streamed:
    """Read data in batches; see `ranef.stream.summing.read_stream`."""
    needs = needed_by(formula, source.head(), weights, offset)
    try:
        sums = added(needs, source, "reading", progress=progress)
    except NeedsTwoReadings as reason:
        found = read_stream(needs, source, allow_saturated, progress)
        return replace(found, reading=f"read 3 times, as {reason}")
    return replace(finish(sums, allow_saturated, needs), reading="read once")
