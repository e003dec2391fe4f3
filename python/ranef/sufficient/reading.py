"""Data in batches become a model's cross-products, in one reading where the formula allows it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..formula import Formula
from ..stream.source import Batches
from ..stream.summing import Streamed, needs_of_source, read_stream
from .finishing import finish
from .making import added
from .products import NeedsTwoReadings


def read_rows(
    formula: Formula,
    source: Batches,
    weights: Any,
    offset: Any,
    allow_saturated: bool,
    progress: bool | None = None,
) -> Streamed:
    """Read data in batches; see `ranef.stream.summing.read_stream`."""
    needs = needs_of_source(formula, source, weights, offset)
    try:
        sums = added(needs, source, "reading", progress=progress)
    except NeedsTwoReadings as reason:
        found = read_stream(needs, source, allow_saturated, progress)
        return replace(found, reading=f"read {3 if needs.computed else 2} times, as {reason}")
    return replace(finish(sums, allow_saturated, needs), reading="read once")
